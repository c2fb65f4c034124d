import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../base/fake-clock.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { parseProfile, Series, type SeriesProfile } from './statistics/series.ts';

const HEAD = ['signaling', 'sl', 'tm', 'statistics'].map((name) => `loadmodule "${name}.so"`).join('\n');

async function logged(route: string, head = ''): Promise<string[]> {
  await using server = await ScriptUnderTest.run(`${HEAD}\n${head}\nroute { ${route} exit; }`);
  server.peer('192.0.2.7').request('OPTIONS');
  return server.lines;
}

describe('statistics', () => {
  it('counts, and sets back what may be set back', async () => {
    expect(
      await logged(
        `update_stat("calls", 5); update_stat("calls", -2); update_stat("made", 1);
         xlog("$stat(calls) $stat(made) $stat(dynamic:made) $stat(none)");
         reset_stat("made"); $stat(calls) = 0;
         xlog("$stat(calls) $stat(made)");`,
        'modparam("statistics", "variable", "calls/no_reset")',
      ),
    ).toEqual(['3 1 1 <null>', '3 0']);
  });

  it('walks through a group', async () => {
    expect(
      await logged(
        `update_stat("method:invite", 2); update_stat("method:bye", 1); update_stat("other:x", 1);
         stat_iter_init("method", "i");
         while (stat_iter_next($var(n), $var(v), "i")) xlog("$var(n)=$var(v)");`,
        'modparam("statistics", "stat_groups", "method, packet")',
      ),
    ).toEqual(['update_stat: other:x: stat_groups does not name its group', 'invite=2', 'bye=1']);
  });

  it('makes averages and percentages', async () => {
    expect(
      await logged(
        `update_stat_series("avg", "PDD", 100); update_stat_series("avg", "PDD", 301);
         update_stat_series("asr", "ASR", 1); update_stat_series("asr", "ASR", 1); update_stat_series("asr", "ASR", -1);
         xlog("$stat(avg:PDD) $stat(ASR)");
         if (!update_stat_series("none", "x", 1)) xlog("none");`,
        `modparam("statistics", "stat_series_profile", "avg: algorithm=average")
         modparam("statistics", "stat_series_profile", "asr: algorithm=percentage window=600 slots=10")`,
      ),
    ).toEqual(['200 66', 'update_stat_series: there is no profile none', 'none']);
  });

  it('forgets what is older than the window, part by part', () => {
    const clock = new FakeClock();
    const series = new Series(parseProfile('s: window=60 slots=6') as SeriesProfile, clock);
    series.add(1);
    clock.advance(30_000);
    series.add(2);
    expect(series.read()).toBe(3);
    clock.advance(30_000);
    expect(series.read()).toBe(2);
    clock.advance(600_000);
    expect(series.read()).toBe(0);
  });

  it.each([
    ['', 'a profile needs a name: "name: algorithm=average"'],
    ['a: algorithm=best', 'there is no algorithm best; there are accumulate, average, percentage'],
    ['a: window=0', 'window, slots and percentage_factor are numbers above 0'],
    [
      'a: depth=3',
      'there is no attribute depth; there are algorithm, hash_size, group, window, slots, percentage_factor',
    ],
  ])('refuses the profile %j', (text, problem) => {
    expect(parseProfile(text)).toBe(problem);
  });
});
