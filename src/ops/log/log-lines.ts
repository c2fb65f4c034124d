import { channels } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { LogLevel } from '../config/server-config.ts';

/** Lines about refused messages per second: whoever floods the server shall not fill its disk. */
const REFUSED_PER_SECOND = 10;
const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Takes one line of the log. */
export type WriteLine = (level: LogLevel, fields: object, text: string) => void;

interface LogEvent {
  readonly level: LogLevel;
  readonly area: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

type Subscription = readonly [(typeof channels)[keyof typeof channels], (message: unknown) => void];

/** What the floors below publish in this thread, as lines of the log: those of a level, and those above it. */
export class LogLines implements Disposable {
  readonly #write: WriteLine;
  readonly #refusals: TokenBucket;
  readonly #lines: readonly Subscription[];
  /** Subscribed to at level `debug` alone: whoever publishes makes an object for it. */
  readonly #details: readonly Subscription[];
  #least: number;
  #detailed = false;
  /** Refused messages that were not logged one by one. */
  refusalsSkipped = 0;

  constructor(level: LogLevel, clock: Clock, write: WriteLine) {
    this.#write = write;
    this.#least = RANK[level];
    this.#refusals = new TokenBucket(clock, REFUSED_PER_SECOND, REFUSED_PER_SECOND * 5);
    this.#lines = [
      [channels.log, (message) => this.#line(message as LogEvent)],
      [channels.refused, (message) => this.#refused(message as object)],
    ];
    this.#details = [
      [channels.connection, (message) => this.#detail('net', 'connection', message as object)],
      [channels.binding, (message) => this.#detail('registrar', 'binding', message as object)],
      [channels.transaction, (message) => this.#detail('transaction', 'transaction', message as object)],
    ];
    subscribe(this.#lines, true);
    this.setLevel(level);
  }

  setLevel(level: LogLevel): void {
    this.#least = RANK[level];
    this.#setDetailed(level === 'debug');
  }

  [Symbol.dispose](): void {
    subscribe(this.#lines, false);
    this.#setDetailed(false);
  }

  #setDetailed(detailed: boolean): void {
    if (detailed === this.#detailed) return;
    subscribe(this.#details, detailed);
    this.#detailed = detailed;
  }

  #line({ level, text, ...fields }: LogEvent): void {
    if (RANK[level] >= this.#least) this.#write(level, fields, text);
  }

  #detail(area: string, text: string, message: object): void {
    this.#write('debug', { area, ...message }, text);
  }

  #refused(message: object): void {
    if (!this.#refusals.take()) {
      this.refusalsSkipped++;
      return;
    }
    if (RANK.info < this.#least) return;
    this.#write(
      'info',
      { area: 'refused', ...message, skippedBefore: this.refusalsSkipped || undefined },
      'refused',
    );
  }
}

function subscribe(subscriptions: readonly Subscription[], on: boolean): void {
  for (const [channel, subscriber] of subscriptions) {
    if (on) channel.subscribe(subscriber);
    else channel.unsubscribe(subscriber);
  }
}
