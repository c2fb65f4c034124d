import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { NetCounters } from './net-counters.ts';
import { traceRefused } from './trace.ts';
import type { WebSocketSettings } from './web-socket-settings.ts';

const SUBPROTOCOL = 'sip';
const MAX_HEADER_BYTES = 8192;

/** What becomes of a stream whose peer speaks HTTP. The stream's owner bounds its time. */
export type Opened = (socket: WebSocket) => void;

/**
 * Where HTTP ends and SIP begins: takes streams, answers their one HTTP request, and opens a WebSocket of the
 * subprotocol `sip` (RFC 7118 §4) for pages of the origins that may. Anything else gets a short answer and is closed.
 */
export class WebSocketDoor {
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #counters: NetCounters;
  readonly #opened = new WeakMap<Duplex, Opened>();

  /** @param maxPayload bytes of one message, all its fragments together */
  constructor(settings: WebSocketSettings, maxPayload: number, counters: NetCounters) {
    this.#origins = settings.origins && new Set(settings.origins.map((origin) => origin.toLowerCase()));
    this.#counters = counters;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      autoPong: false,
      // A message is bytes, whichever kind of frame it comes in; the parser judges them.
      skipUTF8Validation: true,
      handleProtocols: () => SUBPROTOCOL,
    });
    this.#webSockets.on('wsClientError', (_error, stream: Duplex) => {
      this.#refuse(stream, 'no WebSocket request', 400);
    });
    // Times are watched over by whoever hands the streams in.
    this.#http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: 0,
    });
    this.#http.on('request', (request: IncomingMessage) => {
      const wanted = request.method === 'GET' ? 426 : 404;
      this.#refuse(request.socket, `an HTTP request ${request.method}`, wanted);
    });
    this.#http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) =>
      this.#upgrade(request, stream, head),
    );
    this.#http.on('clientError', (error: NodeJS.ErrnoException, stream: Duplex) => {
      if (stream.destroyed || !stream.writable) stream.destroy();
      else this.#refuse(stream, error.code ?? 'no HTTP', error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400);
    });
  }

  /** Reads the request of a stream from its first byte on, and calls `opened` where it becomes a WebSocket. */
  take(stream: Duplex, opened: Opened): void {
    this.#opened.set(stream, opened);
    this.#http.emit('connection', stream);
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const opened = this.#opened.get(stream);
    if (!opened) {
      stream.destroy();
      return;
    }
    const { origin, upgrade } = request.headers;
    if (upgrade?.toLowerCase() !== 'websocket') {
      this.#refuse(stream, `an upgrade to ${upgrade}`, 426);
    } else if (this.#origins && !this.#origins.has((origin ?? '').toLowerCase())) {
      this.#refuse(stream, `the origin ${origin}`, 403);
    } else if (!offersSip(request.headers['sec-websocket-protocol'])) {
      this.#refuse(stream, 'no subprotocol sip', 400);
    } else {
      this.#webSockets.handleUpgrade(request, stream, head, (socket) => {
        this.#counters.webSocketsOpened++;
        opened(socket);
      });
    }
  }

  #refuse(stream: Duplex, reason: string, status: keyof typeof PHRASES): void {
    this.#counters.httpRequestsRefused++;
    const { remoteAddress = '', remotePort = 0 } = stream as { remoteAddress?: string; remotePort?: number };
    traceRefused(reason, 'http', remoteAddress, remotePort);
    const upgrade = status === 426 ? 'Upgrade: websocket\r\nConnection: Upgrade, close' : 'Connection: close';
    stream.on('error', () => {});
    stream.once('finish', () => stream.destroy());
    stream.end(`HTTP/1.1 ${status} ${PHRASES[status]}\r\n${upgrade}\r\nContent-Length: 0\r\n\r\n`);
  }
}

const PHRASES = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
} as const;

function offersSip(protocols: string | undefined): boolean {
  return (protocols ?? '').split(',').some((name) => name.trim() === SUBPROTOCOL);
}
