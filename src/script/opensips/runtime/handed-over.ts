import type { ServerServices } from './server-services.ts';

/** Something that opened once serves the newest of the scripts that want it: a socket, a FIFO. */
interface Held<U> {
  readonly opened: Promise<AsyncDisposable>;
  /** The scripts that use it, the newest last. */
  readonly users: U[];
}

/**
 * What a script and the one that replaces it would both open: it stays open, and serves the newer one. `U` is what a
 * script brings to serve by.
 */
export class HandedOver<U> {
  readonly #held = new WeakMap<ServerServices, Map<string, Held<U>>>();

  /**
   * @param key what is the same for both
   * @param open gets a function that tells who serves now
   * @returns what gives it back: it is closed when nobody is left
   */
  async use(
    services: ServerServices,
    key: string,
    user: U,
    open: (current: () => U) => Promise<AsyncDisposable>,
  ): Promise<AsyncDisposable> {
    let table = this.#held.get(services);
    if (table === undefined) {
      table = new Map();
      this.#held.set(services, table);
    }
    let held = table.get(key);
    if (held === undefined) {
      const begun = [user];
      held = { users: begun, opened: open(() => begun.at(-1)!) };
      table.set(key, held);
    } else held.users.push(user);
    const { users, opened } = held;
    const leave = () => {
      users.splice(users.indexOf(user), 1);
      if (users.length > 0) return false;
      table.delete(key);
      return true;
    };
    let thing: AsyncDisposable;
    try {
      thing = await opened;
    } catch (fault) {
      leave();
      throw fault;
    }
    return {
      [Symbol.asyncDispose]: async () => {
        if (leave()) await thing[Symbol.asyncDispose]();
      },
    };
  }
}
