import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { ScriptLocks } from './cfgutils/locks.ts';

const HEAD = ['signaling', 'sl', 'tm', 'cfgutils'].map((name) => `loadmodule "${name}.so"`).join('\n');

async function logged(route: string, head = ''): Promise<string[]> {
  await using server = await ScriptUnderTest.run(`${HEAD}\n${head}\nroute { ${route} exit; }`);
  server.peer('192.0.2.7').request('OPTIONS');
  return server.lines;
}

describe('cfgutils', () => {
  it('decides by chance', async () => {
    const route = `
      if (rand_event(100)) xlog("always");
      rand_set_prob(40);
      rand_get_prob();
      xlog("$rc");
      rand_reset_prob();
      rand_get_prob();
      xlog("$rc");
      if ($RANDOM >= 0) xlog("number");`;
    expect(await logged(route)).toEqual(['always', '40', '10', 'number']);
  });

  it('waits without holding up others', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      route { if ($rm == "INFO") { sleep(2); xlog("slept"); } else xlog("at once"); exit; }`);
    const peer = server.peer('192.0.2.7');
    peer.request('INFO');
    peer.request('OPTIONS');
    expect(server.lines).toEqual(['at once']);
    await server.clock.advanceAsync(2000);
    expect(server.lines).toEqual(['at once', 'slept']);
  });

  it('counts, chooses and shuffles values', async () => {
    const lines = await logged(`
      $avp(w) = 0; $avp(w) = 5; $avp(w) = 0;
      set_count($avp(w), $var(n));
      set_select_weight($avp(w));
      xlog("$var(n) $rc");
      $avp(s) = "a"; $avp(s) = "b"; $avp(s) = "c";
      shuffle_avps($avp(s));
      set_count($avp(s), $var(n));
      xlog("$var(n)");`);
    expect(lines).toEqual(['3 2', '3']);
  });

  it('tells times', async () => {
    expect(
      await logged(`
        ts_usec_delta(10, 300, 12, 100, $var(t), $var(i));
        xlog("$var(t) $var(i)");
        if (!ts_usec_delta(0, 0, 100000, 0, $var(t), $var(i))) xlog("$var(t)");
        if (check_time_rec("UTC|20260101T000000|20270101T000000")) xlog("in 2026");
        if (!check_time_rec("UTC|20260101T000000|20270101T000000", "0")) xlog("not in 1970");
        get_accurate_time($var(s), $var(u), $var(both));
        xlog("$var(s) $var(u) $var(both) $ctime(year)");`),
    ).toEqual([
      '1999800 1999800',
      '100000000000',
      'in 2026',
      'not in 1970',
      '1767225600 0 1767225600.000000 2026',
    ]);
  });

  it('refuses a recurrence that is none before the first packet', async () => {
    await expect(logged('check_time_rec("tomorrow");')).rejects.toThrow('is no time recurrence');
  });

  it('shares variables', async () => {
    expect(
      await logged(
        '$shv(n) = $shv(n) + 1; xlog("$shv(n) $shv(gw) $shv(none)");',
        'modparam("cfgutils", "shvset", "n=i:4")\nmodparam("cfgutils", "shvset", "gw=s:sip:10.10.10.10")',
      ),
    ).toEqual(['5 sip:10.10.10.10 0']);
  });

  it('gives a lock to one after the other', async () => {
    const locks = new ScriptLocks();
    const order: string[] = [];
    expect(locks.acquire('a')).toBe(true);
    const second = Promise.resolve(locks.acquire('a')).then(() => order.push('second'));
    expect(locks.acquire('b')).toBe(true);
    order.push('first');
    locks.release('a');
    await second;
    expect(order).toEqual(['first', 'second']);
    locks.release('a');
    expect(locks.acquire('a')).toBe(true);
  });
});
