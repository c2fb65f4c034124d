import type { Flow } from '../net/flow.ts';
import { BRANCH_COOKIE_LENGTH, branchIndex, formatBranch } from './branch.ts';
import type { ClientMachine, ClientOwner } from './client-machine.ts';
import type { ClientTransactionUser } from './client-transaction.ts';
import { ConnectionIndex } from './connection-index.ts';
import { InviteClient } from './invite-client.ts';
import type { MachineContext } from './machine.ts';
import { NonInviteClient } from './non-invite-client.ts';

/** The client transactions, found by the index in their branch. */
export class ClientTable implements ClientOwner {
  readonly #context: MachineContext;
  readonly #limit: number;
  readonly #slots: (ClientMachine | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #connections = new ConnectionIndex();

  constructor(context: MachineContext, limit: number) {
    this.#context = context;
    this.#limit = limit;
  }

  /** @returns undefined where the table is full */
  create(
    method: string,
    user: ClientTransactionUser,
    suffix: string | undefined,
  ): InviteClient | NonInviteClient | undefined {
    const { counters, ids } = this.#context;
    const index = this.#free.pop() ?? this.#slots.length;
    if (index >= this.#limit) {
      counters.dropped++;
      return undefined;
    }
    const branch = formatBranch(index, ids.token(BRANCH_COOKIE_LENGTH), suffix);
    const machine =
      method === 'INVITE'
        ? new InviteClient(this.#context, this, index, branch, method, user)
        : new NonInviteClient(this.#context, this, index, branch, method, user);
    this.#slots[index] = machine;
    counters.uacTransactions++;
    counters.clientsInUse++;
    return machine;
  }

  /** @returns the transaction with exactly that branch: the random part proves that the answer saw the request */
  find(branch: string): ClientMachine | undefined {
    const index = branchIndex(branch);
    const machine = index < 0 ? undefined : this.#slots[index];
    return machine?.branch === branch ? machine : undefined;
  }

  sent(machine: ClientMachine, flow: Flow): void {
    this.#connections.add(flow, machine);
  }

  released(machine: ClientMachine): void {
    this.#slots[machine.index] = undefined;
    this.#free.push(machine.index);
    this.#context.counters.clientsInUse--;
    if (machine.flow) this.#connections.remove(machine.flow, machine);
  }

  connectionLost(flow: Flow, reason: string): void {
    this.#connections.lost(flow, reason);
  }

  close(): void {
    for (const machine of this.#slots) machine?.terminate();
  }
}
