import { randomBytes } from 'node:crypto';
import type { Advertise, AdvertiseSnapshot } from '../advertise/advertise.ts';
import { databasePath } from '../ops/subscribers.ts';
import { Database } from '../store/sqlite/database.ts';
import { SqliteLocation } from '../store/sqlite/location.ts';
import { Meta } from '../store/sqlite/meta.ts';
import { SqliteSubscribers } from '../store/sqlite/subscribers.ts';

const KEY_BYTES = 32;
const SNAPSHOT = 'advertise';

/** What outlives the process: bindings, subscribers, the server's key, and the addresses it has printed. */
export class Storage implements AsyncDisposable {
  readonly subscribers: SqliteSubscribers;
  /** Secret; signs nonces and tags. */
  readonly key: Buffer;
  readonly #database: Database;
  readonly #meta: Meta;
  #location: SqliteLocation | undefined;
  #saved = '';

  /** @throws ServerError STORE_UNAVAILABLE, STORE_NEWER */
  constructor(data: string) {
    this.#database = Database.open(databasePath(data));
    this.#meta = new Meta(this.#database);
    this.subscribers = new SqliteSubscribers(this.#database);
    this.key = this.#meta.getOrCreate('server-key', () => randomBytes(KEY_BYTES));
  }

  /**
   * The bindings, loaded; to be asked for once.
   * @param exclusively runs a write while no other thread of the process runs one; at once unless given
   * @throws ServerError STORE_UNAVAILABLE
   */
  openLocation(exclusively?: (job: () => void) => void): SqliteLocation {
    this.#location = new SqliteLocation(this.#database, undefined, exclusively);
    return this.#location;
  }

  /** What earlier runs printed, to be recognised again. */
  printed(): AdvertiseSnapshot | undefined {
    const stored = this.#meta.get(SNAPSHOT);
    return stored && (JSON.parse(stored.toString('utf8')) as AdvertiseSnapshot);
  }

  /** Writes down what has been printed, where that has changed. */
  remember(advertise: Advertise): void {
    const text = JSON.stringify(advertise.snapshot());
    if (text === this.#saved) return;
    this.#meta.set(SNAPSHOT, Buffer.from(text, 'utf8'));
    this.#saved = text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#location?.[Symbol.asyncDispose]();
    await this.#database[Symbol.asyncDispose]();
  }
}
