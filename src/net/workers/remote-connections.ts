import type { ConnectionNote } from './note.ts';
import type { RemoteFlow } from './remote-flow.ts';

/** A connection of another worker that is known to be open. */
export interface RemoteConnection {
  readonly note: ConnectionNote;
  readonly worker: number;
  readonly keys: string[];
  /** Made when it is first asked for. */
  flow: RemoteFlow | undefined;
}

/** The connections of all other workers. */
export class RemoteConnections {
  readonly #byId = new Map<number, RemoteConnection>();
  readonly #byKey = new Map<string, RemoteConnection>();
  readonly #limit: number;

  /** @param limit how many there can be */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(id: number): RemoteConnection | undefined {
    return this.#byId.get(id);
  }

  byKey(key: string): RemoteConnection | undefined {
    return this.#byKey.get(key);
  }

  add(note: ConnectionNote, worker: number): void {
    if (this.#byId.size >= this.#limit) return;
    const connection: RemoteConnection = { note, worker, keys: [], flow: undefined };
    this.#byId.set(note.id, connection);
    this.alias(note.id, [note.key]);
  }

  /** Has a connection be found by more keys; the latest of a key stands. */
  alias(id: number, keys: readonly string[]): void {
    const connection = this.#byId.get(id);
    if (!connection) return;
    for (const key of keys) this.#byKey.set(key, connection);
    connection.keys.push(...keys);
  }

  remove(id: number): RemoteConnection | undefined {
    const connection = this.#byId.get(id);
    if (!connection) return undefined;
    this.#byId.delete(id);
    for (const key of connection.keys) {
      if (this.#byKey.get(key) === connection) this.#byKey.delete(key);
    }
    return connection;
  }

  /** All of one worker. */
  of(worker: number): RemoteConnection[] {
    return [...this.#byId.values()].filter((it) => it.worker === worker);
  }
}
