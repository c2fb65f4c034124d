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
  readonly #subscriptions: readonly Subscription[];
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
    this.#subscriptions = this.#subscribe();
  }

  setLevel(level: LogLevel): void {
    this.#logger.level = level;
  }

  /** Opens the file anew, after it was moved away; nothing for the standard output. */
  reopen(): void {
    if (this.#isFile) this.#destination.reopen();
  }

  [Symbol.dispose](): void {
    for (const [channel, subscriber] of this.#subscriptions) channel.unsubscribe(subscriber);
    this.#destination.flushSync();
    this.#destination.end();
  }

  #subscribe(): readonly Subscription[] {
    const debug = (area: string, text: string) => (message: unknown) =>
      this.#logger.debug({ area, ...(message as object) }, text);
    const subscriptions: readonly Subscription[] = [
      [channels.log, (message) => this.#line(message as LogEvent)],
      [channels.refused, (message) => this.#refused(message as object)],
      [channels.connection, debug('net', 'connection')],
      [channels.binding, debug('registrar', 'binding')],
      [channels.transaction, debug('transaction', 'transaction')],
    ];
    // Whoever publishes makes an object for it, so what would not be written is not asked for.
    const wanted = subscriptions.filter(([, _], i) => i < 2 || this.#logger.isLevelEnabled('debug'));
    for (const [channel, subscriber] of wanted) channel.subscribe(subscriber);
    return wanted;
  }

  #line({ level, text, ...fields }: LogEvent): void {
    this.#logger[level](fields, text);
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
