import { describe, expect, it } from 'vitest';
import type { Peer } from '../../../core/proxy/testing/peer.ts';
import { parseMessage } from '../../../wire/sip/parse.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'usrloc', 'registrar', 'nathelper']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

/** Runs statements on requests; what is sent on goes to bob at 203.0.113.5. */
async function run(body: string, params = '') {
  const server = await ScriptUnderTest.run(`${HEAD}\n${params}
    route { ${body} }
    event_route[E_UL_LATENCY_UPDATE] { xlog("latency $param(uri)"); }
    onreply_route[fix] { fix_nated_contact(); }
    route[on] { t_on_reply("fix"); $du = "sip:203.0.113.5"; t_relay(); }`);
  return { server, bob: server.peer('203.0.113.5') };
}

function header(text: string, name: string): string | undefined {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  return parsed.ok ? parsed.message.header(name) : undefined;
}

const SDP = [
  'v=0',
  'o=a 1 1 IN IP4 10.1.1.1',
  's=-',
  'c=IN IP4 10.1.1.1',
  't=0 0',
  'm=audio 4000 RTP/AVP 0',
  'c=IN IP4 0.0.0.0',
  '',
].join('\r\n');

function invite(peer: Peer, sdp = SDP, type = 'application/sdp'): void {
  const text = [
    'INVITE sip:bob@example.com SIP/2.0',
    `Via: SIP/2.0/UDP ${peer.believes}:5060;branch=z9hG4bK-${sdp.length};rport`,
    'From: <sip:a@example.com>;tag=1',
    'To: <sip:bob@example.com>',
    'Call-ID: sdp',
    'CSeq: 1 INVITE',
    `Contact: <sip:a@${peer.believes}>`,
    'Max-Forwards: 70',
    `Content-Type: ${type}`,
    `Content-Length: ${sdp.length}`,
    '',
    sdp,
  ].join('\r\n');
  peer.send(text);
}

function bodyOf(text: string): string[] {
  return text.slice(text.indexOf('\r\n\r\n') + 4).split('\r\n');
}

describe('nat_uac_test', () => {
  it.each([
    ['"private-contact"', 'yes', 'no'],
    ['"diff-ip-src-via"', 'yes', 'no'],
    ['"private-via"', 'yes', 'no'],
    ['"diff-port-src-via"', 'no', 'no'],
    ['"diff-ip-src-contact"', 'yes', 'no'],
    ['"private-contact, diff-port-src-contact"', 'yes', 'no'],
    ['"19"', 'yes', 'no'],
    ['19', 'yes', 'no'],
    ['"8"', 'no', 'no'],
  ])('%s', async (flags, behind, open) => {
    const { server } = await run(`if (nat_uac_test(${flags})) xlog("yes"); else xlog("no");`);
    await using _ = server;
    server.peer('192.0.2.7', { believes: '10.1.1.1' }).request('OPTIONS');
    server.peer('192.0.2.8').request('OPTIONS');
    await server.settle();
    expect(server.lines).toEqual([behind, open]);
  });

  it('looks into session descriptions, and at every Contact', async () => {
    const { server } = await run(
      'if (nat_uac_test("private-sdp")) xlog("sdp"); if (nat_uac_test("private-contact")) xlog("contact");',
    );
    await using _ = server;
    invite(server.peer('192.0.2.7'));
    const mixed = `--b\r\nContent-Type: application/sdp\r\n\r\n${SDP}\r\n--b--`;
    invite(server.peer('192.0.2.8'), mixed, 'multipart/mixed;boundary=b');
    server.peer('192.0.2.9').request('REGISTER', { headers: ['Contact: <sip:a@10.0.0.1>'] });
    await server.settle();
    expect(server.lines).toEqual(['sdp', 'sdp', 'contact']);
  });

  it('refuses names that are none', async () => {
    await expect(run('nat_uac_test("private-conact");')).rejects.toThrow(/private-contact/);
  });
});

describe('fix_nated_contact', () => {
  it('puts the source of requests and replies into their Contacts', async () => {
    const { server, bob } = await run('fix_nated_contact(";ata=cisco"); route(on);');
    await using _ = server;
    const alice = server.peer('192.0.2.7', { believes: '10.1.1.1', port: 6000 });
    alice.request('INVITE');
    await server.settle();
    expect(header(bob.last('INVITE'), 'Contact')).toBe('<sip:ua@192.0.2.7:6000;ata=cisco>');
    bob.answer('INVITE', 200, { contact: 'sip:b@10.2.2.2' });
    await server.settle();
    expect(header(alice.last('200'), 'Contact')).toBe('<sip:b@203.0.113.5:5060>');
  });

  it('can be undone, and cannot be done twice', async () => {
    const { server, bob } = await run(`
      if (has_totag()) {
        restore_nated_ruri();
        xlog("$ru $du");
        restore_nated_ruri();
        xlog("$rc");
        exit;
      }
      fix_nated_contact(, "preserve-uri");
      fix_nated_contact();
      xlog("$rc");
      route(on);`);
    await using _ = server;
    const alice = server.peer('192.0.2.7', { believes: '10.1.1.1' });
    alice.request('INVITE');
    await server.settle();
    const contact = header(bob.last('INVITE'), 'Contact')!;
    expect(contact).toMatch(/^<sip:ua@192\.0\.2\.7:5060;org=[\w=-]+>$/);
    bob.request('BYE', { requestUri: contact.slice(1, -1), toTag: 'x' });
    await server.settle();
    expect(server.lines).toEqual([
      'fix_nated_contact: the Contact was changed before',
      '-1',
      'sip:ua@10.1.1.1:5060 sip:ua@192.0.2.7:5060',
      '-1',
    ]);
  });

  it('refuses what is no parameter', async () => {
    await expect(run('fix_nated_contact("x>y");')).rejects.toThrow(/no URI parameters/);
  });

  it('has save keep the new Contact', async () => {
    const { server } = await run('fix_nated_contact(); save("location");');
    await using _ = server;
    const alice = server.peer('192.0.2.7', { believes: '10.1.1.1' });
    alice.request('REGISTER', { requestUri: 'sip:example.com' });
    await server.settle();
    expect(header(alice.last('200'), 'Contact')).toBe('<sip:ua@192.0.2.7:5060>;expires=3600');
  });
});

describe('fix_nated_register', () => {
  it('has save and lookup know where the phone is', async () => {
    const { server } = await run(
      'if (is_method("REGISTER")) { fix_nated_register(); save("location"); exit; } lookup("location"); xlog("$ru $du");',
      'modparam("nathelper|registrar", "received_avp", "$avp(received)")',
    );
    await using _ = server;
    const bob = server.peer('192.0.2.7', { believes: '10.1.1.1', port: 7000 });
    bob.request('REGISTER', { requestUri: 'sip:example.com' });
    await server.settle();
    expect(header(bob.last('200'), 'Contact')).toContain(';received="sip:192.0.2.7:7000"');
    server.peer('198.51.100.1').request('OPTIONS');
    await server.settle();
    expect(server.lines).toEqual(['sip:ua@10.1.1.1:7000 sip:192.0.2.7:7000']);
  });
});

describe('add_rcv_param', () => {
  it.each([
    ['', '<sip:ua@10.1.1.1:5060>;received="sip:192.0.2.7:5060"'],
    ['0', '<sip:ua@10.1.1.1:5060>;received="sip:192.0.2.7:5060"'],
    ['1', '<sip:ua@10.1.1.1:5060;received="sip:192.0.2.7:5060">'],
  ])('tells another registrar the source: (%s)', async (flag, contact) => {
    const { server, bob } = await run(`add_rcv_param(${flag}); route(on);`);
    await using _ = server;
    server.peer('192.0.2.7', { believes: '10.1.1.1' }).request('REGISTER');
    await server.settle();
    expect(header(bob.last('REGISTER'), 'Contact')).toBe(contact);
  });
});

describe('fix_nated_sdp', () => {
  const fixed = async (args: string, params = '', sdp = SDP) => {
    const { server, bob } = await run(`fix_nated_sdp(${args}); xlog("$rc"); route(on);`, params);
    await using _ = server;
    invite(server.peer('192.0.2.7', { believes: '10.1.1.1' }), sdp);
    await server.settle();
    return { body: bodyOf(bob.last('INVITE')), lines: server.lines };
  };

  it('rewrites addresses and keeps the old ones', async () => {
    const { body } = await fixed('"rewrite-media-ip,rewrite-origin-ip"');
    expect(body).toEqual([
      'v=0',
      'o=a 1 1 IN IP4 192.0.2.7',
      's=-',
      'c=IN IP4 192.0.2.7',
      't=0 0',
      'm=audio 4000 RTP/AVP 0',
      'c=IN IP4 0.0.0.0',
      'a=oldoip:10.1.1.1',
      'a=oldcip:10.1.1.1',
      '',
    ]);
  });

  it('takes an address, lines and the numbers of older scripts', async () => {
    const { body } = await fixed(
      '"23", "198.51.100.9", "\\r\\na=x:1\\r\\na=y:2"',
      'modparam("nathelper", "oldip_skip", "c")',
    );
    expect(body.filter((line) => line.startsWith('c='))).toEqual([
      'c=IN IP4 198.51.100.9',
      'c=IN IP4 198.51.100.9',
    ]);
    expect(body.slice(-5)).toEqual(['a=direction:active', 'a=nortpproxy:yes', 'a=x:1', 'a=y:2', '']);
  });

  it('leaves what it cannot rewrite', async () => {
    const six = SDP.replaceAll('IP4 10.1.1.1', 'IP6 2001:db8::1');
    const { body, lines } = await fixed('"rewrite-media-ip"', '', six);
    expect(body.join('\r\n')).toBe(six);
    expect(lines).toEqual(['fix_nated_sdp: no IPv4 address in c=', '-1']);
  });
});

describe('pings', () => {
  const register = async (
    server: ScriptUnderTest,
    address: string,
    user: string,
    transport: 'udp' | 'tcp' = 'udp',
  ) => {
    const talksTo = server.network.listeners.find((it) => it.transport === transport)!;
    const peer = server.peer(address, { believes: address.replace('192.0.2', '10.1.1'), talksTo });
    peer.request('REGISTER', {
      requestUri: 'sip:example.com',
      headers: [`X-Flags: ${user}`],
      callId: address,
    });
    await server.settle();
    return peer;
  };
  const SAVE = `if ($hdr(X-Flags) =~ "ping") setbflag("PING");
    if ($hdr(X-Flags) =~ "remove") setbflag("REMOVE");
    if ($hdr(X-Flags) =~ "nat") setbflag("NAT");
    fix_nated_register(); save("location");`;
  const PARAMS = `modparam("nathelper|registrar", "received_avp", "$avp(received)")
    modparam("usrloc", "nat_bflag", "NAT")
    modparam("nathelper", "natping_interval", 30)
    modparam("nathelper", "sipping_from", "sip:pinger@example.com")
    modparam("nathelper", "sipping_bflag", "PING")
    modparam("nathelper", "sipping_latency_flag", "PING")
    modparam("nathelper", "remove_on_timeout_bflag", "REMOVE")`;
  /** What a peer got since the last look. */
  const got = async (server: ScriptUnderTest, ...peers: Peer[]) => {
    for (let i = 0; i < 30; i++) {
      server.clock.advance(1000);
      await server.settle();
    }
    return peers.map((peer) => peer.inbox.splice(0));
  };

  it('sends zeros, requests where a flag says so, and nothing on connections', async () => {
    const { server } = await run(SAVE, PARAMS);
    await using _ = server;
    const plain = await register(server, '192.0.2.1', '-');
    const asked = await register(server, '192.0.2.2', 'ping');
    const connected = await register(server, '192.0.2.3', '-', 'tcp');
    for (const peer of [plain, asked, connected]) peer.inbox.length = 0;
    const [zeros, requests, nothing] = await got(server, plain, asked, connected);
    expect(zeros).toEqual(['\0\0\0\0']);
    expect(requests!.length).toBeGreaterThan(0);
    expect(requests![0]).toMatch(/^OPTIONS sip:ua@10\.1\.1\.2:5060 SIP\/2\.0\r\n/);
    expect(header(requests![0]!, 'From')).toMatch(/^<sip:pinger@example\.com>;tag=/);
    expect(nothing).toEqual([]);
  });

  it('pings connections, and only contacts behind NATs, where it is told so', async () => {
    const { server } = await run(
      SAVE,
      `${PARAMS}
      modparam("nathelper", "natping_tcp", 1)
      modparam("nathelper", "ping_nated_only", 1)`,
    );
    await using _ = server;
    const open = await register(server, '192.0.2.1', '-');
    const behind = await register(server, '192.0.2.2', 'nat');
    const connected = await register(server, '192.0.2.3', 'nat', 'tcp');
    for (const peer of [open, behind, connected]) peer.inbox.length = 0;
    expect(await got(server, open, behind, connected)).toEqual([[], ['\0\0\0\0'], ['\r\n\r\n']]);
  });

  it('removes contacts that do not answer, and times those that do', async () => {
    const { server } = await run(
      SAVE,
      `${PARAMS}
      modparam("nathelper", "sipping_ignore_rpl_codes", "408, 480")
      modparam("nathelper", "max_pings_lost", 2)`,
    );
    await using _ = server;
    await register(server, '192.0.2.1', 'ping remove');
    await register(server, '192.0.2.2', 'ping');
    const alive = await register(server, '192.0.2.3', 'ping remove');
    const gone = await register(server, '192.0.2.4', 'ping remove');
    for (let i = 0; i < 80; i++) {
      server.clock.advance(1000);
      await server.settle();
      if (alive.kinds.includes('OPTIONS')) alive.answer('OPTIONS', 200);
      if (gone.kinds.includes('OPTIONS')) gone.answer('OPTIONS', 480);
      alive.inbox.length = 0;
      gone.inbox.length = 0;
    }
    const left = [...server.location.all()].map(({ received }) => received.address).sort();
    expect(left).toEqual(['192.0.2.2', '192.0.2.3']);
    expect(new Set(server.lines)).toEqual(new Set(['latency sip:ua@10.1.1.3:5060']));
  });

  it('can be switched off', async () => {
    const { server } = await run(SAVE, PARAMS);
    await using _ = server;
    const peer = await register(server, '192.0.2.1', '-');
    peer.inbox.length = 0;
    expect(await server.command('nh_enable_ping')).toEqual({ Status: 1 });
    expect(await server.command('nathelper:enable_ping', { status: 0 })).toBe('OK');
    expect(await got(server, peer)).toEqual([[]]);
    expect(await server.command('nathelper:enable_ping')).toEqual({ Status: 0 });
  });

  it('needs usrloc', async () => {
    await expect(
      ScriptUnderTest.run(
        'loadmodule "nathelper.so"\nmodparam("nathelper", "natping_interval", 30)\nroute { exit; }',
      ),
    ).rejects.toThrow(/needs the module usrloc/);
  });
});
