import type { RunningProgram } from './running-program.ts';

/** A number that `$stat(group:name)` and `get_statistics` read. */
export interface Statistic {
  readonly group: string;
  readonly name: string;
  readonly read: () => number;
  /** Absent: it cannot be set back. */
  readonly reset?: (() => void) | undefined;
}

/** Where modules of a script keep numbers that the script makes up itself. */
export interface StatisticSource {
  statistics(): Iterable<Statistic>;
}

function isSource(state: unknown): state is StatisticSource {
  return typeof (state as StatisticSource | undefined)?.statistics === 'function';
}

/** Every statistic of the loaded modules: those of their tables, under the module's name, and those that they make. */
export function* statisticsOf(program: RunningProgram): Generator<Statistic> {
  for (const module of program.modules) {
    const state = program.stateOf<never>(module)!;
    for (const [name, spec] of Object.entries(module.statistics ?? {})) {
      const { read, reset } = spec;
      yield {
        group: module.name,
        name,
        read: () => read(state),
        reset: reset && (() => reset(state)),
      };
    }
    if (isSource(state)) yield* (state as StatisticSource).statistics();
  }
}

/**
 * Finds by `group:name`, or by the name alone: then what the script has made itself comes last.
 * @returns undefined where there is none
 */
export function findStatistic(program: RunningProgram, written: string): Statistic | undefined {
  const colon = written.indexOf(':');
  const group = colon < 0 ? undefined : written.slice(0, colon);
  const name = written.slice(colon + 1);
  for (const statistic of statisticsOf(program)) {
    if (statistic.name === name && (group === undefined || statistic.group === group)) return statistic;
  }
  return undefined;
}
