// Where figures were measured: they say nothing without it.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly governor: string;
  readonly node: string;
  /** Of the last minute: what else the machine had to do, and the bench itself. */
  readonly load: number;
  readonly date: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    governor: governor(),
    node: process.version,
    load: Number(loadavg()[0]!.toFixed(2)),
    date: new Date().toISOString(),
  };
}

/** Of the first core, where the machine has one: a sleepy one inflates every figure. */
function governor(): string {
  try {
    return readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch {
    return 'no frequency scaling';
  }
}
