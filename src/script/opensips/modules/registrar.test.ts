import { describe, expect, it } from 'vitest';
import type { Peer, RequestOptions } from '../../../core/proxy/testing/peer.ts';
import { parseMessage } from '../../../wire/sip/parse.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'sipmsgops', 'usrloc', 'registrar']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

/** REGISTERs are saved as `save` says, everything else is looked up and sent on. */
function registrar(options: { params?: string; save?: string; lookup?: string; more?: string } = {}): string {
  const { params = '', save = 'save("location")', lookup = 'lookup("location")', more = '' } = options;
  return `${HEAD}\n${params}\n${more}
    route {
      if (is_method("REGISTER")) { ${save}; xlog("save $rc"); exit; }
      if (!${lookup}) { xlog("lookup $rc"); sl_send_reply(404, "Nobody"); exit; }
      xlog("$ru|$du|$(msg.branch.q[0])|$(msg.branch.uri[1])");
      t_relay();
    }`;
}

let cseq = 0;

/** Registers a phone as bob. @returns the answer */
function register(peer: Peer, options: RequestOptions & { expires?: number; callId?: string } = {}): string {
  const expires = options.expires === undefined ? [] : [`Expires: ${options.expires}`];
  peer.request('REGISTER', {
    requestUri: 'sip:example.com',
    callId: `reg-${peer.address}`,
    cseq: ++cseq,
    ...options,
    headers: [...expires, ...(options.headers ?? [])],
  });
  return peer.inbox.at(-1)!;
}

function header(text: string, name: string): string | undefined {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  return parsed.ok ? parsed.message.header(name) : undefined;
}

describe('save', () => {
  it('answers with all contacts and what is left of their time', async () => {
    await using server = await ScriptUnderTest.run(registrar());
    const first = server.peer('192.0.2.7');
    const second = server.peer('192.0.2.8');
    expect(header(register(first, { expires: 600 }), 'Contact')).toBe('<sip:ua@192.0.2.7:5060>;expires=600');
    server.clock.advance(100_000);
    const answer = register(second, { contact: 'sip:ua@192.0.2.8:5060>;q=high;x=<' });
    expect(answer).toMatch(/^SIP\/2.0 400 Bad Request/);
    expect(header(answer, 'P-Registrar-Error')).toBe('Bad Contact');
    expect(header(register(second, { expires: 120 }), 'Contact')).toBe(
      '<sip:ua@192.0.2.7:5060>;expires=500, <sip:ua@192.0.2.8:5060>;expires=120',
    );
    expect(header(register(first, { expires: 0 }), 'Contact')).toBe('<sip:ua@192.0.2.8:5060>;expires=120');
    expect(server.lines).toEqual(['save 1', 'save -2', 'save 1', 'save 1']);
  });

  it('makes short lives longer and long ones shorter, by parameters and by flags', async () => {
    const params = `modparam("registrar", "min_expires", 120)
      modparam("registrar", "max_expires", 1000)
      modparam("registrar", "default_expires", 300)`;
    await using server = await ScriptUnderTest.run(registrar({ params }));
    const peer = server.peer('192.0.2.7');
    const left = (text: string) => /expires=(\d+)/.exec(text)?.[1];
    expect(left(register(peer, { expires: 5 }))).toBe('120');
    expect(left(register(peer, { expires: 5000 }))).toBe('1000');
    expect(left(register(peer))).toBe('300');
    const save = 'save("location", "min-expires=10, max-expires=20")';
    await using other = await ScriptUnderTest.run(registrar({ params, save }));
    const another = other.peer('192.0.2.7');
    expect(left(register(another, { expires: 5 }))).toBe('10');
    expect(left(register(another, { expires: 900 }))).toBe('20');
  });

  it('refuses one contact too many, or drops the oldest', async () => {
    const params = 'modparam("registrar", "max_contacts", 1)\nmodparam("registrar", "retry_after", 7)';
    await using server = await ScriptUnderTest.run(registrar({ params }));
    register(server.peer('192.0.2.7'));
    const refused = register(server.peer('192.0.2.8'));
    expect(refused).toMatch(/^SIP\/2.0 503 /);
    expect(header(refused, 'P-Registrar-Error')).toBe('Too many registered contacts');
    expect(header(refused, 'Retry-After')).toBe('7');
    const save = 'save("location", "max-contacts=2,force-registration")';
    await using forced = await ScriptUnderTest.run(registrar({ params, save }));
    const contacts = ['192.0.2.7', '192.0.2.8', '192.0.2.9'].map((address) => {
      forced.clock.advance(1000);
      return header(register(forced.peer(address)), 'Contact')!;
    });
    expect(contacts[2]).not.toContain('192.0.2.7');
    expect(contacts[2]!.split(', ')).toHaveLength(2);
  });

  it('keeps order by CSeq, and takes the letters of older scripts', async () => {
    const params = 'modparam("registrar", "allow_dup_cseq", 0)';
    await using server = await ScriptUnderTest.run(registrar({ params, save: 'save("location", "c5f")' }));
    expect(server.notices.map(({ message }) => message)).toContain(
      'an older spelling: write "max-contacts=5,force-registration"',
    );
    const peer = server.peer('192.0.2.7');
    register(peer, { cseq: 10 });
    expect(register(peer, { cseq: 10, branch: 'z9hG4bKa' })).toMatch(/^SIP\/2.0 200/);
    server.clock.advance(21_000);
    const late = register(peer, { cseq: 10, branch: 'z9hG4bKb' });
    expect(late).toMatch(/^SIP\/2.0 400/);
    expect(header(late, 'P-Registrar-Error')).toBe('Invalid CSeq number');
    await using lenient = await ScriptUnderTest.run(registrar());
    const another = lenient.peer('192.0.2.7');
    register(another, { cseq: 10 });
    lenient.clock.advance(21_000);
    expect(register(another, { cseq: 10, branch: 'z9hG4bKc' })).toMatch(/^SIP\/2.0 200/);
  });

  it('stores Path, and echoes it to who supports it', async () => {
    await using server = await ScriptUnderTest.run(
      registrar({
        save: 'save("location", "path-strict, path-received")',
        params: 'modparam("usrloc", "nat_bflag", "NAT")',
      }),
    );
    const edge = server.peer('198.51.100.1');
    const path = 'Path: <sip:edge@198.51.100.1;lr;received=sip:203.0.113.9:4444>';
    const refused = register(edge, { headers: [path] });
    expect(refused).toMatch(/^SIP\/2.0 420 Bad Extension/);
    expect(header(refused, 'Unsupported')).toBe('path');
    const taken = register(edge, { headers: [path, 'Supported: path'] });
    expect(header(taken, 'Path')).toContain('edge@198.51.100.1');
    server.peer('192.0.2.9').request('MESSAGE');
    const sent = edge.last('MESSAGE');
    expect(sent).toMatch(/^MESSAGE sip:ua@198.51.100.1:5060 /);
    expect(header(sent, 'Route')).toContain('edge@198.51.100.1');
    expect(JSON.stringify(await server.command('ul_dump'))).toContain('"Cflags":"NAT"');
  });

  it('tells where a phone behind a NAT came from, and sends there', async () => {
    const params = `modparam("registrar", "received_avp", "$avp(rcv)")
      modparam("registrar", "received_param", "rcv")
      modparam("registrar", "attr_avp", "$avp(attr)")
      modparam("usrloc", "nat_bflag", "NAT")`;
    const save =
      '$avp(rcv) = "sip:" + $si + ":" + $sp; $avp(attr) = "desk"; setbflag("NAT"); save("location")';
    const script = registrar({ params, save }).replace(
      't_relay();',
      'if (isbflagset("NAT")) xlog("natted $msg.branch.attr(attr)"); t_relay();',
    );
    await using server = await ScriptUnderTest.run(script);
    const phone = server.peer('192.0.2.7', { believes: '10.9.9.9', port: 40_001 });
    expect(header(register(phone), 'Contact')).toBe(
      '<sip:ua@10.9.9.9:40001>;expires=3600;rcv="sip:192.0.2.7:40001"',
    );
    server.peer('192.0.2.9').request('MESSAGE');
    expect(phone.last('MESSAGE')).toMatch(/^MESSAGE sip:ua@10.9.9.9:40001 /);
    expect(server.lines.slice(1)).toEqual([
      'sip:ua@10.9.9.9:40001|sip:192.0.2.7:40001|-1|<null>',
      'natted desk',
    ]);
  });

  it('answers nothing where it is told so, and only the contacts asked about', async () => {
    await using silent = await ScriptUnderTest.run(registrar({ save: 'save("location", "no-reply")' }));
    const peer = silent.peer('192.0.2.7');
    peer.request('REGISTER', { requestUri: 'sip:example.com' });
    expect(peer.inbox).toEqual([]);
    expect(silent.location.count()).toBe(1);
    await using own = await ScriptUnderTest.run(
      registrar({ save: 'save("location", "only-request-contacts")' }),
    );
    register(own.peer('192.0.2.7'));
    expect(header(register(own.peer('192.0.2.8')), 'Contact')).toBe('<sip:ua@192.0.2.8:5060>;expires=3600');
  });

  it('tells contacts apart by Call-ID or by a parameter', async () => {
    const params = 'modparam("usrloc", "matching_mode", 1)';
    await using byCallId = await ScriptUnderTest.run(registrar({ params }));
    const one = byCallId.peer('192.0.2.7');
    register(one, { callId: 'a' });
    register(one, { callId: 'b' });
    expect(byCallId.location.count()).toBe(2);
    const save = 'save("location", "matching-mode=<rinstance>")';
    await using byParam = await ScriptUnderTest.run(registrar({ save }));
    const two = byParam.peer('192.0.2.7');
    register(two, { contact: 'sip:a@192.0.2.7;rinstance=1' });
    register(two, { contact: 'sip:b@192.0.2.7:5070;rinstance=1' });
    expect([...byParam.location.all()].map(({ contact }) => contact)).toEqual([
      'sip:b@192.0.2.7:5070;rinstance=1',
    ]);
  });

  it('gives GRUUs, and finds the one phone by them', async () => {
    const params = 'modparam("registrar", "disable_gruu", 0)';
    await using server = await ScriptUnderTest.run(registrar({ params }));
    const phone = server.peer('192.0.2.7');
    register(server.peer('192.0.2.8'));
    register(phone, {
      contact: 'sip:ua@192.0.2.7:5060>;+sip.instance="<urn:uuid:1>";x=<',
      headers: ['Supported: gruu'],
    });
    const contact = header(phone.inbox.at(-1)!, 'Contact')!;
    expect(contact).toContain('pub-gruu="sip:bob@example.com;gr=urn:uuid:1"');
    const temporary = /temp-gruu="([^"]+)"/.exec(contact)![1]!;
    const caller = server.peer('192.0.2.9');
    caller.request('MESSAGE', { requestUri: 'sip:bob@example.com;gr=urn:uuid:1' });
    caller.request('OPTIONS', { requestUri: temporary });
    expect(phone.kinds).toEqual(['200', 'MESSAGE', 'OPTIONS']);
    expect(server.peers[1]!.kinds).toEqual(['200']);
  });

  it('keeps the connection of a phone as long as its contact', async () => {
    const params = 'modparam("registrar", "tcp_persistent_flag", "TCP_PERSIST")';
    const save = 'setflag("TCP_PERSIST"); save("location")';
    await using server = await ScriptUnderTest.run(registrar({ params, save }));
    const phone = server.peer('192.0.2.7', { talksTo: server.listener('tcp:10.0.0.34:5060') });
    const flow = server.network.flowTo(phone.talksTo, { transport: 'tcp', address: '192.0.2.7', port: 5060 });
    const kept: number[] = [];
    Object.assign(flow!, { mayIdle: (ms: number) => kept.push(ms) });
    register(phone, { expires: 600 });
    expect(kept).toEqual([610_000]);
  });

  it('saves what another registrar has accepted', async () => {
    const script = `${HEAD}
      route { $du = "sip:198.51.100.5"; t_on_reply("saving"); t_relay(); }
      onreply_route[saving] { if ($rs == "200") { save("location"); xlog("save $rc"); } }`;
    await using server = await ScriptUnderTest.run(script);
    const phone = server.peer('192.0.2.7');
    const main = server.peer('198.51.100.5');
    phone.request('REGISTER', { requestUri: 'sip:example.com', headers: ['Expires: 3600'] });
    main.answer('REGISTER', 200, { headers: ['Contact: <sip:ua@192.0.2.7:5060>;expires=77'] });
    expect(server.lines).toEqual(['save 1']);
    const [binding] = [...server.location.all()];
    expect(binding!.expiresAt - server.clock.wallNow()).toBe(77_000);
    await server.settle();
    expect(phone.kinds).toEqual(['200']);
  });

  it('finds wrong flags when it is loaded', async () => {
    const load = (save: string) => ScriptUnderTest.run(registrar({ save }));
    await expect(load('save("location", "max-contact=2")')).rejects.toThrow(/did you mean max-contacts/);
    await expect(load('save("location", "max-contacts=two")')).rejects.toThrow(
      /max-contacts=two is no number/,
    );
    await expect(load('save("location", "matching-mode=2")')).rejects.toThrow(/0, 1 or <param>/);
  });
});

describe('lookup', () => {
  it('sends to all contacts, the best one in the Request-URI', async () => {
    await using server = await ScriptUnderTest.run(registrar());
    for (const [address, q] of [
      ['192.0.2.7', '0.3'],
      ['192.0.2.8', '0.9'],
      ['192.0.2.6', ''],
    ] as const) {
      const peer = server.peer(address);
      register(peer, q === '' ? {} : { contact: `${peer.contact}>;q=${q};x=<` });
    }
    const caller = server.peer('192.0.2.9');
    caller.request('INVITE');
    expect(server.lines.at(-1)).toBe('sip:ua@192.0.2.8:5060|<null>|900|sip:ua@192.0.2.7:5060');
    for (const peer of server.peers.slice(0, 3)) expect(peer.kinds).toEqual(['200', 'INVITE']);
    caller.request('INVITE', { requestUri: 'sip:carol@example.com', callId: 'carol' });
    expect(server.lines.at(-1)).toBe('lookup -1');
  });

  it('filters by method and by user agent, and leaves branches out', async () => {
    const lookup = 'lookup("location", "method-filtering, ua-filtering=/^Desk/, no-branches")';
    await using server = await ScriptUnderTest.run(registrar({ lookup }));
    register(server.peer('192.0.2.7'), { headers: ['User-Agent: Soft 1', 'Allow: INVITE, ACK'] });
    register(server.peer('192.0.2.8'), { headers: ['User-Agent: Desk 1', 'Allow: INVITE, MESSAGE'] });
    register(server.peer('192.0.2.6'), { headers: ['User-Agent: Desk 2'] });
    const caller = server.peer('192.0.2.9');
    caller.request('MESSAGE');
    expect(server.lines.at(-1)).toBe('sip:ua@192.0.2.8:5060|<null>|-1|<null>');
    server.location.save('sip:bob@example.com', [...server.location.all()].slice(0, 1));
    caller.request('MESSAGE', { callId: 'again' });
    expect(server.lines.at(-1)).toBe('lookup -2');
  });

  it('takes other addresses-of-record, from branches too, and can leave the Request-URI alone', async () => {
    const more = 'route[both] { append_msg_branch("sip:bob@example.com"); lookup("location", "branch"); }';
    const lookup = 'lookup("location", "to-branches-only", "sip:bob@example.com")';
    await using server = await ScriptUnderTest.run(registrar({ lookup, more }));
    register(server.peer('192.0.2.7'));
    server.peer('192.0.2.9').request('MESSAGE', { requestUri: 'sip:carol@198.51.100.1' });
    expect(server.lines.at(-1)).toBe('sip:carol@198.51.100.1|<null>|-1|sip:ua@192.0.2.7:5060');
    await using both = await ScriptUnderTest.run(
      registrar({ more, lookup: 'route(both)' }).replace('if (!route(both))', 'route(both); if ($rc < 0)'),
    );
    register(both.peer('192.0.2.7'));
    both.peer('192.0.2.9').request('MESSAGE', { requestUri: 'sip:carol@example.com' });
    await both.settle();
    expect(both.peers[0]!.kinds).toEqual(['200', 'MESSAGE']);
  });

  it('leaves domains, prefixes and case out of addresses-of-record where it is told so', async () => {
    const params = `modparam("usrloc", "use_domain", 0)
      modparam("registrar", "case_sensitive", 0)`;
    await using server = await ScriptUnderTest.run(registrar({ params }));
    register(server.peer('192.0.2.7'));
    server.peer('192.0.2.9').request('MESSAGE', { requestUri: 'sip:BOB@other.org' });
    expect(server.peers[0]!.kinds).toEqual(['200', 'MESSAGE']);
    await using prefixed = await ScriptUnderTest.run(
      registrar({ params: 'modparam("registrar", "realm_prefix", "sip.")' }),
    );
    register(prefixed.peer('192.0.2.7'));
    const caller = prefixed.peer('192.0.2.9');
    caller.request('MESSAGE', { requestUri: 'sip:bob@sip.example.com' });
    expect(prefixed.peers[0]!.kinds).toEqual(['200', 'MESSAGE']);
    caller.request('MESSAGE', { requestUri: 'sip:BOB@example.com', callId: 'x' });
    expect(prefixed.lines.at(-1)).toBe('lookup -1');
  });
});

describe('registrar', () => {
  it('tells who is registered, and from where', async () => {
    const asks = [
      'is_registered("location")',
      'is_registered("location", "sip:bob@example.com")',
      'is_contact_registered("location", "sip:bob@example.com", "sip:ua@192.0.2.7:5060")',
      'is_contact_registered("location", "sip:bob@example.com", , "reg-192.0.2.7")',
      'is_contact_registered("location", "sip:bob@example.com", , "other")',
      'is_contact_registered("location", "sip:bob@example.com")',
      'is_ip_registered("location", "sip:bob@example.com", $avp(ip))',
      'is_ip_registered("location", "sip:bob@example.com", $si, $avp(port))',
    ];
    const script = `${HEAD}
      route {
        if (is_method("REGISTER")) { save("location"); exit; }
        $avp(ip) = "192.0.2.7"; $avp(ip) = "192.0.2.1"; $avp(port) = 5060;
        ${asks.map((ask) => `if (${ask}) xlog("yes"); else xlog("no");`).join('\n')}
      }`;
    await using server = await ScriptUnderTest.run(script);
    register(server.peer('192.0.2.7'));
    server.peer('192.0.2.9').request('OPTIONS');
    expect(server.lines).toEqual(['no', 'yes', 'yes', 'yes', 'no', 'no', 'yes', 'no']);
  });

  it('removes what it is told to', async () => {
    const script = (remove: string) => `${HEAD}
      route {
        if (is_method("REGISTER")) { save("location"); exit; }
        ${remove}; xlog("$rc");
      }`;
    for (const [remove, left] of [
      ['remove("location", "sip:bob@example.com")', []],
      ['remove("location", "sip:bob@example.com", "sip:ua@192.0.2.7:5060")', ['192.0.2.8']],
      ['remove("location", "sip:bob@example.com", , "192.0.2.8")', ['192.0.2.7']],
      ['remove_ip_port("192.0.2.7", 5060, "location")', ['192.0.2.8']],
      ['remove("location", "sip:carol@example.com")', ['192.0.2.7', '192.0.2.8']],
    ] as const) {
      await using server = await ScriptUnderTest.run(script(remove));
      register(server.peer('192.0.2.7'));
      register(server.peer('192.0.2.8'));
      server.peer('192.0.2.9').request('OPTIONS');
      await server.settle();
      expect(server.lines, remove).toEqual(['1']);
      expect(
        [...server.location.all()].map(({ received }) => received.address),
        remove,
      ).toEqual(left);
    }
  });

  it('passes the socket of a request on to other registrars, which believe it', async () => {
    const script = `${HEAD} route { add_sock_hdr("Sock-Info"); $du = "sip:198.51.100.5"; t_relay(); }`;
    await using edge = await ScriptUnderTest.run(script);
    const main = edge.peer('198.51.100.5');
    edge.peer('192.0.2.7').request('REGISTER', { requestUri: 'sip:example.com' });
    expect(header(main.last('REGISTER'), 'Sock-Info')).toBe('udp:10.0.0.34:5060');
    await using server = await ScriptUnderTest.run(
      registrar({
        params: 'modparam("registrar", "sock_hdr_name", "Sock-Info")',
        save: 'save("location", "socket-header")',
      }),
    );
    register(server.peer('192.0.2.7'), { headers: ['Sock-Info: tcp:10.0.0.34:5060'] });
    expect([...server.location.all()][0]!.listener).toBe('tcp:10.0.0.34:5060');
  });

  it('counts', async () => {
    await using server = await ScriptUnderTest.run(
      registrar({ params: 'modparam("registrar", "max_contacts", 1)' })
        .replace(
          'xlog("save $rc")',
          'xlog("$stat(accepted_regs) $stat(rejected_regs) $stat(location-contacts) $stat(registered_users)")',
        )
        .replace(HEAD, `${HEAD}\nloadmodule "statistics.so"`),
    );
    register(server.peer('192.0.2.7'));
    register(server.peer('192.0.2.8'));
    expect(server.lines).toEqual(['1 0 1 1', '1 1 1 1']);
  });
});
