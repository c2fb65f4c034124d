import type { IdSource } from '../../../../base/ids.ts';
import type { ServerTransaction } from '../../../../transaction/server-transaction.ts';
import type { TransactionCounters } from '../../../../transaction/transaction-counters.ts';

/** What tm was told, and what it keeps. */
export interface TmState {
  readonly frTimeoutMs: number;
  readonly frInvTimeoutMs: number;
  readonly restart: boolean;
  readonly autoTrying: boolean;
  readonly counters: TransactionCounters;
  idOf(transaction: ServerTransaction): string;
}

/** Names transactions when somebody asks for it. */
export function transactionNames(ids: IdSource): (transaction: ServerTransaction) => string {
  const names = new WeakMap<ServerTransaction, string>();
  return (transaction) => {
    let name = names.get(transaction);
    if (name === undefined) {
      name = ids.uint32().toString(16) + ids.uint32().toString(16);
      names.set(transaction, name);
    }
    return name;
  };
}
