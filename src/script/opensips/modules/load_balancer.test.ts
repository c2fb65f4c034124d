import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { callerDialog } from '../../../core/proxy/testing/peer.ts';
import { sqliteSchema } from '../db/sql-text.ts';
import { command } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { BALANCER_TABLE } from './load_balancer/balancer.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'db_sqlite', 'dialog', 'load_balancer']
  .map((it) => `loadmodule "${it}.so"`)
  .join('\n');

/** `group uri resources probe_mode attrs` */
function table(rows: readonly string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'lb-')), 'lb.sqlite');
  const database = new DatabaseSync(path);
  database.exec(sqliteSchema('load_balancer', BALANCER_TABLE));
  const insert = database.prepare(
    'INSERT INTO load_balancer (group_id, dst_uri, resources, probe_mode, attrs) VALUES (?, ?, ?, ?, ?)',
  );
  for (const row of rows) {
    const [group, uri, resources, probe = '0', attrs = null] = row.split(' ');
    insert.run(Number(group), uri!, resources!, Number(probe), attrs);
  }
  database.close();
  return path;
}

const TWO = ['1 sip:192.0.2.1 pstn=2;transc=1 1 one', '1 sip:192.0.2.2 pstn=1 2 two'];

function script(rows: readonly string[], first: string, more = '', params = ''): string {
  return `${HEAD}
    modparam("load_balancer", "db_url", "sqlite://${table(rows)}") ${params}
    route {
      if (has_totag()) { loose_route(); t_relay(); exit; }
      record_route();
      ${first}
    }
    ${more}`;
}

describe('load_balancer', () => {
  it('sends each call where most room is, and counts it until it has ended', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        TWO,
        'if (lb_start(1, "pstn", , $var(a))) { xlog("$du $var(a)"); t_relay(); } else { xlog("$rc"); exit; }',
      ),
    );
    const caller = server.peer('198.51.100.9');
    const gateways = [server.peer('192.0.2.1'), server.peer('192.0.2.2')];
    const call = async (callId: string) => {
      caller.request('INVITE', { callId, branch: `z9hG4bK-${callId}` });
      await server.settle();
    };
    for (const id of ['a', 'b', 'c', 'd']) await call(id);
    expect(server.lines).toEqual(['sip:192.0.2.1 one', 'sip:192.0.2.1 one', 'sip:192.0.2.2 two', '-2']);
    expect(await command(server, 'lb_list')).toMatchObject({
      Destinations: [
        {
          id: 1,
          group: 1,
          enabled: 'yes',
          'auto-reenable': 'on',
          attrs: 'one',
          Resources: [
            { name: 'pstn', max: 2, load: 2 },
            { name: 'transc', max: 1, load: 0 },
          ],
        },
        { id: 2, Resources: [{ name: 'pstn', max: 1, load: 1 }] },
      ],
    });
    gateways[1]!.answer('INVITE', 200);
    await server.settle();
    const dialog = callerDialog(caller.last('200'));
    caller.inDialog('ACK', dialog);
    caller.inDialog('BYE', dialog);
    await server.settle();
    gateways[1]!.answer('BYE', 200);
    await call('e');
    expect(server.lines.at(-1)).toBe('sip:192.0.2.2 two');
  });

  it('goes on to others, and leaves those out that fail', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        TWO,
        'if (load_balance(1, "pstn", "r")) { xlog("$du"); t_on_failure("next"); t_relay(); }',
        `failure_route[next] {
           if (lb_is_started()) lb_disable_dst();
           if (lb_next()) { xlog("$du"); t_on_failure("next"); t_relay(); }
           else { xlog("$rc"); lb_reset(); if (!lb_is_started()) t_reply(500, "None"); }
         }
         event_route[E_LOAD_BALANCER_STATUS] { xlog("$param(uri) $param(status)"); }`,
        'modparam("load_balancer", "probing_interval", 10)',
      ),
    );
    const caller = server.peer('198.51.100.9');
    const [one, two] = [server.peer('192.0.2.1'), server.peer('192.0.2.2')];
    caller.request('INVITE');
    await server.settle();
    one.answer('INVITE', 503);
    await server.settle();
    two.answer('INVITE', 503);
    await server.settle();
    expect(server.lines.filter((it) => !it.includes('abled'))).toEqual([
      'sip:192.0.2.1',
      'sip:192.0.2.2',
      '-3',
    ]);
    expect(caller.kinds).toContain('500');
    expect(await command(server, 'lb_status', { destination_id: 1 })).toEqual({ enabled: 'no' });
    server.advance(10_100);
    await server.settle();
    one.answer('OPTIONS', 200);
    two.answer('OPTIONS', 404);
    await server.settle();
    expect(server.lines.slice(-1)).toEqual(['sip:192.0.2.1 enabled']);
    expect(await command(server, 'load_balancer:status', { destination_id: 2 })).toEqual({ enabled: 'no' });
    await command(server, 'lb_status', { destination_id: 2, new_status: 1 });
    expect(await command(server, 'lb_status', { destination_id: 2 })).toEqual({ enabled: 'yes' });
  });

  it('looks at all resources, and tells what there is not', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        TWO,
        `lb_start(1, "pstn;transc"); xlog("$du"); lb_reset();
        lb_start(1, "video"); xlog("$rc"); lb_start(7, "pstn"); xlog("$rc");
        lb_start_or_next(1, "pstn", "s"); lb_start_or_next(1, "pstn"); lb_start_or_next(1, "pstn"); xlog("$rc"); exit;`,
      ),
    );
    server.peer('198.51.100.9').request('INVITE');
    await server.settle();
    expect(server.lines).toEqual(['sip:192.0.2.1', '-4', '-3', '-3']);
  });

  it('counts calls from destinations, takes full ones where it must, and has other capacities', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        TWO,
        `if (lb_is_destination("192.0.2.2", 5060, 1, 1, $var(a))) xlog("is $var(a)");
        if (!lb_is_destination("192.0.2.2", 5070) && lb_is_destination("192.0.2.2", 0)) xlog("port");
        lb_count_call("192.0.2.2", 0, -1, "pstn"); 
        lb_start(1, "pstn", "n"); xlog("$du"); t_relay();`,
      ),
    );
    const caller = server.peer('198.51.100.9');
    caller.request('INVITE');
    await server.settle();
    expect(server.lines).toEqual(['is two', 'port', 'sip:192.0.2.1']);
    expect(JSON.stringify(await command(server, 'lb_list'))).toContain('"max":1,"load":1}],"attrs":"two"');
    await command(server, 'lb_resize', { destination_id: 1, res_name: 'pstn', new_capacity: 0 });
    await expect(
      command(server, 'lb_resize', { destination_id: 9, res_name: 'x', new_capacity: 0 }),
    ).rejects.toThrow('not found');
    caller.request('INVITE', { callId: 'again', branch: 'z9hG4bK-again' });
    await server.settle();
    // Both are over by one: the first of the table is taken.
    expect(server.lines.at(-1)).toBe('sip:192.0.2.1');
    await command(server, 'lb_reload');
    expect(JSON.stringify(await command(server, 'lb_list'))).toContain('"name":"pstn","max":2');
  });
});
