import type { Flow } from '../net/flow.ts';
import type { WorkerPlace } from '../net/worker-place.ts';
import {
  BRANCH_COOKIE_LENGTH,
  BRANCH_INDEXES,
  branchIndex,
  formatBranch,
  INDEXES_OF_WORKER,
} from './branch.ts';
import type { ClientMachine, ClientOwner } from './client-machine.ts';
import type { ClientTransactionUser } from './client-transaction.ts';
import { ConnectionIndex } from './connection-index.ts';
import { InviteClient } from './invite-client.ts';
import { Lingering } from './lingering.ts';
import type { MachineContext } from './machine.ts';
import { NonInviteClient } from './non-invite-client.ts';

/** The client transactions, found by the index in their branch. */
export class ClientTable implements ClientOwner {
  readonly #context: MachineContext;
  readonly #limit: number;
  /** The index of the first slot. */
  readonly #first: number;
  readonly #slots: (ClientMachine | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #connections = new ConnectionIndex();
  readonly #lingering: Lingering;

  /** @param place which of several workers this is */
  constructor(context: MachineContext, limit: number, place?: WorkerPlace) {
    this.#context = context;
    this.#limit = Math.min(limit, place ? INDEXES_OF_WORKER : BRANCH_INDEXES);
    this.#first = (place?.index ?? 0) * INDEXES_OF_WORKER;
    this.#lingering = new Lingering(this.#limit, context.counters);
  }

  /** @returns undefined where the table is full */
  create(
    method: string,
    user: ClientTransactionUser,
    suffix: string | undefined,
  ): InviteClient | NonInviteClient | undefined {
    const { counters, ids } = this.#context;
    const slot = this.#free.pop() ?? this.#slots.length;
    if (slot >= this.#limit) {
      counters.dropped++;
      return undefined;
    }
    const index = this.#first + slot;
    const branch = formatBranch(index, ids.token(BRANCH_COOKIE_LENGTH), suffix);
    const machine =
      method === 'INVITE'
        ? new InviteClient(this.#context, this, index, branch, method, user)
        : new NonInviteClient(this.#context, this, index, branch, method, user);
    this.#slots[slot] = machine;
    counters.uacTransactions++;
    counters.clientsInUse++;
    return machine;
  }

  /** @returns the transaction with exactly that branch: the random part proves that the answer saw the request */
  find(branch: string): ClientMachine | undefined {
    const index = branchIndex(branch);
    const machine = index < this.#first ? undefined : this.#slots[index - this.#first];
    return machine?.branch === branch ? machine : undefined;
  }

  sent(machine: ClientMachine, flow: Flow): void {
    this.#connections.add(flow, machine);
  }

  answered(machine: ClientMachine): void {
    this.#lingering.add(machine);
  }

  released(machine: ClientMachine): void {
    this.#lingering.remove(machine);
    const slot = machine.index - this.#first;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
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
