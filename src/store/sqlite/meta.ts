import type { Database, Statement } from './database.ts';

/** Small things that outlive the process, by name: the server's key, remembered addresses. */
export class Meta {
  readonly #get: Statement;
  readonly #set: Statement;
  readonly #add: Statement;

  /** @throws ServerError STORE_UNAVAILABLE, as every method does where the file cannot be read or written */
  constructor(database: Database) {
    this.#get = database.prepare('SELECT value FROM meta WHERE key = ?');
    this.#set = database.prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    this.#add = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING');
  }

  get(key: string): Buffer | undefined {
    const value = this.#get.get(key)?.value;
    return value instanceof Uint8Array ? Buffer.from(value) : undefined;
  }

  set(key: string, value: Uint8Array): void {
    this.#set.run(key, value);
  }

  /** The value, made on first use; processes that ask at the same time get the same one. */
  getOrCreate(key: string, make: () => Uint8Array): Buffer {
    const known = this.get(key);
    if (known !== undefined) return known;
    this.#add.run(key, make());
    return this.get(key)!;
  }
}
