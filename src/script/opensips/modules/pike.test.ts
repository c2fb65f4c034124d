import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../base/fake-clock.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { FloodSources } from './pike/sources.ts';

const HEAD = ['signaling', 'sl', 'tm', 'pike'].map((name) => `loadmodule "${name}.so"`).join('\n');

describe('pike', () => {
  it('blocks who sends too many, says so once, and lets go in time', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      modparam("pike", "sampling_time_unit", 2)
      modparam("pike", "reqs_density_per_unit", 3)
      event_route[E_PIKE_BLOCKED] { xlog("event $param(ip)"); }
      route { pike_check_req(); xlog("$rc"); exit; }`);
    const flooder = server.peer('192.0.2.7');
    for (let i = 0; i < 5; i++) flooder.request('OPTIONS');
    server.peer('192.0.2.8').request('OPTIONS');
    expect(server.lines).toEqual([
      '1',
      '1',
      '1',
      'pike: 192.0.2.7 is blocked: too many requests',
      '-2',
      '-1',
      '1',
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.lines.at(-1)).toBe('event 192.0.2.7');
    server.clock.advance(4100);
    expect(server.lines.at(-1)).toBe('pike: 192.0.2.7 is blocked no longer');
  });

  it('forgets the silent', () => {
    const clock = new FakeClock();
    const sources = new FloodSources(clock, 1, 10);
    sources.hit('a');
    sources.hit('a');
    expect(sources.blocked).toEqual(['a']);
    expect(sources.free('a')).toBe(true);
    expect(sources.free('a')).toBe(false);
    clock.advance(10_000);
    sources.turn();
    expect(sources.free('a')).toBeUndefined();
  });
});
