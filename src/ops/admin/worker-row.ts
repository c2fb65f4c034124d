import { spell } from './spell.ts';

/** One worker, for tables. */
export interface WorkerRow {
  readonly worker: number;
  readonly state: 'running' | 'starting';
  readonly uptime: string;
  /** How often one in its place has ended by itself. */
  readonly crashes: number;
  /** Of the time since this was last asked for. */
  readonly busy: string;
  readonly heap: string;
  readonly connections: number;
  readonly transactions: number;
  readonly dialogs: number;
}

export interface WorkerFacts {
  readonly worker: number;
  readonly ranMs: number;
  readonly crashes: number;
  readonly busyPercent: number;
  readonly heapMiB: number;
  /** As `statistics` tells them. */
  readonly statistics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The row of a worker that runs. */
export function workerRow({
  worker,
  ranMs,
  crashes,
  busyPercent,
  heapMiB,
  statistics,
}: WorkerFacts): WorkerRow {
  return {
    worker,
    state: 'running',
    uptime: spell(ranMs),
    crashes,
    busy: `${busyPercent} %`,
    heap: `${heapMiB} MB`,
    connections: statistics.net?.openConnections ?? 0,
    transactions: statistics.transaction?.inUse ?? 0,
    dialogs: statistics.dialog?.known ?? 0,
  };
}

/** The row of one that has ended, and is started again. */
export function startingRow(worker: number, crashes: number): WorkerRow {
  const none = { connections: 0, transactions: 0, dialogs: 0 };
  return { worker, state: 'starting', uptime: '', crashes, busy: '', heap: '', ...none };
}
