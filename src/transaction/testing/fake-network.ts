import { formatHostPort } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import { type Listener, listenerName } from '../../net/listener.ts';
import type { Destination, Network } from '../../net/network.ts';
import { isReliable, type TransportName } from '../../net/transport-name.ts';

/** A flow that keeps what is sent on it. */
export class FakeFlow implements Flow {
  readonly listener: Listener;
  readonly transport: TransportName;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly connectionId: number;
  /** Everything sent, as byte strings. */
  readonly sent: string[] = [];
  /** False makes every further send fail. */
  open = true;

  constructor(listener: Listener, destination: Destination, connectionId: number) {
    this.listener = listener;
    this.transport = listener.transport;
    this.remoteAddress = destination.address;
    this.remotePort = destination.port;
    this.connectionId = connectionId;
  }

  send(bytes: Buffer): boolean {
    if (this.open) this.sent.push(bytes.toString('latin1'));
    return this.open;
  }

  /** The first lines of what was sent. */
  get startLines(): string[] {
    return this.sent.map((text) => text.slice(0, text.indexOf('\r\n')));
  }
}

/** One listener, 10.0.0.34:5060, and the flows that were asked of it. */
export class FakeNetwork implements Network {
  readonly listener: Listener;
  readonly listeners: readonly Listener[];
  readonly flows: Map<string, FakeFlow> = new Map();
  /** True makes {@link flowTo} find its table full. */
  full = false;
  #connections = 0;

  constructor(transport: TransportName) {
    const address = '10.0.0.34';
    const port = 5060;
    const name = listenerName(transport, address, port);
    this.listener = { name, transport, address, port, family: 4, advertised: undefined };
    this.listeners = [this.listener];
  }

  flowTo(listener: Listener, destination: Destination): FakeFlow | undefined {
    if (this.full) return undefined;
    const key = formatHostPort(destination.address, destination.port);
    const known = this.flows.get(key);
    if (known?.open) return known;
    const id = isReliable(listener.transport) ? ++this.#connections : 0;
    const flow = new FakeFlow(listener, destination, id);
    this.flows.set(key, flow);
    return flow;
  }

  connection(id: number): FakeFlow | undefined {
    for (const flow of this.flows.values()) if (flow.open && flow.connectionId === id) return flow;
    return undefined;
  }

  /** The flow of a peer at that address, made where there is none. */
  peer(address: string, port: number): FakeFlow {
    return this.flowTo(this.listener, { transport: this.listener.transport, address, port })!;
  }
}
