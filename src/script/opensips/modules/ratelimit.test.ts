import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { Pipe } from './ratelimit/pipe.ts';

const HEAD = ['signaling', 'sl', 'tm', 'ratelimit'].map((name) => `loadmodule "${name}.so"`).join('\n');
const TIMES = { interval: 10, perInterval: false, windowMs: 1000, slotMs: 100 };

describe('ratelimit', () => {
  it('lets so many a second pass, each name for itself, until the interval is over', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      modparam("ratelimit", "timer_interval", 1)
      route {
        if (rl_check("gw_$rU/r", 2)) xlog("in $rl_count(gw_$rU)");
        else { xlog("out"); rl_dec_count("gw_$rU"); }
        rl_values($avp(names), "^gw_");
        xlog("$(avp(names)[*])");
        exit;
      }`);
    const peer = server.peer('192.0.2.7');
    for (let i = 0; i < 3; i++) peer.request('OPTIONS');
    expect(server.lines.filter((line) => !line.startsWith('gw_'))).toEqual(['in 1', 'in 2', 'out']);
    expect(server.lines.at(-1)).toMatch(/^gw_/);
    server.clock.advance(1100);
    peer.request('OPTIONS');
    expect(server.lines.at(-2)).toBe('in 1');
  });

  it('SBT looks back over a window that moves', () => {
    const pipe = new Pipe('SBT', 3, TIMES, 0);
    expect([0, 50, 150, 500].map((now) => pipe.take(now))).toEqual([true, true, true, false]);
    expect(pipe.take(1010)).toBe(true);
    expect(pipe.count(1010)).toBe(2);
    pipe.release(1010);
    expect(pipe.count(1010)).toBe(1);
    expect(pipe.slots(1010).length).toBe(10);
  });

  it('RED spreads what passes over the interval', () => {
    const pipe = new Pipe('RED', 1, TIMES, 0);
    for (let i = 0; i < 40; i++) pipe.take(0);
    pipe.turn();
    const passed = Array.from({ length: 40 }, () => pipe.take(0));
    expect(passed.filter(Boolean).length).toBe(10);
    expect(passed.slice(0, 20).filter(Boolean).length).toBe(5);
  });
});
