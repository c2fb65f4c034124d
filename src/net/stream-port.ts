import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { logLine } from '../base/channels.ts';
import { ServerError } from '../base/errors.ts';
import type { Arrival } from './arrival.ts';
import type { BoundListener } from './bound-listener.ts';
import type { Connections } from './connections.ts';
import type { Listener } from './listener.ts';
import { certificateDomains } from './server-identity.ts';
import { StreamConnection } from './stream-connection.ts';
import { TlsContexts } from './tls-contexts.ts';
import { traceRefused } from './trace.ts';
import { WebSocketConnection } from './web-socket-connection.ts';
import { WebSocketDoor } from './web-socket-door.ts';
import type { WebSocketSettings } from './web-socket-settings.ts';

const BACKLOG = 1024;
/** What a browser begins with; no SIP method is called so. */
const GET = Buffer.from('GET ', 'latin1');

export interface StreamPortOptions {
  readonly connections: Connections;
  readonly webSocket: WebSocketSettings;
  readonly reusePort: boolean;
}

/**
 * A TCP socket that listens, with TLS or without: for SIP, for WebSockets, or for both, told apart by the first bytes.
 */
export class StreamPort {
  readonly port: number;
  readonly contexts: TlsContexts | undefined;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  readonly #connections: Connections;
  readonly #webSocket: WebSocketSettings;
  /** Those that have connected and do not carry SIP yet, by address and port. */
  readonly #arrivals = new Map<string, Arrival>();
  #door: WebSocketDoor | undefined;
  #sip: BoundListener | undefined;
  #web: BoundListener | undefined;

  private constructor(server: Server, contexts: TlsContexts | undefined, options: StreamPortOptions) {
    this.port = (server.address() as AddressInfo).port;
    this.contexts = contexts;
    this.#server = server;
    this.#connections = options.connections;
    this.#webSocket = options.webSocket;
    this.#tls = contexts && this.#tlsServer(contexts);
    server.on('connection', (socket) => this.#connected(socket));
    server.on('error', (error) => logLine('error', 'net', `port ${this.port}: ${error.message}`));
  }

  /** Binds the socket and listens, or rejects with the system's error or NET_BAD_CERTIFICATE. */
  static async open(asked: Listener, secure: boolean, options: StreamPortOptions): Promise<StreamPort> {
    const contexts = secure ? new TlsContexts(settingsOf(asked)) : undefined;
    const server = createServer({ noDelay: true, keepAlive: true });
    const { address: host, port, family } = asked;
    const { reusePort } = options;
    server.listen({ host, port, backlog: BACKLOG, ipv6Only: family === 6, exclusive: true, reusePort });
    await once(server, 'listening');
    return new StreamPort(server, contexts, options);
  }

  /** Whether some listener is served. */
  get inUse(): boolean {
    return this.#sip !== undefined || this.#web !== undefined;
  }

  /** Serves a listener from now on. */
  serve(listener: BoundListener): void {
    if (listener.transport === 'ws' || listener.transport === 'wss') {
      this.#web = listener;
      const { framing, counters } = this.#connections;
      this.#door ??= new WebSocketDoor(this.#webSocket, framing.maxMessageBytes, counters);
    } else {
      this.#sip = listener;
    }
  }

  /** Serves a listener no more, and closes its connections. */
  leave(listener: BoundListener): void {
    if (this.#web === listener) this.#web = undefined;
    if (this.#sip === listener) this.#sip = undefined;
    this.#connections.closeAll(listener, 'the listener closes');
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const arrival of [...this.#arrivals.values()]) arrival.close('the listener closes');
    await closed;
  }

  /** Has hand-shakes from now on use what is in the certificate files. Open connections stay. */
  reloadCertificates(): void {
    if (!this.contexts || !this.#tls) return;
    const { counters } = this.#connections;
    const { certificate } = this.contexts.settings.certificate;
    try {
      if (!this.contexts.reload()) return;
      this.#tls.setSecureContext(this.contexts.options);
      counters.tlsCertificatesReloaded++;
      logLine('info', 'net', `port ${this.port}: new certificate from ${certificate}`);
    } catch (error) {
      counters.tlsReloadsFailed++;
      logLine('error', 'net', `port ${this.port} keeps its old certificate: ${(error as Error).message}`);
    }
  }

  #tlsServer(contexts: TlsContexts): TlsServer {
    const { clientCertificates } = contexts.settings;
    const server = createTlsServer({
      ...contexts.options,
      requestCert: clientCertificates !== 'off',
      rejectUnauthorized: clientCertificates === 'required',
      SNICallback: (name, done) => done(null, contexts.forName(name)),
    });
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#connections.counters.tlsHandshakesFailed++;
      const { remoteAddress = '', remotePort = 0 } = socket;
      traceRefused((error as NodeJS.ErrnoException).code ?? error.message, 'tls', remoteAddress, remotePort);
      socket.destroy();
    });
    return server;
  }

  #connected(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // A peer that is gone again has no address any more.
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
    } else if (this.#tls === undefined && this.#web === undefined && this.#sip !== undefined) {
      this.#connections.accept(socket, this.#sip, remoteAddress, remotePort);
    } else {
      const transport = this.#tls ? 'tls' : 'tcp';
      const arrival = this.#connections.arrive(socket, transport, remoteAddress, remotePort);
      if (!arrival) return;
      const key = arrivalKey(socket);
      this.#arrivals.set(key, arrival);
      socket.once('close', () => {
        if (this.#arrivals.get(key) === arrival) this.#arrivals.delete(key);
      });
      if (this.#tls) this.#tls.emit('connection', socket);
      else this.#welcome(socket, arrival, undefined);
    }
  }

  #secured(socket: TLSSocket): void {
    const arrival = this.#arrivals.get(arrivalKey(socket));
    if (!arrival || arrival.over) {
      socket.destroy();
      return;
    }
    const { counters } = this.#connections;
    const certificate = socket.getPeerX509Certificate();
    if (certificate && !socket.authorized) {
      counters.tlsHandshakesFailed++;
      arrival.close(`its certificate is not good: ${String(socket.authorizationError)}`);
      return;
    }
    socket.disableRenegotiation();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_TLS_RENEGOTIATION_DISABLED') counters.tlsRenegotiations++;
    });
    this.#welcome(socket, arrival, certificate && certificateDomains(certificate));
  }

  /** A stream that bytes can be read from. */
  #welcome(stream: Duplex, arrival: Arrival, peerDomains: readonly string[] | undefined): void {
    const sip = (): void => this.#acceptSip(stream, arrival, peerDomains);
    const web = (): void => this.#acceptWeb(stream, arrival, peerDomains);
    if (!this.#web) sip();
    else if (!this.#sip) web();
    else lookAhead(stream, (isGet) => (isGet ? web() : sip()));
  }

  #acceptSip(stream: Duplex, arrival: Arrival, peerDomains: readonly string[] | undefined): void {
    if (!this.#sip) {
      arrival.close('the listener closes');
      return;
    }
    arrival.become(this.#sip, peerDomains, (peer) => new StreamConnection(stream, peer, this.#connections));
  }

  #acceptWeb(stream: Duplex, arrival: Arrival, peerDomains: readonly string[] | undefined): void {
    this.#door?.take(stream, (socket) => {
      const listener = this.#web;
      if (!listener || arrival.over) {
        socket.terminate();
        return;
      }
      arrival.become(
        listener,
        peerDomains,
        (peer) => new WebSocketConnection(socket, stream, peer, this.#webSocket, this.#connections),
      );
    });
  }
}

function settingsOf(listener: Listener): NonNullable<Listener['tls']> {
  if (listener.tls) return listener.tls;
  throw new ServerError('NET_BAD_CERTIFICATE', `${listener.name} has no certificate`, {
    hint: 'give tls: { certificate: FILE, key: FILE }, or tls: { selfSigned: true } to try it out',
  });
}

function arrivalKey({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Reads as many bytes as tell whether HTTP or SIP follows, and puts them back. */
function lookAhead(stream: Duplex, decided: (isGet: boolean) => void): void {
  let held: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const known = Math.min(held.length, GET.length);
    const isGet = held.subarray(0, known).equals(GET.subarray(0, known));
    if (isGet && known < GET.length) return;
    stream.off('readable', look);
    stream.unshift(held);
    decided(isGet);
  };
  stream.on('readable', look);
}
