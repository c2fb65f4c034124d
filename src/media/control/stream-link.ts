import { connect, type LookupFunction, type Socket } from 'node:net';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import { LineFramer } from '../../wire/rtpproxy/frame.ts';
import {
  type ControlLink,
  type FindAddress,
  type LinkAnswer,
  type LinkPatience,
  linkFailure,
} from './control-link.ts';
import { findAddress } from './find-address.ts';
import type { StreamAddress } from './node-spec.ts';

export interface StreamLinkOptions extends LinkPatience {
  readonly address: StreamAddress;
  readonly wheel: TimerWheel;
  readonly findAddress?: FindAddress | undefined;
}

const KEEP_ALIVE_MS = 30_000;

/**
 * Commands as lines on a stream: TCP and `cunix` keep one connection, `unix` opens one for each command. There is no
 * cookie, so that one command is under way at a time, and a connection on which one went unanswered is given up: its
 * answer would be taken for the next one's.
 */
export class StreamLink implements ControlLink {
  readonly window = 1;
  strays = 0;
  readonly #options: StreamLinkOptions;
  readonly #persistent: boolean;
  readonly #timer: WheelTimer;
  #socket: Socket | undefined;
  #framer = new LineFramer();
  #asked: Asked | undefined;
  #closed = false;

  constructor(options: StreamLinkOptions) {
    this.#options = options;
    this.#persistent = options.address.transport !== 'unix';
    this.#timer = new WheelTimer(() => this.#expired());
  }

  ask(text: string): Promise<LinkAnswer> {
    if (this.#closed) return Promise.resolve(linkFailure('closed', 'the link is closed'));
    if (this.#asked) return Promise.resolve(linkFailure('unreachable', 'another command is under way'));
    const { wheel, timeoutMs, tries } = this.#options;
    return new Promise((resolve) => {
      // A connection that has been idle may be dead without our knowing: then once more, on a new one.
      this.#asked = { text, resolve, again: true };
      wheel.arm(this.#timer, timeoutMs * tries);
      this.#send();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#drop();
    this.#settle(linkFailure('closed', 'the link was closed'));
  }

  #send(): void {
    let socket = this.#socket;
    if (!socket) {
      socket = this.#socket = this.#connect();
      this.#framer = new LineFramer();
      this.#listen(socket);
    }
    socket.write(`${this.#asked!.text}\n`, 'latin1');
  }

  #connect(): Socket {
    const { address, findAddress: find = findAddress } = this.#options;
    if ('path' in address) return connect({ path: address.path });
    const { host, port, family } = address;
    // One family, one address: what notifications are known by.
    const lookup: LookupFunction = (name, _options, found) => {
      void find(name, family).then((ip) =>
        ip === undefined ? found(new Error(`no address is found for ${name}`), '') : found(null, ip, family),
      );
    };
    return connect({ host, port, family, autoSelectFamily: false, lookup });
  }

  #listen(socket: Socket): void {
    let reason = 'the relay closed the connection';
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#received(chunk);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      if (socket === this.#socket) this.#lost(reason);
    });
  }

  #received(chunk: Buffer): void {
    const lines = this.#framer.push(chunk);
    const [line] = lines;
    if (line !== undefined && this.#asked) {
      this.strays += lines.length - 1;
      // What came unasked is nobody's, and what comes behind it would be the wrong answer.
      if (!this.#persistent || lines.length > 1) this.#drop();
      this.#settle({ ok: true, text: line });
    } else if (this.#framer.overflow || line !== undefined) {
      this.strays += lines.length;
      this.#drop();
      this.#settle(linkFailure('unreachable', 'the relay sent what is no answer'));
    }
  }

  #lost(reason: string): void {
    const { rest } = this.#framer;
    this.#socket = undefined;
    if (!this.#asked) return;
    if (rest !== '') this.#settle({ ok: true, text: rest });
    else if (this.#asked.again) {
      this.#asked.again = false;
      this.#send();
    } else this.#settle(linkFailure('unreachable', reason));
  }

  #expired(): void {
    const { timeoutMs, tries } = this.#options;
    this.#drop();
    this.#settle(linkFailure('timeout', `no answer in ${timeoutMs * tries} ms`));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #settle(answer: LinkAnswer): void {
    const asked = this.#asked;
    if (!asked) return;
    this.#asked = undefined;
    this.#options.wheel.cancel(this.#timer);
    asked.resolve(answer);
  }
}

interface Asked {
  readonly text: string;
  readonly resolve: (answer: LinkAnswer) => void;
  /** Whether it may be sent a second time. */
  again: boolean;
}
