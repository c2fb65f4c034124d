import { MessagePort, type Transferable } from 'node:worker_threads';
import { type ErrorCode, ServerError } from '../../base/errors.ts';

/** What can be called over a line: what goes over it is what a structured clone can carry, and ports. */
export type Methods<T> = { readonly [K in keyof T]: (...args: never[]) => unknown };

/** A worker, or what a worker calls its parent. */
interface Mouth {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  on(event: 'message', hear: (message: Said) => void): unknown;
}

type Said =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'tell'; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: Fault };

interface Fault {
  readonly message: string;
  readonly code: string | undefined;
  readonly hint: string | undefined;
}

interface Asked {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** More calls at a time are refused: the other side hangs. */
const MOST_CALLS = 10_000;

type Args<F> = F extends (...args: infer A) => unknown ? A : never;
type Result<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** Calls between two threads: each side has methods, and calls those of the other. Ports are handed over, not copied. */
export class ThreadLine<Theirs extends Methods<Theirs>> {
  readonly #mouth: Mouth;
  readonly #mine: Readonly<Record<string, (...args: never[]) => unknown>>;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #closed: string | undefined;

  /** @param mine what the other side may call */
  constructor(mouth: Mouth, mine: object) {
    this.#mouth = mouth;
    this.#mine = mine as Readonly<Record<string, (...args: never[]) => unknown>>;
    mouth.on('message', (said) => this.#hear(said));
  }

  /** Rejects as the method throws (ServerErrors as such), and where the line is closed. */
  call<K extends keyof Theirs & string>(name: K, ...args: Args<Theirs[K]>): Promise<Result<Theirs[K]>> {
    if (this.#closed !== undefined) return Promise.reject(new Error(this.#closed));
    if (this.#asked.size >= MOST_CALLS) return Promise.reject(new Error('too many calls wait for an answer'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as Asked['resolve'], reject });
      this.#say({ kind: 'call', id, name, args }, args);
    });
  }

  /** As {@link call}, where nobody waits for the end. */
  tell<K extends keyof Theirs & string>(name: K, ...args: Args<Theirs[K]>): void {
    if (this.#closed === undefined) this.#say({ kind: 'tell', name, args }, args);
  }

  /** The other side has ended. */
  close(reason: string): void {
    this.#closed = reason;
    for (const { reject } of this.#asked.values()) reject(new Error(reason));
    this.#asked.clear();
  }

  #say(said: Said, values: readonly unknown[]): void {
    this.#mouth.postMessage(
      said,
      values.filter((it) => it instanceof MessagePort),
    );
  }

  #hear(said: Said): void {
    if (said.kind === 'tell') void this.#run(said.name, said.args);
    else if (said.kind === 'call') void this.#serve(said.id, said.name, said.args);
    else {
      const asked = this.#asked.get(said.id);
      this.#asked.delete(said.id);
      if (said.kind === 'answer') asked?.resolve(said.value);
      else asked?.reject(errorOf(said.fault));
    }
  }

  async #serve(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      const value = await this.#run(name, args);
      this.#say({ kind: 'answer', id, value }, [value]);
    } catch (error) {
      this.#say({ kind: 'fault', id, fault: faultOf(error) }, []);
    }
  }

  #run(name: string, args: readonly unknown[]): unknown {
    return this.#mine[name]!(...(args as never[]));
  }
}

function faultOf(error: unknown): Fault {
  const { code, hint } = error instanceof ServerError ? error : { code: undefined, hint: undefined };
  return { message: error instanceof Error ? error.message : String(error), code, hint };
}

function errorOf({ message, code, hint }: Fault): Error {
  if (code === undefined) return new Error(message);
  return new ServerError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}
