import type { Flow } from '../net/flow.ts';

/** A transaction that wants to know when its connection breaks. */
export interface ConnectionUser {
  connectionLost(reason: string): void;
}

/** The transactions of each connection, so that a broken one is told to them alone. Datagrams are not kept. */
export class ConnectionIndex {
  readonly #byConnection = new Map<number, Set<ConnectionUser>>();

  add(flow: Flow, user: ConnectionUser): void {
    if (flow.connectionId === 0) return;
    const users = this.#byConnection.get(flow.connectionId);
    if (users) users.add(user);
    else this.#byConnection.set(flow.connectionId, new Set([user]));
  }

  remove(flow: Flow, user: ConnectionUser): void {
    if (flow.connectionId === 0) return;
    const users = this.#byConnection.get(flow.connectionId);
    if (users?.delete(user) && users.size === 0) this.#byConnection.delete(flow.connectionId);
  }

  lost(flow: Flow, reason: string): void {
    const users = this.#byConnection.get(flow.connectionId);
    if (!users) return;
    this.#byConnection.delete(flow.connectionId);
    for (const user of users) user.connectionLost(reason);
  }
}
