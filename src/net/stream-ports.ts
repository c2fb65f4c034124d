import { isDeepStrictEqual } from 'node:util';
import type { Clock, TimerHandle } from '../base/clock.ts';
import { ServerError } from '../base/errors.ts';
import { BoundListener } from './bound-listener.ts';
import { dialTcp, dialTls } from './dial.ts';
import type { Endpoint } from './endpoint.ts';
import type { Flow } from './flow.ts';
import type { Listener } from './listener.ts';
import type { Dial } from './stream-connection.ts';
import { StreamPort, type StreamPortOptions } from './stream-port.ts';
import type { CertificateState } from './tls-contexts.ts';
import { isSecure } from './transport-name.ts';

/** How often certificate files are looked at: a mount or a link may be replaced, of which no system tells. */
const CERTIFICATE_CHECK_MS = 10_000;

/** The TCP sockets that listen. Listeners of SIP and of WebSocket that name the same address and port share one. */
export class StreamPorts {
  readonly #options: StreamPortOptions;
  readonly #clock: Clock;
  readonly #ports = new Map<string, StreamPort>();
  #check: TimerHandle | undefined;

  constructor(options: StreamPortOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get certificates(): readonly CertificateState[] {
    const all = [...this.#ports.values()].flatMap((port) => port.contexts?.certificates ?? []);
    return [...new Map(all.map((certificate) => [certificate.file, certificate])).values()];
  }

  /** Rejects with the system's error, or ServerError NET_BAD_CERTIFICATE or NET_LISTEN_FAILED. */
  async open(asked: Listener): Promise<Endpoint> {
    const secure = isSecure(asked.transport);
    const shared = this.#ports.get(portKey(asked, asked.port, secure));
    if (shared?.contexts && asked.tls && !isDeepStrictEqual(shared.contexts.settings, asked.tls)) {
      throw new ServerError('NET_LISTEN_FAILED', `${asked.name} shares its port, but not its certificates`, {
        hint: 'give tls: and wss: of one address and port the same tls settings',
      });
    }
    const port = shared ?? (await StreamPort.open(asked, secure, this.#options));
    const listener = new BoundListener(asked, port.port);
    const key = portKey(asked, port.port, secure);
    port.serve(listener);
    this.#ports.set(key, port);
    if (secure) this.#check ??= this.#checkLater();
    return {
      listener,
      flowTo: (address, remotePort, domain) => this.#flowTo(port, listener, address, remotePort, domain),
      close: async () => {
        port.leave(listener);
        if (port.inUse) return;
        this.#ports.delete(key);
        await port.close();
        if (this.#ports.size === 0) this.#stopChecking();
      },
    };
  }

  /** Reads certificate files that have changed; what is wrong with them is logged and counted. */
  reloadCertificates(): void {
    for (const port of this.#ports.values()) port.reloadCertificates();
  }

  #flowTo(
    from: StreamPort,
    listener: BoundListener,
    address: string,
    port: number,
    domain: string | undefined,
  ): Flow | undefined {
    const { connections } = this.#options;
    const proven = from.contexts?.clientFor(domain, address, port).verify ? domain : undefined;
    const open = connections.openTo(listener, address, port, proven);
    if (open) return open;
    const dial = this.#dial(from, listener, address, port, domain);
    return dial && connections.dial(listener, address, port, dial, proven);
  }

  /** @returns undefined for WebSocket: browsers cannot be connected to (RFC 7118 §5) */
  #dial(
    from: StreamPort,
    listener: BoundListener,
    address: string,
    port: number,
    domain: string | undefined,
  ): Dial | undefined {
    if (listener.transport === 'tcp') return (connected) => dialTcp(listener, address, port, connected);
    if (listener.transport !== 'tls') return undefined;
    const { context, verify: wanted } = from.contexts!.clientFor(domain, address, port);
    const { counters } = this.#options.connections;
    // A request that comes in again needs no proof that we are ourselves.
    const own = this.#ports.has(portKey({ address }, port, true));
    const verify = wanted && !own;
    const identity = domain ?? address;
    return (connected) =>
      dialTls(listener, address, port, { context, counters, identity, verify }, connected);
  }

  #checkLater(): TimerHandle {
    return this.#clock.setTimer(CERTIFICATE_CHECK_MS, () => {
      this.reloadCertificates();
      this.#check = this.#checkLater();
    });
  }

  #stopChecking(): void {
    this.#check?.cancel();
    this.#check = undefined;
  }
}

function portKey({ address }: { readonly address: string }, port: number, secure: boolean): string {
  return `${secure ? 'tls' : 'tcp'} ${address} ${port}`;
}
