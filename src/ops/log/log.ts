import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Clock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import type { LogLevel, LogSettings } from '../config/server-config.ts';
import { LogLines } from './log-lines.ts';

/** Writes what the floors below publish, as JSON lines. */
export class Log implements Disposable {
  readonly #logger: Logger;
  readonly #destination: ReturnType<typeof pino.destination>;
  readonly #isFile: boolean;
  readonly #lines: LogLines;

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
    this.#lines = new LogLines(settings.level, clock, (level, fields, text) =>
      this.write(level, fields, text),
    );
  }

  /** Refused messages that were not logged one by one. */
  get refusalsSkipped(): number {
    return this.#lines.refusalsSkipped;
  }

  /** Writes a line that comes from elsewhere, as from another thread. */
  write(level: LogLevel, fields: object, text: string): void {
    this.#logger[level](fields, text);
  }

  setLevel(level: LogLevel): void {
    this.#logger.level = level;
    this.#lines.setLevel(level);
  }

  /** Opens the file anew, after it was moved away; nothing for the standard output. */
  reopen(): void {
    if (this.#isFile) this.#destination.reopen();
  }

  [Symbol.dispose](): void {
    this.#lines[Symbol.dispose]();
    this.#destination.flushSync();
    this.#destination.end();
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
