import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg } from './dialog-leg.ts';

/** Who is told of what messages on their way make of a dialog. */
export interface PassageOwner {
  /** Counts what observers throw. */
  readonly faults: TransactionCounters;
  /** A provisional answer of that callee is passed on. */
  early(dialog: Dialog, callee: DialogLeg): void;
  /** The first 2xx is passed on. */
  confirmed(dialog: Dialog, callee: DialogLeg): void;
}
