import type { Socket } from 'jssip';

const PING = '\r\n\r\n';
const PONG = '\r\n';
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 8_000;

/** One SIP message that passed. */
export interface Passed {
  readonly at: Date;
  readonly sent: boolean;
  readonly text: string;
}

/**
 * The WebSocket (RFC 7118) under JsSIP. It differs from JsSIP's own in that it notices a network that is gone (the
 * browser says so, or the server stays silent on a keep-alive), and that it can be told to connect now.
 */
export class SipSocket implements Socket {
  via_transport: string;
  readonly url: string;
  readonly sip_uri: string;
  /** Called with every message, for those who like to read. */
  readonly #passed: (message: Passed) => void;
  readonly #decoder: TextDecoder = new TextDecoder();
  #socket: WebSocket | undefined;
  #wanted = false;
  #pingTimer = 0;
  #pongTimer = 0;
  #pongs = false;

  // JsSIP sets these.
  onconnect = (): void => {};
  ondisconnect = (_error: boolean, _code?: number, _reason?: string): void => {};
  ondata = (_data: unknown): void => {};

  constructor(url: string, passed: (message: Passed) => void) {
    const { protocol, host } = new URL(url);
    this.url = url;
    this.via_transport = protocol === 'wss:' ? 'WSS' : 'WS';
    this.sip_uri = `sip:${host};transport=ws`;
    this.#passed = passed;
    addEventListener('offline', () => this.#lost('the network is gone'));
    addEventListener('online', () => this.retry());
  }

  connect(): void {
    this.#wanted = true;
    if (this.#socket !== undefined) return;
    const socket = new WebSocket(this.url, 'sip');
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.addEventListener('open', () => this.#socket === socket && this.#opened());
    socket.addEventListener('message', ({ data }) => this.#socket === socket && this.#heard(data));
    socket.addEventListener('close', ({ wasClean, code, reason }) => {
      if (this.#socket === socket) this.#gone(!wasClean, code, reason);
    });
  }

  disconnect(): void {
    this.#wanted = false;
    this.#release()?.close();
  }

  send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
    if (this.#socket === undefined || !this.isConnected()) return false;
    this.#socket.send(message as string);
    this.#passed({ at: new Date(), sent: true, text: String(message) });
    return true;
  }

  isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.#socket?.readyState === WebSocket.CONNECTING;
  }

  /** Connects at once where it would otherwise wait a while before it tries again. */
  retry(): void {
    if (this.#wanted) this.connect();
  }

  #opened(): void {
    this.#pingTimer = window.setInterval(() => this.#ping(), PING_EVERY_MS);
    this.onconnect();
  }

  /** Browsers cannot send Ping frames, so the keep-alive is that of RFC 5626 §3.5.1. */
  #ping(): void {
    if (!this.isConnected()) return;
    this.#socket?.send(PING);
    // A server that has never answered one does not know it; its silence says nothing.
    if (this.#pongs) this.#pongTimer ||= window.setTimeout(() => this.#lost('no answer'), PONG_WITHIN_MS);
  }

  #heard(data: string | ArrayBuffer): void {
    clearTimeout(this.#pongTimer);
    this.#pongTimer = 0;
    const text = typeof data === 'string' ? data : this.#decoder.decode(data);
    if (text === PONG) this.#pongs = true;
    else if (text !== PING) this.#passed({ at: new Date(), sent: false, text });
    this.ondata(text);
  }

  /** A connection that is dead need not know it: closing it may take the browser minutes. */
  #lost(reason: string): void {
    if (this.#socket === undefined) return;
    this.#socket.close();
    this.#gone(true, 1006, reason);
  }

  #gone(error: boolean, code: number, reason: string): void {
    this.#release();
    this.ondisconnect(error, code, reason);
  }

  #release(): WebSocket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    this.#pongTimer = 0;
    return socket;
  }
}
