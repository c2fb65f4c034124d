import { formatHostPort } from '../src/base/ip.ts';
import type { Flow } from '../src/net/flow.ts';
import type { Listener } from '../src/net/listener.ts';
import type { Destination, Network, NetworkSink } from '../src/net/network.ts';
import type { TestHost } from './test-network.ts';

type Send = ReturnType<TestHost['bind']>;

/** A server's sockets on a host of a test network: UDP alone. */
export class TestSockets implements Network, AsyncDisposable {
  readonly listeners: readonly Listener[];
  readonly #host: TestHost;
  readonly #senders = new Map<Listener, Send>();
  readonly #flows = new Map<string, Flow>();

  constructor(host: TestHost, listeners: readonly Listener[], sink: NetworkSink) {
    this.#host = host;
    this.listeners = listeners;
    for (const listener of listeners) {
      const send = host.bind(listener.port, (bytes, { address, port }) => {
        sink.message(bytes, this.#flow(listener, address, port));
      });
      this.#senders.set(listener, send);
    }
  }

  flowTo(listener: Listener, destination: Destination): Flow | undefined {
    return destination.transport === 'udp'
      ? this.#flow(listener, destination.address, destination.port)
      : undefined;
  }

  /** Datagrams have none. */
  connection(_id: number): undefined {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { port } of this.listeners) this.#host.close(port);
  }

  #flow(listener: Listener, address: string, port: number): Flow {
    const key = `${listener.name} ${formatHostPort(address, port)}`;
    let flow = this.#flows.get(key);
    if (!flow) {
      const send = this.#senders.get(listener)!;
      flow = {
        listener,
        transport: 'udp',
        remoteAddress: address,
        remotePort: port,
        connectionId: 0,
        send: (bytes) => send(bytes, { address, port }),
      };
      this.#flows.set(key, flow);
    }
    return flow;
  }
}
