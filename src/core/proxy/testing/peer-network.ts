import type { Flow } from '../../../net/flow.ts';
import { type Listener, listenerName } from '../../../net/listener.ts';
import type { Destination, Network } from '../../../net/network.ts';
import { isReliable, type TransportName } from '../../../net/transport-name.ts';

/** One message that left, as a byte string. */
export interface Sent {
  readonly from: Listener;
  readonly to: Destination;
  readonly text: string;
}

class PeerFlow implements Flow {
  readonly listener: Listener;
  readonly transport: TransportName;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly connectionId: number;
  readonly #network: PeerNetwork;

  constructor(network: PeerNetwork, listener: Listener, to: Destination, connectionId: number) {
    this.#network = network;
    this.listener = listener;
    this.transport = listener.transport;
    this.remoteAddress = to.address;
    this.remotePort = to.port;
    this.connectionId = connectionId;
  }

  send(bytes: Buffer): boolean {
    const { listener, transport, remoteAddress: address, remotePort: port } = this;
    return this.#network.take({
      from: listener,
      to: { transport, address, port },
      text: bytes.toString('latin1'),
    });
  }
}

/** Sockets that write down what each of them sends to whom; what is sent to one of them comes in again. */
export class PeerNetwork implements Network {
  readonly listeners: readonly Listener[];
  /** Everything sent, in order. */
  readonly sent: Sent[] = [];
  /** Addresses that refuse what is sent to them. */
  readonly unreachable: Set<string> = new Set();
  /** Whether {@link flowTo} finds no room for another connection. */
  full = false;
  /** Takes what is sent to peers. */
  deliver: (sent: Sent) => void = () => {};
  /** Takes what one socket sends to another. */
  receive: (bytes: Buffer, flow: Flow) => void = () => {};
  readonly #flows = new Map<string, PeerFlow>();
  readonly #looped: (() => void)[] = [];
  #connections = 0;

  constructor(listeners: readonly Listener[]) {
    this.listeners = listeners;
  }

  flowTo(listener: Listener, to: Destination): Flow | undefined {
    const key = `${listener.name} ${to.address} ${to.port}`;
    const known = this.#flows.get(key);
    if (known) return known;
    if (this.full) return undefined;
    const flow = new PeerFlow(this, listener, to, isReliable(listener.transport) ? ++this.#connections : 0);
    this.#flows.set(key, flow);
    return flow;
  }

  connection(id: number): Flow | undefined {
    for (const flow of this.#flows.values()) if (flow.connectionId === id) return flow;
    return undefined;
  }

  /** Closes the connection of a peer, in good order. */
  hangUp(address: string, port: number): void {
    for (const [key, { connectionId, remoteAddress, remotePort }] of this.#flows) {
      if (connectionId > 0 && remoteAddress === address && remotePort === port) this.#flows.delete(key);
    }
  }

  listener(name: string): Listener {
    const found = this.listeners.find((it) => it.name === name);
    if (!found) throw new Error(`no listener ${name}`);
    return found;
  }

  take(sent: Sent): boolean {
    if (this.unreachable.has(sent.to.address)) return false;
    this.sent.push(sent);
    const { from, to } = sent;
    const looped = this.listeners.find(
      (it) => it.transport === to.transport && it.address === to.address && it.port === to.port,
    );
    if (!looped) {
      this.deliver(sent);
      return true;
    }
    const source = { transport: from.transport, address: from.address, port: from.port };
    this.#looped.push(() => this.receive(Buffer.from(sent.text, 'latin1'), this.flowTo(looped, source)!));
    return true;
  }

  /** Delivers what the sockets have sent to each other. */
  drain(): void {
    for (let next = this.#looped.shift(); next; next = this.#looped.shift()) next();
  }
}

/** A listener from `udp:10.0.0.34:5060 as 99.88.44.33:5060`; IPv6 in brackets. */
export function listener(text: string): Listener {
  const [bound, as] = text.split(' as ');
  const colon = bound!.indexOf(':');
  const transport = bound!.slice(0, colon) as TransportName;
  const { host: address, port } = hostPort(bound!.slice(colon + 1));
  const advertised = as === undefined ? undefined : hostPort(as);
  const family = address.includes(':') ? 6 : 4;
  const name = listenerName(transport, address, port!);
  return { name, transport, address, port: port!, family, advertised };
}

function hostPort(text: string): { host: string; port?: number } {
  const close = text.indexOf(']');
  const colon = text.indexOf(':', close + 1);
  const host = text.slice(close < 0 ? 0 : 1, close < 0 ? (colon < 0 ? text.length : colon) : close);
  return colon < 0 ? { host } : { host, port: Number(text.slice(colon + 1)) };
}
