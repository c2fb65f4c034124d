import { int, output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { listParameter, parsedParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import { findStatistic, statisticsOf } from '../runtime/statistics.ts';
import { ScriptStatistics } from './statistics/script-statistics.ts';
import { parseProfile, type SeriesProfile } from './statistics/series.ts';

const { fn, variable, define } = moduleParts<ScriptStatistics>();

const NO_PROFILES: readonly SeriesProfile[] = [];
const MOST_ITERATORS = 1000;

export const module: ScriptModule = define({
  name: 'statistics',
  sharedState: true,
  summary: 'Numbers that a script counts itself, and those of all modules by `$stat`.',
  params: {
    variable: listParameter('A counter that is there from the start: `name`, or `name/no_reset`.'),
    stat_groups: listParameter('Groups that names may have before a colon, with commas between.'),
    stat_series_profile: parsedParameter(
      NO_PROFILES,
      'How statistics over time are made: `name: algorithm=average window=600 slots=10`. May be given several times.',
      (given, before) => {
        const profile = parseProfile(String(given));
        return typeof profile === 'string'
          ? { ok: false, problem: profile }
          : { ok: true, value: [...before, profile] };
      },
    ),
  },
  start: ({ variable: declared, stat_groups, stat_series_profile }, { services }) => {
    const groups = stat_groups.flatMap((list) => list.split(',')).map((group) => group.trim());
    const statistics = new ScriptStatistics(services.clock, groups, stat_series_profile);
    for (const name of declared) statistics.declare(name);
    return statistics;
  },
  functions: {
    update_stat: fn({
      args: [text('variable'), int('value')],
      routes: ANY,
      describe: 'Adds to a counter, which is made where it is not there.',
      run: (m, state, name, value) => {
        if (state.add(name, value)) return true;
        m.program.log('error', `update_stat: ${name}: stat_groups does not name its group`, m.message.callId);
        return false;
      },
    }),
    reset_stat: fn({
      args: [text('variable')],
      routes: ANY,
      describe: 'Sets a counter to 0.',
      run: (m, _state, name) => {
        const { reset } = findStatistic(m.program, name) ?? {};
        reset?.();
        return reset !== undefined;
      },
    }),
    update_stat_series: fn({
      args: [text('profile'), text('variable'), int('value')],
      routes: ANY,
      describe: 'Adds a value to a statistic over time.',
      run: (m, state, profile, name, value) => {
        if (state.addToSeries(profile, name, value)) return true;
        m.program.log('error', `update_stat_series: there is no profile ${profile}`, m.message.callId);
        return false;
      },
    }),
    stat_iter_init: fn({
      args: [text('group'), text('iter')],
      routes: ANY,
      describe: 'Begins to walk through the statistics of a group.',
      run: (m, { iterators }, group, iter) => {
        if (iterators.size >= MOST_ITERATORS && !iterators.has(iter)) return false;
        const found = [...statisticsOf(m.program)].filter((it) => it.group === group);
        iterators.set(iter, found.reverse());
        return true;
      },
    }),
    stat_iter_next: fn({
      args: [output('name'), output('val'), text('iter')],
      routes: ANY,
      describe: 'Gives the next statistic of the walk.',
      returns: '1: there is one; -1: the walk is over, or was never begun.',
      run: (m, { iterators }, name, value, iter) => {
        const next = iterators.get(iter)?.pop();
        if (next === undefined) {
          iterators.delete(iter);
          return false;
        }
        return name.set(m, next.name) && value.set(m, Math.trunc(next.read()) | 0);
      },
    }),
  },
  variables: {
    stat: variable({
      describe: 'A statistic by `name` or `group:name`; setting it to anything sets it back to 0.',
      inner: 'name',
      read: (m, _state, name) => {
        const found = findStatistic(m.program, name);
        return found === undefined ? null : Math.trunc(found.read()) | 0;
      },
      write: (m, _state, _value, name) => {
        const { reset } = findStatistic(m.program, name) ?? {};
        reset?.();
        return reset !== undefined;
      },
    }),
  },
});
