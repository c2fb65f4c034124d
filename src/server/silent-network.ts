import { BoundListener } from '../net/bound-listener.ts';
import type { Flow } from '../net/flow.ts';
import type { Listener } from '../net/listener.ts';
import type { Lookup, NameServer } from '../net/name-server.ts';
import type { Destination, Network } from '../net/network.ts';
import { isReliable } from '../net/transport-name.ts';

/** A message that would have left. */
export interface Unsent {
  readonly from: Listener;
  readonly to: Destination;
  readonly bytes: Buffer;
}

/** Sockets that are never opened: what would be sent is written down. */
export class SilentNetwork implements Network {
  readonly listeners: readonly BoundListener[];
  readonly unsent: Unsent[] = [];
  readonly #flows = new Map<string, Flow>();

  constructor(listeners: readonly Listener[]) {
    this.listeners = listeners.map((it) => new BoundListener(it, it.port));
  }

  flowTo(listener: Listener, destination: Destination): Flow {
    const { transport, address, port } = destination;
    const name = `${listener.name} ${transport} ${address} ${port}`;
    const known = this.#flows.get(name);
    if (known) return known;
    const { unsent } = this;
    const flow: Flow = {
      listener,
      transport,
      remoteAddress: address,
      remotePort: port,
      connectionId: isReliable(transport) ? this.#flows.size + 1 : 0,
      send: (bytes) => {
        unsent.push({ from: listener, to: destination, bytes: Buffer.from(bytes) });
        return true;
      },
    };
    this.#flows.set(name, flow);
    return flow;
  }

  connection(id: number): Flow | undefined {
    return [...this.#flows.values()].find(({ connectionId }) => connectionId === id);
  }
}

/** A name server that is asked and never answers; it remembers for what. */
export class SilentNames implements NameServer {
  readonly asked: Set<string> = new Set();

  #ask(name: string): Promise<Lookup<never>> {
    this.asked.add(name);
    return Promise.resolve({ ok: false, reason: 'names are not looked up in a dry run' });
  }

  a(host: string): Promise<Lookup<never>> {
    return this.#ask(host);
  }

  aaaa(host: string): Promise<Lookup<never>> {
    return this.#ask(host);
  }

  srv(name: string): Promise<Lookup<never>> {
    return this.#ask(name);
  }

  naptr(host: string): Promise<Lookup<never>> {
    return this.#ask(host);
  }

  local(): readonly string[] {
    return [];
  }

  system(host: string): Promise<Lookup<never>> {
    return this.#ask(host);
  }
}
