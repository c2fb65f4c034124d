import { describe, expect, it } from 'vitest';
import { runBody } from '../testing/run-body.ts';

const GLOBAL = 'loadmodule "mi_script.so"\nloadmodule "cachedb_local.so"\n';

describe('mi_script', () => {
  it.each([
    [
      'a command with its parameters',
      'mi("cache_store local a b"); mi("cache_fetch local a", $var(r)); xlog("$rc $var(r)");',
      '1 {"key":"a","value":"b"}',
    ],
    ['an older name', 'mi("core:pwd", $var(r)); xlog("$(var(r){s.substr,0,6})");', '{"WD":'],
    [
      'parameters in an AVP',
      '$avp(p) = "local"; $avp(p) = "a"; $avp(p) = "b c"; mi("cache_store", , $avp(p)); cache_fetch("local", "a", $var(r)); xlog("$var(r)");',
      'b c',
    ],
    [
      'parameters by name',
      '$avp(p) = "attr"; $avp(v) = "a"; $avp(p) = "system"; $avp(v) = "local"; $avp(p) = "value"; $avp(v) = 7; mi("cache:store", , $avp(p), $avp(v)); cache_fetch("local", "a", $var(r)); xlog("$var(r)");',
      '7',
    ],
    [
      'a list',
      '$avp(p) = "statistics"; $avp(v) = "__array(rcv_requests rcv_replies)"; mi("get_statistics", $var(r), $avp(p), $avp(v)); xlog("$var(r)");',
      '{"core:rcv_requests":1,"core:rcv_replies":0}',
    ],
    ['no such command', 'mi("nope"); xlog("$rc");', '-1'],
    [
      'what cannot be done',
      'mi("cache_fetch local none", $var(r)); xlog("$rc $var(r)");',
      '-400 Value not found',
    ],
    ['wrong parameters', 'mi("cache_fetch local", $var(r)); xlog("$rc $var(r)");', '-32602 Invalid params'],
  ])('runs %s', async (_what, body, line) => {
    expect(await runBody(body, { global: GLOBAL })).toEqual([line]);
  });

  it('waits in the background with async', async () => {
    const lines = await runBody('async(mi("cache_fetch local none", $var(r)), after);', {
      global: GLOBAL,
      more: 'route[after] { xlog("after $rc"); }',
    });
    expect(lines).toEqual(['after -400']);
  });
});
