import { CommandError, type CommandParams, type CommandSpec, type Json } from '../frame/command.ts';
import type { RunningProgram } from '../runtime/running-program.ts';
import { findStatistic, type Statistic, statisticsOf } from '../runtime/statistics.ts';
import type { CoreState } from './core-state.ts';

/** The statistics that a list names: `all`, `group:`, `name`, `group:name`. @throws CommandError where there are none */
function wanted(program: RunningProgram, { statistics }: CommandParams): readonly Statistic[] {
  const found: Statistic[] = [];
  for (const name of (statistics as readonly Json[]).map(String)) {
    if (name === 'all') found.push(...statisticsOf(program));
    else if (name.endsWith(':')) {
      const group = name.slice(0, -1).toLowerCase();
      for (const it of statisticsOf(program)) if (it.group.toLowerCase() === group) found.push(it);
    } else {
      const one = findStatistic(program, name);
      if (one !== undefined) found.push(one);
    }
  }
  if (found.length === 0) throw new CommandError(404, 'Statistics Not Found');
  return found;
}

function rows(statistics: Iterable<Statistic>, of: (it: Statistic) => Json): Json {
  const result: Record<string, Json> = {};
  // Of two with one name the first counts, as where one alone is looked up.
  for (const it of statistics) result[`${it.group}:${it.name}`] ??= of(it);
  return result;
}

function kind({ reset }: Statistic): string {
  return reset === undefined ? 'non-incremental' : 'incremental';
}

/** Commands on statistics, which need no module. */
export const statisticsCommands: Readonly<Record<string, CommandSpec<CoreState>>> = {
  'statistics:get': {
    describe: 'Gives statistics: `all`, `group:`, or single ones.',
    params: ['statistics[]'],
    aliases: ['get_statistics'],
    run: ({ context: { program } }, params) => rows(wanted(program, params), (it) => Math.trunc(it.read())),
  },
  'statistics:list': {
    describe: 'Lists statistics and whether they can be set back.',
    params: ['statistics[]?'],
    aliases: ['list_statistics'],
    run: ({ context: { program } }, params) =>
      rows(params.statistics === undefined ? statisticsOf(program) : wanted(program, params), kind),
  },
  'statistics:reset': {
    describe: 'Sets statistics back to 0, those that can be.',
    params: ['statistics[]'],
    aliases: ['reset_statistics'],
    run: ({ context: { program } }, params) => {
      for (const it of wanted(program, params)) it.reset?.();
      return 'OK';
    },
  },
  'statistics:reset_all': {
    describe: 'Sets all statistics back to 0 that can be.',
    aliases: ['reset_all_statistics'],
    run: ({ context: { program } }) => {
      for (const it of statisticsOf(program)) it.reset?.();
      return 'OK';
    },
  },
};
