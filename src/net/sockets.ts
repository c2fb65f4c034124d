import { channels, logLine } from '../base/channels.ts';
import type { Clock } from '../base/clock.ts';
import { ServerError } from '../base/errors.ts';
import { formatHostPort, ipFamily } from '../base/ip.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { DEFAULT_FRAMER_LIMITS, type FramerLimits } from '../wire/sip/framer.ts';
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from './connection-limits.ts';
import { type ConnectionReuse, Connections } from './connections.ts';
import type { OpenDatagramIo } from './datagram-io.ts';
import { openDgramIo } from './dgram-io.ts';
import type { Endpoint } from './endpoint.ts';
import type { Flow } from './flow.ts';
import type { AddressParts, Listener } from './listener.ts';
import { type NetCounters, newNetCounters } from './net-counters.ts';
import type { Destination, Network, NetworkSink, OpenConnection } from './network.ts';
import type { Refusals } from './refusals.ts';
import { StreamPorts } from './stream-ports.ts';
import { StunResponder } from './stun-responder.ts';
import type { CertificateState } from './tls-contexts.ts';
import { UdpListener } from './udp-listener.ts';
import { DEFAULT_WEB_SOCKET, type WebSocketSettings } from './web-socket-settings.ts';
import type { WorkerPeers, WorkerPlace } from './worker-place.ts';
import { Exchange } from './workers/exchange.ts';

export interface SocketsOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits?: Partial<ConnectionLimits>;
  /** Whom the server calls back on the connections that they opened; default `authenticated`. */
  readonly reuse?: ConnectionReuse;
  readonly framing?: Partial<FramerLimits>;
  /** Size of the kernel's receive buffer of each UDP socket, in bytes. */
  readonly receiveBufferBytes?: number;
  /** Shares every port with the other processes that ask for it (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  readonly webSocket?: Partial<WebSocketSettings>;
  /** How datagram sockets are made; `node:dgram` unless given. */
  readonly openDatagrams?: OpenDatagramIo;
  /** What datagram sockets may refuse by themselves. */
  readonly refusals?: Refusals | undefined;
  /** Where this is one of several workers. They listen on the same ports. */
  readonly workers?: Workers | undefined;
}

/** The place of a worker among the others, and the way to them. */
export interface Workers {
  readonly place: WorkerPlace;
  readonly peers: WorkerPeers;
}

/** Connections that one worker may have in its life. */
const IDS_OF_LIFE = 2 ** 32;

/** All sockets of the process. */
export class Sockets implements Network, AsyncDisposable {
  readonly counters: NetCounters = newNetCounters();
  readonly #options: SocketsOptions;
  readonly #sink: NetworkSink;
  readonly #connections: Connections;
  readonly #exchange: Exchange | undefined;
  readonly #stun: StunResponder;
  readonly #ports: StreamPorts;
  readonly #endpoints = new Map<string, Endpoint>();
  #listeners: readonly Listener[] = [];

  private constructor(options: SocketsOptions, sink: NetworkSink) {
    this.#options = options;
    this.#sink = guarded(sink, this.counters);
    this.#stun = new StunResponder(options.clock, this.counters);
    const limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.limits };
    const place = options.workers?.place;
    this.#exchange = options.workers && this.#exchangeWith(options.workers, limits);
    this.#connections = new Connections(
      {
        clock: options.clock,
        wheel: options.wheel,
        limits,
        framing: { ...DEFAULT_FRAMER_LIMITS, ...options.framing },
        counters: this.counters,
        reuse: options.reuse ?? 'authenticated',
        elsewhere: this.#exchange,
        ids: place && { above: place.index + place.count * place.life * IDS_OF_LIFE, step: place.count },
      },
      this.#exchange ?? this.#sink,
    );
    const webSocket = { ...DEFAULT_WEB_SOCKET, ...options.webSocket };
    const { clock, reusePort = options.workers !== undefined } = options;
    this.#ports = new StreamPorts({ connections: this.#connections, webSocket, reusePort }, clock);
  }

  /**
   * Opens every listener, or none. A port 0 becomes the port that the system chose.
   * @throws ServerError NET_LISTEN_FAILED, which names the listener, the reason and what to do
   */
  static async open(
    listeners: readonly Listener[],
    options: SocketsOptions,
    sink: NetworkSink,
  ): Promise<Sockets> {
    const sockets = new Sockets(options, sink);
    try {
      for (const listener of listeners) await sockets.add(listener);
    } catch (error) {
      await sockets[Symbol.asyncDispose]();
      throw error;
    }
    sockets.#exchange?.join(sockets.#connections);
    return sockets;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** How many connections are open. */
  get openConnections(): number {
    return this.#connections.size;
  }

  /** The certificates of all listeners. */
  get certificates(): readonly CertificateState[] {
    return this.#ports.certificates;
  }

  /** How far the UDP sockets are behind since the last call: the most loaded one's wait, and what all of them have lost. */
  takeBacklog(): { readonly waitedMs: number | undefined; readonly lost: number } {
    let waitedMs: number | undefined;
    let lost = 0;
    for (const endpoint of this.#endpoints.values()) {
      if (!(endpoint instanceof UdpListener)) continue;
      const taken = endpoint.backlog.take();
      if (taken.waitedMs !== undefined) waitedMs = Math.max(waitedMs ?? 0, taken.waitedMs);
      lost += taken.lost;
    }
    return { waitedMs, lost };
  }

  /** Looks at once whether certificate files have changed, which else is done every ten seconds. */
  reloadCertificates(): void {
    this.#ports.reloadCertificates();
  }

  flowTo(listener: Listener, destination: Destination): Flow | undefined {
    const { transport, address, port, domain } = destination;
    if (transport !== listener.transport || ipFamily(address) !== listener.family) return undefined;
    return this.#endpoints.get(listener.name)?.flowTo(address, port, domain);
  }

  reuse(flow: Flow, port: number): void {
    this.#connections.alias(flow.connectionId, port);
  }

  connection(id: number): Flow | undefined {
    return this.#connections.flow(id);
  }

  connections(): readonly OpenConnection[] {
    return this.#connections.all;
  }

  /**
   * Opens one more listener.
   * @returns the listener with its real port
   * @throws ServerError NET_LISTEN_FAILED
   */
  async add(listener: Listener): Promise<Listener> {
    this.#refuseTwin(listener);
    const endpoint = await this.#openEndpoint(listener).catch((error: unknown) => {
      throw error instanceof ServerError ? error : listenFailed(listener, error as NodeJS.ErrnoException);
    });
    this.#endpoints.set(endpoint.listener.name, endpoint);
    this.#list();
    return endpoint.listener;
  }

  /** Closes a listener and its connections. @returns false where there is none of that name */
  async remove(name: string): Promise<boolean> {
    const endpoint = this.#endpoints.get(name);
    if (!endpoint) return false;
    this.#endpoints.delete(name);
    this.#list();
    await endpoint.close();
    return true;
  }

  /** Replaces the public address of a listener while it runs. @returns false where there is none of that name */
  advertise(name: string, advertised: AddressParts | undefined): boolean {
    const endpoint = this.#endpoints.get(name);
    if (!endpoint) return false;
    endpoint.listener.advertised = advertised;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#endpoints.keys()].map((name) => this.remove(name)));
    this.#exchange?.close();
  }

  #refuseTwin(listener: Listener): void {
    const { name, transport, address, port } = listener;
    for (const open of this.#listeners) {
      if (open.name === name) {
        throw new ServerError('NET_LISTEN_FAILED', `there are two listeners ${name}`, {
          hint: 'list each socket once, and give each a name of its own or none',
        });
      }
      if (open.transport === transport && open.address === address && open.port === port) {
        throw new ServerError('NET_LISTEN_FAILED', `${name} and ${open.name} are the same socket`, {
          hint: 'list each socket once; 0.0.0.0, [::], * and interface names stand for all their addresses',
        });
      }
    }
  }

  async #openEndpoint(listener: Listener): Promise<Endpoint> {
    if (listener.transport !== 'udp') return this.#ports.open(listener);
    const { receiveBufferBytes, reusePort, openDatagrams, refusals } = this.#options;
    const options = {
      open: openDatagrams ?? openDgramIo,
      stun: this.#stun,
      refusals,
      ...(receiveBufferBytes !== undefined && { receiveBufferBytes }),
      ...(reusePort !== undefined && { reusePort }),
    };
    return UdpListener.open(listener, options, this.#sink, this.counters);
  }

  #exchangeWith(workers: Workers, { maxConnections }: ConnectionLimits): Exchange {
    const listener = (name: string): Listener | undefined => this.#endpoints.get(name)?.listener;
    return new Exchange({ ...workers, counters: this.counters, maxConnections, listener }, this.#sink);
  }

  #list(): void {
    this.#listeners = [...this.#endpoints.values()].map((endpoint) => endpoint.listener);
  }
}

/** Keeps faults of the floor above out of the sockets' callbacks: one bad message never ends the process. */
function guarded(sink: NetworkSink, counters: NetCounters): NetworkSink {
  const caught = (error: unknown): void => {
    counters.sinkFaults++;
    if (!channels.log.hasSubscribers) return;
    logLine(
      'error',
      'net',
      `while a message was handled: ${error instanceof Error ? error.stack : String(error)}`,
    );
  };
  return {
    message(bytes, flow) {
      try {
        sink.message(bytes, flow);
      } catch (error) {
        caught(error);
      }
    },
    flowFailed(flow, reason) {
      try {
        sink.flowFailed(flow, reason);
      } catch (error) {
        caught(error);
      }
    },
    flowClosed(flow, reason) {
      try {
        sink.flowClosed?.(flow, reason);
      } catch (error) {
        caught(error);
      }
    },
  };
}

/** Says why a listener cannot be opened, and what to do. */
export function listenFailed(listener: Listener, cause: NodeJS.ErrnoException): ServerError {
  const socket = formatHostPort(listener.address, listener.port);
  const where = `${listener.transport}:${socket}`;
  const named = listener.name === where ? where : `${listener.name} (${where})`;
  return new ServerError('NET_LISTEN_FAILED', `cannot listen on ${named}: ${reasonFor(cause)}`, {
    hint: hintFor(listener, cause),
    cause,
  });
}

function reasonFor(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRINUSE':
      return 'the port is in use (EADDRINUSE)';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address (EADDRNOTAVAIL)';
    case 'EACCES':
      return 'permission denied (EACCES)';
    default:
      return cause.message;
  }
}

function hintFor(listener: Listener, cause: NodeJS.ErrnoException): string {
  const { transport, address, port } = listener;
  switch (cause.code) {
    case 'EADDRINUSE':
      return `stop the program that has it (ss -${transport === 'udp' ? 'u' : 't'}lnp sport = :${port}), or listen on another port`;
    case 'EADDRNOTAVAIL':
      return `listen on an address of this machine and print the other: ${transport}:PRIVATE:${port} as ${address}`;
    case 'EACCES':
      return 'ports below 1024 need the capability CAP_NET_BIND_SERVICE; take a higher port';
    default:
      return 'check the address and the port';
  }
}
