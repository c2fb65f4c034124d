import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { stop } from '../../cloud/sandbox.ts';

/** A process that does what it is told, one line of JSON each way: see `obey`. */
export class RemoteProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<never>>();
  #count = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { id, value, fault } = JSON.parse(line) as { id: number; value?: never; fault?: string };
      if (fault === undefined) this.#waiting.get(id)?.resolve(value!);
      else this.#waiting.get(id)?.reject(new Error(fault));
      this.#waiting.delete(id);
    });
    child.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process has ended'));
    });
  }

  /** @throws Error where the order failed, or the process is gone */
  ask<Answer>(order: string, details: object = {}): Promise<Answer> {
    const id = ++this.#count;
    const answer = Promise.withResolvers<never>();
    this.#waiting.set(id, answer);
    this.#child.stdin!.write(`${JSON.stringify({ id, order, ...details })}\n`);
    return answer.promise;
  }

  /** Ends it without a chance to tidy up. */
  async kill(): Promise<void> {
    const closed = once(this.#child, 'close');
    process.kill(-this.#child.pid!, 'SIGKILL');
    await closed;
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await stop(this.#child);
  }
}

/** The other end: carries out orders by name, until its input ends. */
export async function obey(orders: Readonly<Record<string, (details: never) => unknown>>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, order, ...details } = JSON.parse(line) as { id: number; order: string };
    const report = (what: object): boolean => process.stdout.write(`${JSON.stringify({ id, ...what })}\n`);
    Promise.try(orders[order]!, details as never).then(
      (value) => report({ value: value ?? null }),
      (fault) => report({ fault: String(fault) }),
    );
  }
}
