import type { Flow } from '../flow.ts';
import type { Listener } from '../listener.ts';
import type { TransportName } from '../transport-name.ts';
import type { ConnectionNote } from './note.ts';

/** What a flow needs of the way to the worker that has its connection. */
export interface RemoteOwner {
  /** @returns false where there is no room */
  send(flow: RemoteFlow, bytes: Buffer): boolean;
  watchOver(flow: RemoteFlow, how: 'hear-within' | 'may-idle', ms: number): void;
}

/** A connection of another worker, as it looks from here. */
export class RemoteFlow implements Flow {
  readonly listener: Listener;
  readonly transport: TransportName;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly connectionId: number;
  readonly peerDomains: readonly string[] | undefined;
  readonly callsBack: boolean | undefined;
  /** Which worker has the connection. */
  readonly worker: number;
  readonly #owner: RemoteOwner;
  /** Whether the connection is no more. */
  closed = false;

  constructor(note: ConnectionNote, worker: number, listener: Listener, owner: RemoteOwner) {
    this.listener = listener;
    this.transport = note.transport;
    this.remoteAddress = note.remoteAddress;
    this.remotePort = note.remotePort;
    this.connectionId = note.id;
    this.peerDomains = note.peerDomains;
    this.callsBack = note.callsBack;
    this.worker = worker;
    this.#owner = owner;
  }

  /** True means that the bytes are on their way: where the connection cannot take them, the flow fails later. */
  send(bytes: Buffer): boolean {
    return !this.closed && this.#owner.send(this, bytes);
  }

  hearWithin(ms: number): void {
    if (!this.closed) this.#owner.watchOver(this, 'hear-within', ms);
  }

  mayIdle(ms: number): void {
    if (!this.closed) this.#owner.watchOver(this, 'may-idle', ms);
  }
}
