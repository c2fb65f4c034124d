import type { Clock } from '../../base/clock.ts';
import { CommandFault } from '../../ops/admin/admin-command.ts';
import { type CommandOutcome, type CommandRunner, faultOf } from '../../ops/admin/command-table.ts';
import { statisticsOf } from '../../ops/admin/commands.ts';
import { spell } from '../../ops/admin/spell.ts';
import { startingRow, type WorkerRow, workerRow } from '../../ops/admin/worker-row.ts';
import { aorOwner, callOwner } from '../../wire/sip/owner.ts';
import type { CounterGroup } from '../statistics.ts';
import { mergeAll, mergeGroups, mergeLists, mergeRelays, mergeStatus } from './merge-answers.ts';
import type { Worker } from './worker.ts';
import type { Workers } from './workers.ts';

/** The server as far as commands are about the whole of it. */
export interface Whole {
  readonly workers: Workers;
  readonly clock: Clock;
  readonly startedAt: number;
  relayStatistics(): Promise<CounterGroup | undefined>;
  reload(): Promise<readonly string[]>;
  stop(): void;
}

type Run = (params: readonly string[]) => unknown;

/** Everything that all workers know, one is asked for. */
const OF_ANY: ReadonlySet<string> = new Set([
  ...['listeners', 'registrations', 'explain', 'resolve', 'quarantine', 'help'],
]);

/**
 * The management commands where several workers signal: each goes to those that have what it is about, and one answer
 * comes back.
 */
export class WorkerCommands implements CommandRunner {
  readonly #whole: Whole;
  readonly #own: Readonly<Record<string, Run>> = {
    status: () => this.#status(),
    statistics: ([group]) => this.#statistics(group),
    workers: () => this.#rows(),
    reload: async () => (await this.#whole.reload()).join('\n') || 'nothing changed',
    stop: () => {
      // After the answer has gone out.
      setImmediate(() => this.#whole.stop());
      return 'stopping';
    },
  };

  constructor(whole: Whole) {
    this.#whole = whole;
  }

  async run(method: string, params: readonly string[]): Promise<CommandOutcome> {
    try {
      const run = Object.hasOwn(this.#own, method) ? this.#own[method] : undefined;
      return run ? { result: await run(params) } : await this.#hand(method, params);
    } catch (error) {
      return { error: faultOf(error, { name: method, usage: '' }) };
    }
  }

  /** Commands of workers. */
  async #hand(method: string, params: readonly string[]): Promise<CommandOutcome> {
    if (OF_ANY.has(method)) return await this.#any.line.call('run', method, params);
    if (method === 'unregister')
      return await this.#owner(ownerOf(params[0], this.#count)).line.call('run', method, params);
    if (method === 'media') return await this.#media(params);
    if (method === 'advertise' && params[0] !== 'set')
      return await this.#any.line.call('run', method, params);
    return mergeAll(await this.#all(method, params));
  }

  async #media(params: readonly string[]): Promise<CommandOutcome> {
    const [verb = 'calls', callId] = params;
    if (verb === 'calls') return mergeLists(await this.#all('media', params));
    if (verb === 'relays') return mergeRelays(await this.#all('media', params));
    if (verb === 'relay') return mergeAll(await this.#all('media', params));
    if (callId === undefined) return await this.#any.line.call('run', 'media', params);
    return await this.#ofCall(callId, params);
  }

  /** The worker of its Call-ID has a call; one that was changed on its way may be another's. */
  async #ofCall(callId: string, params: readonly string[]): Promise<CommandOutcome> {
    const owner = this.#owner(callOwner(callId, this.#count));
    const outcome = await owner.line.call('run', 'media', params);
    if ('result' in outcome) return outcome;
    for (const worker of this.#running) {
      if (worker === owner) continue;
      const other = await worker.line.call('run', 'media', params);
      if ('result' in other) return other;
    }
    return outcome;
  }

  async #status(): Promise<object> {
    const { workers, clock, startedAt } = this.#whole;
    const outcomes = await this.#all('status', []);
    const { length } = this.#running;
    const told = length === workers.count ? length : `${length} of ${workers.count}`;
    return mergeStatus(outcomes, { uptime: spell(clock.now() - startedAt), workers: told });
  }

  async #statistics(group: string | undefined): Promise<unknown> {
    const { workers } = this.#whole;
    const answers = await this.#answers((worker) => worker.line.call('statistics'));
    const each = answers.map(([, statistics]) => statistics);
    const relay = await this.#whole.relayStatistics();
    const crashes = Array.from({ length: workers.count }, (_, i) => workers.crashesOf(i));
    const all = {
      ...mergeGroups(each),
      ...(relay && { relay }),
      workers: { running: answers.length, crashes: crashes.reduce((sum, it) => sum + it, 0) },
    };
    if (group !== undefined) return statisticsOf(all, group);
    return Object.entries(all).flatMap(([name, counters]) =>
      Object.entries(counters).map(([counter, value]) => ({
        ...{ group: name, counter, value },
        ...Object.fromEntries(
          answers.map(([{ index }, its]) => [`worker${index}`, its[name]?.[counter] ?? '']),
        ),
      })),
    );
  }

  #rows(): Promise<readonly WorkerRow[]> {
    const { workers, clock } = this.#whole;
    return Promise.all(
      Array.from({ length: workers.count }, async (_, index) => {
        const worker = workers.at(index);
        const crashes = workers.crashesOf(index);
        if (!worker) return startingRow(index, crashes);
        const facts = Promise.all([worker.line.call('statistics'), worker.heap()]).catch(() => undefined);
        const [statistics, heapMiB] = (await facts) ?? [];
        if (!statistics || heapMiB === undefined) return startingRow(index, crashes);
        const ranMs = clock.now() - worker.startedAt;
        return workerRow({ worker: index, ranMs, crashes, busyPercent: worker.busy(), heapMiB, statistics });
      }),
    );
  }

  get #count(): number {
    return this.#whole.workers.count;
  }

  get #running(): readonly Worker[] {
    return this.#whole.workers.running;
  }

  get #any(): Worker {
    const [first] = this.#running;
    if (first) return first;
    throw new CommandFault('no worker runs at this moment', 'they are started again: see the log');
  }

  /** Where the owner has ended, another does it. */
  #owner(index: number): Worker {
    return this.#whole.workers.at(index) ?? this.#any;
  }

  async #all(method: string, params: readonly string[]): Promise<readonly CommandOutcome[]> {
    const answers = await this.#answers((worker) => worker.line.call('run', method, params));
    if (answers.length > 0) return answers.map(([, outcome]) => outcome);
    return [await this.#any.line.call('run', method, params)];
  }

  /** Those of all workers but of one that ends meanwhile. */
  async #answers<T>(ask: (worker: Worker) => Promise<T>): Promise<readonly (readonly [Worker, T])[]> {
    const asked = await Promise.allSettled(
      this.#running.map(async (worker) => [worker, await ask(worker)] as const),
    );
    return asked.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
  }
}

/** `alice`, `alice@example.com` and the whole URI mean the same user. */
function ownerOf(text = '', count: number): number {
  return aorOwner(/^[a-z]+:/i.test(text) ? text : `sip:${text}${text.includes('@') ? '' : '@'}`, count);
}
