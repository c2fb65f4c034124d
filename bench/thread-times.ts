// What the threads of a server cost, from the scheduler's own books.
import { readdirSync, readFileSync } from 'node:fs';

/** Threads by what they do: those named `worker N` signal, `datagrams` receives for them; V8's compile and collect garbage. */
export const THREAD_KINDS = ['main', 'workers', 'datagrams', 'V8', 'others'] as const;

export type ThreadKind = (typeof THREAD_KINDS)[number];
/** µs of processor time. */
export type ThreadTimes = Readonly<Record<ThreadKind, number>>;

/** Since the processes began, without threads that have ended. */
export function threadTimes(pids: readonly number[]): ThreadTimes {
  const times: Record<ThreadKind, number> = { main: 0, workers: 0, datagrams: 0, V8: 0, others: 0 };
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${thread}`;
      const kind = Number(thread) === pid ? 'main' : kindOf(read(`${folder}/comm`).trim());
      times[kind] += Number.parseInt(read(`${folder}/schedstat`) || '0', 10) / 1000;
    }
  }
  return times;
}

/** What each kind took between two looks, for each of so many calls. */
export function timesPerCall(before: ThreadTimes, after: ThreadTimes, calls: number): ThreadTimes {
  const entries = THREAD_KINDS.map((kind) => [kind, (after[kind] - before[kind]) / calls]);
  return Object.fromEntries(entries) as ThreadTimes;
}

export function totalOf(times: ThreadTimes): number {
  return THREAD_KINDS.reduce((sum, kind) => sum + times[kind], 0);
}

function kindOf(name: string): ThreadKind {
  if (name.startsWith('worker ')) return 'workers';
  if (name === 'datagrams') return 'datagrams';
  return name.includes('V8') || name.startsWith('DelayedTask') ? 'V8' : 'others';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the thread has ended
  }
}
