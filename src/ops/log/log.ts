import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { channels } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { LogLevel, LogSettings } from '../config/server-config.ts';

/** Lines about refused messages per second: whoever floods the server shall not fill its disk. */
const REFUSED_PER_SECOND = 10;

interface LogEvent {
  readonly level: LogLevel;
  readonly area: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

type Subscription = readonly [(typeof channels)[keyof typeof channels], (message: unknown) => void];

/** Writes what the floors below publish, as JSON lines. */
export class Log implements Disposable {
  readonly #logger: Logger;
  readonly #destination: ReturnType<typeof pino.destination>;
  readonly #isFile: boolean;
  readonly #refusals: TokenBucket;
  readonly #lines: readonly Subscription[];
  /** Subscribed to at level `debug` alone: whoever publishes makes an object for it. */
  readonly #details: readonly Subscription[];
  #detailed = false;
  /** Refused messages that were not logged one by one. */
  refusalsSkipped = 0;

  /** @throws ServerError STORE_UNAVAILABLE where the file cannot be written */
  constructor(settings: LogSettings, clock: Clock) {
    this.#isFile = settings.file !== 'stdout';
    this.#destination = destinationOf(settings.file);
    this.#logger = pino(
      {
        level: settings.level,
        base: null,
        messageKey: 'text',
        timestamp: pino.stdTimeFunctions.isoTime,
        serializers: { error: pino.stdSerializers.err },
        formatters: { level: (level) => ({ level }) },
      },
      this.#destination,
    );
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
    this.setLevel(settings.level);
  }

  setLevel(level: LogLevel): void {
    this.#logger.level = level;
    this.#setDetailed(level === 'debug');
  }

  /** Opens the file anew, after it was moved away; nothing for the standard output. */
  reopen(): void {
    if (this.#isFile) this.#destination.reopen();
  }

  [Symbol.dispose](): void {
    subscribe(this.#lines, false);
    this.#setDetailed(false);
    this.#destination.flushSync();
    this.#destination.end();
  }

  #setDetailed(detailed: boolean): void {
    if (detailed === this.#detailed) return;
    subscribe(this.#details, detailed);
    this.#detailed = detailed;
  }

  #line({ level, text, ...fields }: LogEvent): void {
    this.#logger[level](fields, text);
  }

  #detail(area: string, text: string, message: object): void {
    this.#logger.debug({ area, ...message }, text);
  }

  #refused(message: object): void {
    if (!this.#refusals.take()) {
      this.refusalsSkipped++;
      return;
    }
    this.#logger.info(
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

function destinationOf(file: string): ReturnType<typeof pino.destination> {
  if (file === 'stdout') return pino.destination({ dest: 1, sync: true });
  try {
    mkdirSync(dirname(file), { recursive: true });
    // Synchronous, so that the last line before a crash is there; calls that go well write nothing at level info.
    return pino.destination({ dest: file, sync: true, minLength: 0, mode: 0o640 });
  } catch (error) {
    throw new ServerError(
      'STORE_UNAVAILABLE',
      `the log ${file} cannot be written: ${(error as Error).message}`,
      {
        hint: 'give another with log: { file: PATH }, or log: { file: stdout }',
        cause: error,
      },
    );
  }
}
