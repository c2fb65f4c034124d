import type { Flow } from '../net/flow.ts';
import type { Refusals } from '../net/refusals.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { Via } from '../wire/sip/via.ts';
import { ConnectionIndex } from './connection-index.ts';
import { InviteServer } from './invite-server.ts';
import { Lingering } from './lingering.ts';
import type { MachineContext } from './machine.ts';
import { NonInviteServer } from './non-invite-server.ts';
import { ResponseRoute, receivedVia } from './response-route.ts';
import { ServerIndex } from './server-index.ts';
import { ServerKey } from './server-key.ts';
import type { ServerMachine, ServerOwner } from './server-machine.ts';

/** What the requests of all server transactions may take together, in bytes. */
const MOST_BYTES = 256 * 1024 * 1024;

/** The server transactions, found by what their requests carry (RFC 3261 §17.2.3). */
export class ServerTable implements ServerOwner {
  readonly #context: MachineContext;
  readonly #limit: number;
  readonly #refusals: Refusals | undefined;
  readonly #machines: ServerIndex<ServerMachine>;
  readonly #connections = new ConnectionIndex();
  readonly #lingering: Lingering;
  #bytes = 0;
  /** The request that was looked for last, and its key: the next to be accepted is mostly the same one. */
  #lookedFor: SipMessage | undefined = undefined;
  #lookedForKey: ServerKey | undefined = undefined;

  /** @param refusals which must not refuse what is here */
  constructor(context: MachineContext, limit: number, refusals?: Refusals) {
    this.#context = context;
    this.#limit = limit;
    this.#refusals = refusals;
    this.#machines = new ServerIndex(context.ids.uint32());
    refusals?.keySalt.set(this.#machines.salt);
    this.#lingering = new Lingering(limit, context.counters);
  }

  /** @returns undefined where the table is full, or has that request already */
  create(message: SipMessage, via: Via, flow: Flow, forceRport: boolean): ServerMachine | undefined {
    const { counters, network } = this.#context;
    const key = this.#key(message, via);
    if (this.#machines.find(key)) return undefined;
    const size = message.bytes.length;
    if (this.#machines.size >= this.#limit || this.#bytes + size > MOST_BYTES) {
      counters.dropped++;
      return undefined;
    }
    const topVia = receivedVia(via, flow, forceRport);
    const route = new ResponseRoute(network, flow, via, forceRport);
    counters.uasTransactions++;
    counters.inUse++;
    this.#bytes += size;
    if (message.method === 'INVITE') {
      const machine = new InviteServer(this.#context, this, 'proceeding', key, message, flow, topVia, route);
      this.#machines.add(machine);
      this.#refusals?.know(machine.keyHash);
      this.#connections.add(flow, machine);
      machine.start();
      return machine;
    }
    const machine = new NonInviteServer(this.#context, this, 'trying', key, message, flow, topVia, route);
    this.#machines.add(machine);
    machine.start();
    return machine;
  }

  /** The transaction of which the request is a retransmission. */
  find(message: SipMessage, via: Via): ServerMachine | undefined {
    return this.#machines.find(this.#key(message, via));
  }

  /**
   * The transaction that an ACK or a CANCEL names.
   * @param message undefined where the branch is unique by itself
   */
  findInvite(message: SipMessage | undefined, via: Via): InviteServer | undefined {
    const machine = this.#machines.find(new ServerKey(message, via, 'INVITE'));
    return machine instanceof InviteServer ? machine : undefined;
  }

  answered(machine: ServerMachine): void {
    this.#lingering.add(machine);
  }

  released(machine: ServerMachine): void {
    this.#lingering.remove(machine);
    this.#context.counters.inUse--;
    this.#machines.remove(machine);
    this.#bytes -= machine.size;
    if (!(machine instanceof InviteServer)) return;
    this.#refusals?.forget(machine.keyHash);
    this.#connections.remove(machine.flow, machine);
  }

  connectionLost(flow: Flow, reason: string): void {
    this.#connections.lost(flow, reason);
  }

  close(): void {
    for (const machine of this.#machines.all()) machine.forget();
  }

  #key(message: SipMessage, via: Via): ServerKey {
    if (this.#lookedFor !== message || this.#lookedForKey === undefined) {
      this.#lookedFor = message;
      this.#lookedForKey = new ServerKey(message, via, message.method);
    }
    return this.#lookedForKey;
  }
}
