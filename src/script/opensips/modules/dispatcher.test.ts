import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sqliteSchema } from '../db/sql-text.ts';
import { command } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { DISPATCHER_TABLE } from './dispatcher/partition.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'db_sqlite', 'dispatcher']
  .map((it) => `loadmodule "${it}.so"`)
  .join('\n');

/** A table of sets: `set uri weight priority state attrs probe_mode`. */
function table(rows: readonly string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'ds-')), 'ds.sqlite');
  const database = new DatabaseSync(path);
  database.exec(sqliteSchema('dispatcher', DISPATCHER_TABLE));
  const insert = database.prepare(
    'INSERT INTO dispatcher (setid, destination, weight, priority, state, attrs, probe_mode) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  for (const row of rows) {
    const [set, uri, weight = '1', priority = '0', state = '0', attrs = '', probe = '0'] = row.split(' ');
    insert.run(Number(set), uri!, weight, Number(priority), Number(state), attrs || null, Number(probe));
  }
  database.close();
  return path;
}

const THREE = ['1 sip:192.0.2.1', '1 sip:192.0.2.2', '1 sip:192.0.2.3'];
const script = (path: string, body: string, more = '') => `${HEAD}
  modparam("dispatcher", "db_url", "sqlite://${path}")
  ${more}
  route { ${body} exit; }`;

async function run(server: ScriptUnderTest, times: number, options: object = {}): Promise<readonly string[]> {
  const peer = server.peer('198.51.100.9');
  const before = server.lines.length;
  for (let i = 0; i < times; i++) peer.request('OPTIONS', { callId: `c${i}`, ...options });
  await server.settle();
  return server.lines.slice(before);
}

describe('dispatcher', () => {
  it('goes round by weight, those of higher priority first, without those that are inactive', async () => {
    const path = table(['1 sip:192.0.2.1 2', '1 sip:192.0.2.2 1 5', '1 sip:192.0.2.3 1 0 1']);
    await using server = await ScriptUnderTest.run(script(path, 'ds_select_dst(1, 4); xlog("$du");'));
    expect(await run(server, 6)).toEqual([2, 1, 1, 2, 1, 1].map((it) => `sip:192.0.2.${it}`));
  });

  it.each([0, 1, 2, 3, 5, 7])(
    'leads the same to the same by algorithm %i, and spreads the rest',
    async (algorithm) => {
      await using server = await ScriptUnderTest.run(
        script(
          table(THREE),
          `ds_select_dst(1, ${algorithm}); xlog("$du");`,
          'modparam("dispatcher", "hash_pvar", "$fU-$ci")',
        ),
      );
      const auth = { headers: ['Authorization: Digest username="alice", realm="x"'] };
      const same = await run(server, 3, { callId: 'same', ...auth });
      expect(new Set(same).size).toBe(1);
      const spread = new Set(await run(server, 30, auth));
      expect(spread.size).toBe([0, 7].includes(algorithm) ? 3 : 1);
    },
  );

  it('takes the first, one at random, or the one of least load', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        table(THREE),
        `ds_select_dst(1, 8); xlog("$du"); ds_select_dst(1, 6); xlog("$du");
         $avp(load_sip:192.0.2.1) = 5; $avp(load_sip:192.0.2.2) = 1; $avp(load_sip:192.0.2.3) = 3;
         ds_select_dst(1, 9, "f"); xlog("$du"); ds_next_dst(); xlog("$du");`,
        'modparam("dispatcher", "pvar_algo_pattern", "$avp(load_%u)")',
      ),
    );
    const [first, random, least, after] = await run(server, 1);
    expect([first, least, after]).toEqual(['sip:192.0.2.1', 'sip:192.0.2.2', 'sip:192.0.2.3']);
    expect(THREE).toContain(`1 ${random}`);
  });

  it('tries one after the other, the last one last, and marks those that fail', async () => {
    const path = table([
      '1 sip:192.0.2.1 1 3 0 one',
      '1 sip:192.0.2.2 1 2 0 two',
      '1 sip:192.0.2.3 1 1 0 last',
    ]);
    await using server = await ScriptUnderTest.run(`${HEAD}
      modparam("dispatcher", "db_url", "sqlite://${path}") modparam("dispatcher", "attrs_avp", "$avp(attrs)")
      route { ds_select_dst(1, 8, "fud"); xlog("$du $avp(attrs)"); t_on_failure("next"); t_relay(); }
      failure_route[next] {
        ds_mark_dst("i");
        ds_count(1, "ip", $var(n)); ds_count(1, "a", $var(a)); xlog("$var(n) $var(a)");
        if (ds_next_dst()) { xlog("$du $avp(attrs)"); t_on_failure("next"); t_relay(); }
        else { xlog("none left"); t_reply(500, "None"); }
      }
      event_route[E_DISPATCHER_STATUS] { xlog("event $param(group) $param(address) $param(status)"); }`);
    const caller = server.peer('198.51.100.9');
    const gateways = [1, 2, 3].map((it) => server.peer(`192.0.2.${it}`));
    caller.request('INVITE');
    for (const gateway of gateways) {
      await server.settle();
      gateway.answer('INVITE', 503);
      await server.settle();
    }
    expect(server.lines.filter((it) => !it.startsWith('event'))).toEqual([
      'sip:192.0.2.1 one',
      '1 2',
      'sip:192.0.2.2 two',
      '2 1',
      'sip:192.0.2.3 last',
      '3 0',
      'none left',
    ]);
    expect(server.lines).toContain('event 1 sip:192.0.2.1 inactive');
    expect(caller.kinds).toContain('500');
    await server.script[Symbol.asyncDispose]();
    expect(new DatabaseSync(path).prepare('SELECT state FROM dispatcher').all()).toEqual(
      [1, 1, 1].map((state) => ({ state })),
    );
  });

  it('keeps no more than it is told, and adds others', async () => {
    const path = table([...THREE, '2 sip:192.0.2.9:5070']);
    await using server = await ScriptUnderTest.run(
      script(
        path,
        `ds_select_domain(1, 8, "f", , 2); xlog("$ru"); ds_select_dst(2, 8, "a");
        ds_next_domain(); xlog("$ru"); ds_next_domain(); xlog("$ru"); if (!ds_next_domain()) xlog("none");
        if (!ds_select_dst(7, 8)) xlog("no set");`,
      ),
    );
    expect(
      (await run(server, 1, { requestUri: 'sip:bob@example.com' })).filter((it) => !it.includes('there is')),
    ).toEqual(['sip:bob@192.0.2.1', 'sip:bob@192.0.2.2', 'sip:bob@192.0.2.9:5070', 'none', 'no set']);
  });

  it('knows its destinations, and what scripts have given them', async () => {
    const path = table(['1 sip:192.0.2.1:5070 1 0 0 eu-west', '2 sip:gw.example.com']);
    await using server = await ScriptUnderTest.run(
      script(
        path,
        `if (ds_is_in_list("192.0.2.1", 5070)) xlog("set $avp(set) $avp(a)");
         if (!ds_is_in_list("192.0.2.1", 5060)) xlog("other port");
         if (ds_is_in_list("192.0.2.50", 0, -1)) xlog("by name $avp(set)");
         if (!ds_is_in_list("192.0.2.50", 0, 1)) xlog("not in 1");
         if (ds_is_in_list("192.0.2.1", 0, 1, , 1, "eu-*")) xlog("glob");
         ds_push_script_attrs("mine", "192.0.2.1", 5070, 1); ds_get_script_attrs("sip:192.0.2.1:5070", 1, , $var(x)); xlog("$var(x)");`,
        'modparam("dispatcher", "setid_pvar", "$avp(set)") modparam("dispatcher", "attrs_avp", "$avp(a)")',
      ),
      { hosts: { 'gw.example.com': ['192.0.2.50'] } },
    );
    expect(await run(server, 1)).toEqual([
      'set 1 eu-west',
      'other port',
      'by name 2',
      'not in 1',
      'glob',
      'mine',
    ]);
  });

  it('asks destinations, leaves those out that are silent, and takes them up again', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        table(['1 sip:192.0.2.1', '1 sip:192.0.2.2 1 0 0 - 1']),
        'ds_select_dst(1, 8); xlog("$du");',
        `modparam("dispatcher", "ds_ping_interval", 10) modparam("dispatcher", "ds_probing_mode", 1)
         modparam("dispatcher", "ds_probing_threshold", 2) modparam("dispatcher", "ds_ping_from", "sip:me@example.com")
         modparam("dispatcher", "options_reply_codes", "404, 5xx")`,
      ),
    );
    const [one, two] = [server.peer('192.0.2.1'), server.peer('192.0.2.2')];
    const round = async (first: number, second: number) => {
      server.advance(10_100);
      await server.settle();
      one.answer('OPTIONS', first);
      two.answer('OPTIONS', second);
      await server.settle();
    };
    await round(403, 404);
    expect(one.last('OPTIONS')).toContain('From: <sip:me@example.com>');
    expect(await run(server, 1)).toEqual(['sip:192.0.2.1']);
    await round(403, 501);
    expect(await run(server, 1)).toEqual(['sip:192.0.2.2']);
    await round(200, 200);
    expect(await run(server, 1)).toEqual(['sip:192.0.2.1']);
  });

  it('has partitions, and commands', async () => {
    const path = table(['1 sip:192.0.2.1 3 2 0 attr']);
    await using server = await ScriptUnderTest.run(
      script(
        path,
        'ds_select_dst(1, 8, , "other"); xlog("$du $avp(oa)");',
        `modparam("dispatcher", "partition", "other: table_name = dispatcher; attrs_avp = $avp(oa)")`,
      ),
    );
    expect(await run(server, 1)).toEqual(['sip:192.0.2.1 attr']);
    const destination = {
      URI: 'sip:192.0.2.1',
      state: 'Active',
      first_hit_counter: 1,
      attr: 'attr',
      resolved_addresses: ['192.0.2.1:5060'],
    };
    expect(await command(server, 'ds_list', { partition: 'other' })).toEqual({
      PARTITIONS: [{ name: 'other', SETS: [{ id: 1, Destinations: [destination] }] }],
    });
    expect(JSON.stringify(await command(server, 'dispatcher:list', { full: 1 }))).toContain(
      '"weight":3,"priority":2',
    );
    await command(server, 'ds_set_state', { state: 'i', group: 'other:1', address: 'sip:192.0.2.1' });
    await expect(command(server, 'ds_set_state', { state: 'i', group: '9', address: 'x' })).rejects.toThrow(
      'not found',
    );
    expect(await run(server, 1)).toEqual(['<null> <null>']);
    await command(server, 'ds_reload', { partition: 'other' });
    expect(await run(server, 1)).toEqual(['<null> <null>']);
    await command(server, 'ds_set_state', { state: 'a', group: 'other:1', address: 'sip:192.0.2.1' });
    await command(server, 'ds_push_script_attrs', { attrs: 'x', ip: '192.0.2.1', port: 5060, set: 1 });
    await command(server, 'ds_reload', { inherit_state: 'n' });
    expect(await run(server, 1)).toEqual(['sip:192.0.2.1 attr']);
  });
});
