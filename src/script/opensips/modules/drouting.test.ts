import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sqliteSchema } from '../db/sql-text.ts';
import { command } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { CARRIERS, GATEWAYS, GROUPS, RULES } from './drouting/partition.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'db_sqlite', 'drouting']
  .map((it) => `loadmodule "${it}.so"`)
  .join('\n');

type Rows = Readonly<Record<string, readonly Readonly<Record<string, string | number>>[]>>;

function tables(rows: Rows): string {
  const path = join(mkdtempSync(join(tmpdir(), 'dr-')), 'dr.sqlite');
  const database = new DatabaseSync(path);
  for (const layout of [GATEWAYS, RULES, CARRIERS, GROUPS]) database.exec(sqliteSchema(layout.name, layout));
  for (const [table, list] of Object.entries(rows)) {
    for (const row of list) {
      const names = Object.keys(row);
      database
        .prepare(`INSERT INTO ${table} (${names}) VALUES (${names.map(() => '?')})`)
        .run(...Object.values(row));
    }
  }
  database.close();
  return path;
}

const gateway = (id: number, more: Record<string, string | number> = {}) => ({
  gwid: `gw${id}`,
  address: `192.0.2.${id}`,
  attrs: `attrs${id}`,
  ...more,
});

const ROWS: Rows = {
  dr_gateways: [
    gateway(1, { strip: 2, pri_prefix: '9' }),
    gateway(2, { type: 5, address: 'sip:192.0.2.2:5070' }),
    gateway(3),
    gateway(4),
  ],
  dr_carriers: [
    { carrierid: 'c1', gwlist: 'gw3,gw4', attrs: 'carrier' },
    { carrierid: 'first', gwlist: 'gw4,gw3', flags: 1 },
  ],
  dr_rules: [
    { groupid: '0,2', prefix: '', gwlist: 'gw4', attrs: 'default' },
    { groupid: '0', prefix: '49', gwlist: 'gw1,#c1', priority: 1, attrs: 'germany' },
    { groupid: '0', prefix: '4930', gwlist: 'gw2', priority: 1, attrs: 'berlin' },
    {
      groupid: '0',
      prefix: '4930',
      gwlist: 'gw3',
      priority: 9,
      attrs: 'past',
      timerec: 'UTC|19990101T000000|20000101T000000',
    },
    { groupid: '0', prefix: '4930', gwlist: 'gw3', priority: 9, attrs: 'wrong', timerec: 'whenever' },
  ],
  dr_groups: [{ username: 'alice', domain: 'example.com', groupid: 2 }],
};

function script(body: string, params = '', rows: Rows = ROWS, more = ''): string {
  return `${HEAD}
    modparam("drouting", "db_url", "sqlite://${tables(rows)}")
    modparam("drouting", "gw_id_avp", "$avp(gw)") modparam("drouting", "carrier_id_avp", "$avp(carrier)")
    modparam("drouting", "rule_id_avp", "$avp(rule)") modparam("drouting", "rule_prefix_avp", "$avp(prefix)")
    modparam("drouting", "gw_priprefix_avp", "$avp(pri)") ${params}
    route { ${body} exit; }
    ${more}`;
}

async function lines(text: string, requestUri: string, from = '203.0.113.9'): Promise<readonly string[]> {
  await using server = await ScriptUnderTest.run(text);
  server.peer(from).request('OPTIONS', { requestUri });
  await server.settle();
  return server.lines.filter((it) => !it.startsWith('drouting:'));
}

describe('drouting', () => {
  it('takes the rule of the longest prefix, the highest priority and the right time', async () => {
    const body =
      'if (do_routing(0, , , $var(r), $var(g), $var(c))) xlog("$ru $var(r) $var(g) $var(c) $avp(gw) $avp(carrier) $avp(rule) $avp(prefix) $avp(pri)");';
    expect(await lines(script(body), 'sip:493012345@example.com')).toEqual([
      'sip:493012345@192.0.2.2:5070 berlin attrs2  gw2 <null> 3 4930 ',
    ]);
    expect(await lines(script(body), 'sip:49891@example.com')).toEqual([
      'sip:9891@192.0.2.1 germany attrs1  gw1 <null> 2 49 9',
    ]);
    expect(await lines(script(body), 'sip:331@example.com')).toEqual([
      'sip:331@192.0.2.4 default attrs4  gw4 <null> 1  ',
    ]);
  });

  it('goes on to others: of the rule, of carriers, and with F of other rules', async () => {
    const body =
      'do_routing(0, "F"); xlog("$ru"); while (use_next_gw(, , $var(c))) { xlog("$ru $var(c) $avp(carrier)"); }';
    expect(await lines(script(body), 'sip:49301@example.com')).toEqual([
      'sip:49301@192.0.2.2:5070',
      'sip:9301@192.0.2.1  <null>',
      'sip:49301@192.0.2.3 carrier c1',
      'sip:49301@192.0.2.4 carrier c1',
      'sip:49301@192.0.2.4  <null>',
    ]);
    const listed = 'do_routing(0, , "gw4"); xlog("$ru"); if (!use_next_gw()) xlog("none");';
    expect(await lines(script(listed), 'sip:491@example.com')).toEqual(['sip:491@192.0.2.4', 'none']);
  });

  it('knows groups of users, or a default one', async () => {
    const body = 'if (do_routing()) xlog("$ru"); else xlog("none");';
    expect(await lines(script(body), 'sip:491@example.com')).toEqual(['sip:491@192.0.2.4']);
    const nobody = { ...ROWS, dr_groups: [{ username: 'alice', domain: 'other.com', groupid: 2 }] };
    expect(await lines(script(body, '', nobody), 'sip:491@example.com')).toEqual(['none']);
    expect(
      await lines(script(body, 'modparam("drouting", "use_domain", 0)', nobody), 'sip:491@example.com'),
    ).toEqual(['sip:491@192.0.2.4']);
    expect(
      await lines(script(body, 'modparam("drouting", "default_group", 0)', nobody), 'sip:491@example.com'),
    ).toEqual(['sip:91@192.0.2.1']);
  });

  it('checks numbers, wholly where it is told to, and changes nothing', async () => {
    const body = `if (dr_match(0, , "4989", $var(a))) xlog("$var(a)"); if (dr_match(0, "L", "49")) xlog("whole");
      if (!dr_match(0, "L", "4989")) xlog("not whole"); if (!dr_match(7, , "49")) xlog("no group");
      if (do_routing(0, "C", , $var(a))) xlog("$ru $var(a)");`;
    expect(await lines(script(body), 'sip:491@example.com')).toEqual([
      'germany',
      'whole',
      'not whole',
      'no group',
      'sip:491@example.com germany',
    ]);
  });

  it('leads to carriers and gateways by name', async () => {
    const body = `route_to_carrier("nobody, c1", $var(g), $var(c)); xlog("$ru $var(g) $var(c)"); use_next_gw(); xlog("$ru");
      $ru = "sip:1@example.com"; route_to_carrier("first"); xlog("$ru"); if (!use_next_gw()) xlog("one only");
      $ru = "sip:1234@example.com"; route_to_gw("gw1,gw2"); xlog("$ru"); use_next_gw(); xlog("$ru");
      if (!route_to_gw("gw9")) xlog("none");`;
    expect(await lines(script(body), 'sip:1@example.com')).toEqual([
      'sip:1@192.0.2.3 attrs3 carrier',
      'sip:1@192.0.2.4',
      'sip:1@192.0.2.4',
      'one only',
      'sip:934@192.0.2.1',
      'sip:1234@192.0.2.2:5070',
      'none',
    ]);
  });

  it('knows its gateways by their addresses', async () => {
    const body = `if (is_from_gw()) xlog("from"); if (is_from_gw(5)) xlog("type"); if (is_from_gw(-1, "nspic", $var(g), $var(c))) xlog("$ru $avp(gw) $avp(carrier) $var(g) $var(c)");
      $ru = "sip:1@192.0.2.3"; if (goes_to_gw()) xlog("goes"); $du = "sip:203.0.113.1"; if (!goes_to_gw()) xlog("elsewhere");
      if (dr_is_gw("sip:x@192.0.2.2:5070", 5) && !dr_is_gw("sip:192.0.2.2") && dr_is_gw("sip:192.0.2.2", , "n")) xlog("port");`;
    expect(await lines(script(body), 'sip:1234@example.com', '192.0.2.1')).toEqual([
      'from',
      'sip:934@example.com gw1 <null> attrs1 ',
      'goes',
      'elsewhere',
      'port',
    ]);
    expect(await lines(script(body), 'sip:1@example.com', '203.0.113.7')).toEqual([
      'goes',
      'elsewhere',
      'port',
    ]);
    expect(
      await lines(
        script('if (is_from_gw(, "c", , $var(c))) xlog("$avp(carrier) $var(c)");'),
        'sip:1@example.com',
        '192.0.2.3',
      ),
    ).toEqual(['c1 carrier']);
  });

  it('runs the route of a rule, and draws by weight', async () => {
    const rows = {
      ...ROWS,
      dr_rules: [{ groupid: '0', prefix: '', gwlist: 'gw2=0,gw3=100', sort_alg: 'W', routeid: 'chosen' }],
    };
    const text = script('do_routing(0); xlog("$ru");', '', rows, 'route[chosen] { xlog("chosen for $rU"); }');
    expect(await lines(text, 'sip:1@example.com')).toEqual(['chosen for 1', 'sip:1@192.0.2.3']);
  });

  it('leaves gateways out that are down until they answer, and has commands', async () => {
    const rows = {
      ...ROWS,
      dr_gateways: [gateway(1, { probe_mode: 1 }), gateway(2), gateway(3), gateway(4)],
    };
    const text = script(
      'if ($rU == "down") { route_to_gw("gw1"); dr_disable(); exit; } do_routing(0); xlog("$ru $avp(gw)");',
      'modparam("drouting", "probing_interval", 10)',
      rows,
      'event_route[E_DROUTING_STATUS] { xlog("event $param(gwid) $param(status)"); }',
    );
    await using server = await ScriptUnderTest.run(text);
    const peer = server.peer('203.0.113.9');
    const ask = async (requestUri: string) => {
      peer.request('OPTIONS', { requestUri });
      await server.settle();
      return server.lines.at(-1);
    };
    expect(await ask('sip:491@example.com')).toBe('sip:491@192.0.2.1 gw1');
    expect(await ask('sip:down@example.com')).toBe('event gw1 probing');
    expect(await ask('sip:491@example.com')).toBe('sip:491@192.0.2.3 gw3');
    expect(await command(server, 'dr_gw_status', { gw_id: 'gw1' })).toEqual({
      ATTRS: 'attrs1',
      State: 'Probing',
    });
    const one = server.peer('192.0.2.1');
    server.advance(10_100);
    await server.settle();
    one.answer('OPTIONS', 200);
    await server.settle();
    expect(await ask('sip:491@example.com')).toBe('sip:491@192.0.2.1 gw1');
    await command(server, 'dr_gw_status', { gw_id: 'gw1', status: 0 });
    await command(server, 'dr_carrier_status', { carrier_id: 'c1', status: 0 });
    expect(await command(server, 'drouting:carrier_status', { carrier_id: 'c1' })).toEqual({
      ATTRS: 'carrier',
      Enabled: 'no',
    });
    const before = server.lines.length;
    await ask('sip:491@example.com');
    expect(server.lines.slice(before)).toEqual(['sip:491@example.com <null>']);
    expect(await command(server, 'dr_number_routing', { number: '4930', group_id: 0 })).toEqual({
      'Matched Prefix': '4930',
      'GW List': [{ GW: 'gw2' }],
      ATTRS: 'berlin',
    });
    await expect(command(server, 'dr_number_routing', { number: '1', group_id: 9 })).rejects.toThrow(
      'No match',
    );
    expect(JSON.stringify(await command(server, 'dr_gw_status'))).toContain(
      '{"ID":"gw1","IP":"192.0.2.1","ATTRS":"attrs1","State":"Disabled MI"}',
    );
    await command(server, 'dr_reload', { inherit_state: 'n' });
    expect(await command(server, 'dr_gw_status', { gw_id: 'gw1' })).toMatchObject({ State: 'Disabled MI' });
    expect(await command(server, 'dr_reload_status')).toHaveProperty('Date');
    await command(server, 'dr_enable_probing', { status: 0 });
    expect(await command(server, 'dr_enable_probing')).toEqual({ Status: 0 });
  });
});
