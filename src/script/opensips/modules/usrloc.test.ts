import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { Peer } from '../../../core/proxy/testing/peer.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-usrloc-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = ['signaling', 'sl', 'tm', 'sipmsgops', 'registrar', 'usrloc', 'db_sqlite', 'statistics']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

const ROUTE = `route {
  if (is_method("REGISTER")) { setbflag("SIP_PING"); save("location"); exit; }
  if (!lookup("location")) { sl_send_reply(404, "Nobody"); exit; }
  xlog("$ru|$du|$socket_out");
  t_relay();
}`;

function script(params: string, more = ''): string {
  return `${HEAD}\n${params}\n${more}\n${ROUTE}`;
}

function withTable(file: string, mode: string, more = ''): string {
  return `modparam("usrloc", "working_mode_preset", "${mode}")
    modparam("usrloc", "db_url", "sqlite://${join(folder, file)}")
    modparam("usrloc", "timer_interval", 10)
    ${more}`;
}

let cseq = 0;

async function register(server: ScriptUnderTest, peer: Peer, headers: readonly string[] = []): Promise<void> {
  peer.request('REGISTER', {
    requestUri: 'sip:example.com',
    callId: `reg-${peer.address}`,
    cseq: ++cseq,
    headers: ['User-Agent: Desk', ...headers],
  });
  await server.settle();
}

function rows(file: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(folder, file));
  const found = database.prepare('SELECT * FROM location ORDER BY contact').all();
  database.close();
  return found.map((row) => ({ ...row }));
}

describe('usrloc in a table', () => {
  it('writes each change through, in OpenSIPS’s layout, and knows it after a restart', async () => {
    const params = withTable('through.db', 'single-instance-sql-write-through');
    const first = await ScriptUnderTest.run(script(params));
    const now = Math.floor(first.clock.wallNow() / 1000);
    await register(first, first.peer('192.0.2.7'));
    expect(rows('through.db')).toEqual([
      {
        contact_id: expect.any(Number),
        username: 'bob',
        domain: 'example.com',
        contact: 'sip:ua@192.0.2.7:5060',
        received: null,
        path: null,
        expires: now + 3600,
        q: -1,
        callid: 'reg-192.0.2.7',
        cseq,
        last_modified: expect.stringMatching(/^\d{4}-\d\d-\d\d /),
        flags: 0,
        cflags: 'SIP_PING',
        user_agent: 'Desk',
        socket: 'udp:99.88.44.33:5060',
        methods: null,
        sip_instance: null,
        kv_store: null,
        attr: null,
      },
    ]);
    await first[Symbol.asyncDispose]();

    await using second = await ScriptUnderTest.run(script(params));
    const phone = second.peer('192.0.2.7');
    second.peer('192.0.2.9').request('MESSAGE');
    await second.settle();
    expect(phone.kinds).toEqual(['MESSAGE']);
    expect(second.lines).toEqual(['sip:ua@192.0.2.7:5060|<null>|udp:10.0.0.34:5060']);
    await register(second, phone, ['Expires: 0']);
    expect(rows('through.db')).toEqual([]);
  });

  it('writes back by time, at flush and at the end', async () => {
    const file = 'back.db';
    const server = await ScriptUnderTest.run(
      script(withTable(file, 'single-instance-sql-write-back', 'modparam("usrloc", "mi_dump_kv_store", 1)')),
    );
    const phone = server.peer('192.0.2.7');
    const state = async () => JSON.stringify(await server.command('ul_dump')).match(/CS_\w+/)?.[0];
    await register(server, phone);
    expect(rows(file)).toEqual([]);
    expect(await state()).toBe('CS_NEW');
    await server.clock.advanceAsync(10_000);
    expect(rows(file)).toHaveLength(1);
    expect(await state()).toBe('CS_SYNC');
    await register(server, phone);
    expect(await state()).toBe('CS_DIRTY');
    expect(await server.command('usrloc:flush')).toBe('OK');
    expect(rows(file)[0]).toMatchObject({ cseq });
    await register(server, phone);
    await server[Symbol.asyncDispose]();
    expect(rows(file)).toMatchObject([{ cseq }]);
  });

  it('clears what has lapsed', async () => {
    await using server = await ScriptUnderTest.run(
      script(withTable('lapse.db', 'single-instance-sql-write-through')),
    );
    await register(server, server.peer('192.0.2.7'), ['Expires: 60']);
    await server.clock.advanceAsync(75_000);
    expect(rows('lapse.db')).toEqual([]);
  });

  it('works on the table alone, which others change', async () => {
    const file = 'only.db';
    await using server = await ScriptUnderTest.run(
      script(withTable(file, 'sql-only', 'modparam("usrloc", "use_domain", 0)')),
    );
    await register(server, server.peer('192.0.2.7'));
    const other = new DatabaseSync(join(folder, file));
    other.exec("UPDATE location SET contact = 'sip:ua@192.0.2.8:5060', username = 'carol'");
    other.close();
    server.peer('192.0.2.9').request('MESSAGE', { requestUri: 'sip:carol@anywhere.org' });
    await server.settle();
    expect(server.lines.at(-1)).toContain('sip:ua@192.0.2.8:5060');
  });

  it('takes other names of columns, settings of older scripts, and says what is wrong with a table', async () => {
    const file = 'columns.db';
    const database = new DatabaseSync(join(folder, file));
    database.exec(`CREATE TABLE location (ctid INTEGER PRIMARY KEY, username, domain, contact, received, path, expires,
      q, callid, cseq, last_modified, flags, cflags, user_agent, socket, methods, sip_instance, kv_store, attr)`);
    database.close();
    const params = `modparam("usrloc", "db_mode", 1)
      modparam("usrloc", "db_url", "sqlite://${join(folder, file)}")`;
    await expect(ScriptUnderTest.run(script(params))).rejects.toMatchObject({
      message: expect.stringContaining('the table location has no column contact_id'),
    });
    const renamed = `${params}\nmodparam("usrloc", "contact_id_column", "ctid")`;
    await using server = await ScriptUnderTest.run(script(renamed));
    expect(server.notices.map(({ message }) => message)).toContain(
      'an older setting: write working_mode_preset',
    );
    await register(server, server.peer('192.0.2.7'));
    expect(rows(file)).toHaveLength(1);
    const without = script('modparam("usrloc", "working_mode_preset", "sql-only")');
    await expect(ScriptUnderTest.run(without)).rejects.toMatchObject({ message: 'usrloc needs a database' });
  });
});

describe('usrloc', () => {
  it('answers MI as OpenSIPS does', async () => {
    await using server = await ScriptUnderTest.run(script('modparam("usrloc", "nat_bflag", "NAT")'));
    await register(server, server.peer('192.0.2.7'), ['Allow: INVITE, ACK', 'Expires: 100']);
    const bob = { table_name: 'location', aor: 'bob@example.com' };
    expect(await server.command('usrloc:show_contact', bob)).toEqual({
      AOR: 'bob@example.com',
      Contacts: [
        {
          Contact: 'sip:ua@192.0.2.7:5060',
          ContactID: expect.stringMatching(/^\d+$/),
          Expires: 100,
          Q: '',
          Callid: 'reg-192.0.2.7',
          Cseq: cseq,
          'User-agent': 'Desk',
          State: 'CS_NEW',
          Flags: 0,
          Cflags: 'SIP_PING',
          Socket: 'udp:99.88.44.33:5060',
          Methods: 5,
        },
      ],
    });
    expect(await server.command('ul_dump', { brief: 'brief' })).toEqual({
      Domains: [{ name: 'location', hash_size: 512, AORs: [{ AOR: 'bob@example.com' }] }],
    });
    const contact = {
      contact: 'sip:x@192.0.2.99',
      expires: 0,
      q: '0.5',
      flags: 0,
      cflags: 0,
      methods: 32767,
    };
    expect(await server.command('ul_add', { ...bob, ...contact })).toBe('OK');
    expect(JSON.stringify(await server.command('ul_show_contact', bob))).toMatch(
      /"Contact":"sip:x@192.0.2.99",.*"Expires":"permanent","Q":"0.5"/,
    );
    expect(await server.command('ul_rm_contact', { ...bob, contact: 'sip:ua@192.0.2.7:5060' })).toBe('OK');
    expect(server.location.count()).toBe(1);
    expect(await server.command('ul_rm', bob)).toBe('OK');
    expect(server.location.count()).toBe(0);
    const attempt = (name: string, params: Record<string, string>) => server.command(name, params);
    await expect(attempt('ul_rm', { ...bob, table_name: 'nowhere' })).rejects.toMatchObject({ code: 404 });
    await expect(attempt('ul_rm', { ...bob, aor: 'bob' })).rejects.toThrow('Domain missing in AOR');
    await expect(attempt('ul_show_contact', bob)).rejects.toThrow('AOR not found');
    await expect(attempt('ul_sync', bob)).rejects.toMatchObject({ code: 200 });
  });

  it('writes a table anew by MI', async () => {
    await using server = await ScriptUnderTest.run(
      script(withTable('sync.db', 'single-instance-sql-write-back')),
    );
    await register(server, server.peer('192.0.2.7'));
    const other = new DatabaseSync(join(folder, 'sync.db'));
    other.exec("INSERT INTO location (username, domain, contact, expires) VALUES ('x', 'y', 'sip:z@w', 1)");
    other.close();
    expect(await server.command('usrloc:sync', { table_name: 'location' })).toBe('OK');
    expect(rows('sync.db')).toMatchObject([{ username: 'bob' }]);
  });

  it('raises events of addresses-of-record and contacts', async () => {
    const events = ['AOR_INSERT', 'AOR_DELETE', 'CONTACT_INSERT', 'CONTACT_UPDATE', 'CONTACT_DELETE'];
    const routes = events.map(
      (name) => `event_route[E_UL_${name}] { xlog("${name} $param(aor) $param(uri) $param(expires)"); }`,
    );
    await using server = await ScriptUnderTest.run(script('', routes.join('\n')));
    const phone = server.peer('192.0.2.7');
    const until = Math.floor(server.clock.wallNow() / 1000) + 3600;
    await register(server, phone);
    await register(server, phone);
    await register(server, phone, ['Expires: 0']);
    const about = `bob@example.com sip:ua@192.0.2.7:5060 ${until}`;
    expect(server.lines).toEqual([
      'AOR_INSERT bob@example.com <null> <null>',
      `CONTACT_INSERT ${about}`,
      `CONTACT_UPDATE ${about}`,
      `CONTACT_DELETE ${about}`,
      'AOR_DELETE bob@example.com <null> <null>',
    ]);
  });

  it('keeps texts with addresses-of-record', async () => {
    const keys = `${HEAD}
      route {
        if (is_method("REGISTER")) { save("location"); exit; }
        if (ul_get_key("location", "bob@example.com", "color", $var(c))) xlog("$var(c)"); else xlog("none");
        if (is_method("INFO")) ul_del_key("location", "bob@example.com", "color");
        else { ul_add_key("location", "bob@example.com", "color", "red"); xlog("$rc"); }
      }`;
    await using server = await ScriptUnderTest.run(keys);
    const caller = server.peer('192.0.2.9');
    caller.request('OPTIONS', { callId: '1' });
    await server.settle();
    await register(server, server.peer('192.0.2.7'));
    for (const method of ['OPTIONS', 'INFO', 'MESSAGE']) {
      caller.request(method, { callId: method });
      await server.settle();
    }
    expect(server.lines).toEqual(['none', '-1', 'none', '1', 'red', 'none', '1']);
  });

  it('orders contacts by time where it is told so, and keeps domains apart', async () => {
    const domains = `${HEAD}
      modparam("usrloc", "desc_time_order", 1)
      route {
        if (is_method("REGISTER")) { if ($si == "192.0.2.6") save("other"); else save("location"); exit; }
        lookup("location"); xlog("$ru");
        xlog("$stat(location-users) $stat(location-contacts) $stat(other-contacts) $stat(registered_users)");
      }`;
    await using server = await ScriptUnderTest.run(domains);
    for (const address of ['192.0.2.6', '192.0.2.7', '192.0.2.8']) {
      await register(server, server.peer(address));
      server.clock.advance(1000);
    }
    server.peer('192.0.2.9').request('OPTIONS');
    await server.settle();
    expect(server.lines).toEqual(['sip:ua@192.0.2.8:5060', '1 2 1 2']);
  });

  it('shares a table between a script and the one that replaces it', async () => {
    const params = withTable('reload.db', 'single-instance-sql-write-back');
    const first = await ScriptUnderTest.run(script(params));
    const phone = first.peer('192.0.2.7');
    await register(first, phone);
    const { startScript } = await import('../runtime/start-script.ts');
    await using second = await startScript(first.script.program.loaded, first.services);
    await first.script[Symbol.asyncDispose]();
    await register(first, phone, ['X: still the first script, which has ended']);
    const module = second.program.modules.find(({ name }) => name === 'usrloc')!;
    const { location } = second.program.stateOf<{ location: { flush(): Promise<void> } }>(module)!;
    await location.flush();
    expect(rows('reload.db')).toMatchObject([{ username: 'bob', cseq }]);
  });

  it('says which modes there are', async () => {
    const load = (mode: string) =>
      ScriptUnderTest.run(script(`modparam("usrloc", "working_mode_preset", "${mode}")`));
    await expect(load('full-sharing-cluster')).rejects.toThrow(/one node works for itself/);
    await expect(load('sql')).rejects.toThrow(/single-instance-sql-write-back/);
  });
});
