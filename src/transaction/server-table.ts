import type { Flow } from '../net/flow.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { Via } from '../wire/sip/via.ts';
import { ConnectionIndex } from './connection-index.ts';
import { InviteServer } from './invite-server.ts';
import type { MachineContext } from './machine.ts';
import { NonInviteServer } from './non-invite-server.ts';
import { ResponseRoute, receivedVia } from './response-route.ts';
import { serverKey } from './server-key.ts';
import type { ServerMachine, ServerOwner } from './server-machine.ts';

/** The server transactions, found by what their requests carry (RFC 3261 §17.2.3). */
export class ServerTable implements ServerOwner {
  readonly #context: MachineContext;
  readonly #limit: number;
  readonly #invites = new Map<string, InviteServer>();
  readonly #others = new Map<string, NonInviteServer>();
  readonly #connections = new ConnectionIndex();

  constructor(context: MachineContext, limit: number) {
    this.#context = context;
    this.#limit = limit;
  }

  /** @returns undefined where the table is full, or has that request already */
  create(message: SipMessage, via: Via, flow: Flow, forceRport: boolean): ServerMachine | undefined {
    const { counters, network } = this.#context;
    const key = serverKey(message, via, message.method);
    if (this.#invites.has(key) || this.#others.has(key)) return undefined;
    if (this.#invites.size + this.#others.size >= this.#limit) {
      counters.dropped++;
      return undefined;
    }
    const topVia = receivedVia(via, flow, forceRport);
    const route = new ResponseRoute(network, flow, via, forceRport);
    counters.uasTransactions++;
    counters.inUse++;
    if (message.method === 'INVITE') {
      const machine = new InviteServer(this.#context, this, 'proceeding', key, message, flow, topVia, route);
      this.#invites.set(key, machine);
      this.#connections.add(flow, machine);
      machine.start();
      return machine;
    }
    const machine = new NonInviteServer(this.#context, this, 'trying', key, message, flow, topVia, route);
    this.#others.set(key, machine);
    machine.start();
    return machine;
  }

  /** The transaction of which the request is a retransmission. */
  find(message: SipMessage, via: Via): ServerMachine | undefined {
    if (message.method === 'INVITE') return this.findInvite(message, via);
    return this.#others.get(serverKey(message, via, message.method));
  }

  /** The transaction that an ACK or a CANCEL names. */
  findInvite(message: SipMessage, via: Via): InviteServer | undefined {
    return this.#invites.get(serverKey(message, via, 'INVITE'));
  }

  released(machine: ServerMachine): void {
    this.#context.counters.inUse--;
    if (machine instanceof InviteServer) {
      this.#invites.delete(machine.key);
      this.#connections.remove(machine.flow, machine);
    } else {
      this.#others.delete(machine.key);
    }
  }

  connectionLost(flow: Flow, reason: string): void {
    this.#connections.lost(flow, reason);
  }

  close(): void {
    for (const machine of this.#invites.values()) machine.close();
    for (const machine of this.#others.values()) machine.close();
  }
}
