import type { Clock } from '../../base/clock.ts';
import { RtpproxyError } from '../../wire/rtpproxy/error-code.ts';
import { LONGEST_COOKIE, parseFrame, printReplyFrame } from '../../wire/rtpproxy/frame.ts';
import { printError } from '../../wire/rtpproxy/reply.ts';
import { type Execute, whenAnswered } from './command-source.ts';
import { CookieCache } from './cookie-cache.ts';
import type { DoorCounters } from './door-counters.ts';

/** Where a datagram came from. */
export interface DatagramSource {
  readonly address: string;
  readonly port: number;
}

/** Commands in datagrams: a cookie marks what is sent again. */
export class DatagramExchange {
  readonly #execute: Execute;
  readonly #send: (bytes: Buffer, to: DatagramSource) => void;
  readonly #counters: DoorCounters;
  readonly #cache: CookieCache;

  constructor(
    execute: Execute,
    send: (bytes: Buffer, to: DatagramSource) => void,
    options: { readonly clock: Clock; readonly counters: DoorCounters; readonly remember?: number },
  ) {
    this.#execute = execute;
    this.#send = send;
    this.#counters = options.counters;
    this.#cache = new CookieCache(options.clock, options.remember);
  }

  receive(datagram: Buffer, source: DatagramSource): void {
    const frame = parseFrame(datagram);
    if (!frame) {
      this.#refuse(datagram, source);
      return;
    }
    const { cookie, text } = frame;
    // Cookies are numbers that somebody else may use as well; the port is left out, for NATs change it.
    const key = `${source.address} ${cookie}`;
    const before = this.#cache.find(key);
    if (before) {
      this.#counters.repeated++;
      if (before.answer !== undefined) this.#answer(cookie, before.answer, source);
      return;
    }
    const exchange = this.#cache.begin(key);
    this.#counters.forgotten = this.#cache.forgotten;
    whenAnswered(this.#execute(text, { address: source.address }), (answer) => {
      exchange.answer = answer;
      this.#answer(cookie, answer, source);
    });
  }

  #answer(cookie: string, text: string, to: DatagramSource): void {
    this.#send(printReplyFrame({ cookie, text }), to);
  }

  /** What has one word takes it for a cookie, as rtpproxy does, so that the sender finds out. */
  #refuse(datagram: Buffer, source: DatagramSource): void {
    this.#counters.malformed++;
    const [word = ''] = datagram
      .toString('latin1', 0, LONGEST_COOKIE + 1)
      .trim()
      .split(/\s/, 1);
    const text = printError(RtpproxyError.Syntax);
    if (word === '' || word.length > LONGEST_COOKIE) this.#send(Buffer.from(`${text}\n`), source);
    else this.#answer(word, text, source);
  }
}
