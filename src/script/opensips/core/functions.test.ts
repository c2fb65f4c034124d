import { describe, expect, it } from 'vitest';
import { read, values } from '../../../core/proxy/testing/messages.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { runBody } from '../testing/run-body.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const LISTENERS = [
  'udp:10.0.0.34:5060 as 99.88.44.33',
  'tcp:10.0.0.34:5060',
  'udp:10.0.0.34:5070 as 203.0.113.5:5099',
];

/** What a peer at 198.51.100.1 gets when alice calls and the script has run. */
async function forwarded(body: string, more = '') {
  const server = await ScriptUnderTest.run(`loadmodule "tm.so"\nroute { ${body} }\n${more}`, {
    listeners: LISTENERS,
  });
  const caller = server.peer('192.0.2.7');
  const callee = server.peer('198.51.100.1');
  caller.request('INVITE', { requestUri: 'sip:bob:secret@example.com:5080;a=1' });
  await server.settle();
  return { server, caller, callee };
}

describe('functions that change the Request-URI', () => {
  it.each([
    ['sethost("h.example");', 'sip:bob:secret@h.example:5080;a=1'],
    ['sethostport("h.example:5099");', 'sip:bob:secret@h.example:5099;a=1'],
    ['sethostport("[2001:db8::1]:5099");', 'sip:bob:secret@[2001:db8::1]:5099;a=1'],
    ['setuser("carol");', 'sip:carol:secret@example.com:5080;a=1'],
    ['setuserpass("pw");', 'sip:bob:pw@example.com:5080;a=1'],
    ['setport("5099");', 'sip:bob:secret@example.com:5099;a=1'],
    ['seturi("sip:x@y.example");', 'sip:x@y.example'],
    ['rewritehost("h.example"); rewriteuser("x"); rewriteport("1");', 'sip:x:secret@h.example:1;a=1'],
    ['rewritehostport("h.example:2"); rewriteuserpass("p"); ', 'sip:bob:p@h.example:2;a=1'],
    ['rewriteuri("sip:x@y.example");', 'sip:x@y.example'],
    ['prefix("00");', 'sip:00bob:secret@example.com:5080;a=1'],
    ['strip(2);', 'sip:b:secret@example.com:5080;a=1'],
    ['$var(n) = 1; strip($var(n));', 'sip:ob:secret@example.com:5080;a=1'],
    ['strip_tail(1);', 'sip:bo:secret@example.com:5080;a=1'],
    ['strip(9);', 'sip:example.com:5080;a=1'],
    ['seturi("sip:x@y.example"); revert_uri();', 'sip:bob:secret@example.com:5080;a=1'],
  ])('%s', async (body, uri) => {
    const lines = await runBody(`${body} xlog("$ru");`, {}, 'sip:bob:secret@example.com:5080;a=1');
    expect(lines).toEqual([uri]);
  });

  it('say and forget the next hop', async () => {
    expect(
      await runBody(`
        if (isdsturiset()) xlog("early");
        setdsturi("sip:10.0.0.9");
        if (isdsturiset()) xlog("set $du");
        resetdsturi();
        if (!isdsturiset()) xlog("gone");
        if (!setdsturi("sip:a b")) xlog("refused");`),
    ).toEqual(['set sip:10.0.0.9', 'gone', 'refused']);
  });

  it('put a URI together', async () => {
    expect(
      await runBody(`
        construct_uri("sip", "bob", "example.com", "5070", "lr", $var(a));
        construct_uri("sips", , "example.com", , , $avp(b));
        xlog("$var(a) $avp(b)");`),
    ).toEqual(['sip:bob@example.com:5070;lr sips:example.com']);
  });
});

describe('functions on branches and flags', () => {
  it('add, move, exchange and remove branches', async () => {
    expect(
      await runBody(`
        $ru = "sip:0@x";
        append_msg_branch("sip:1@x", "0.5");
        append_msg_branch("sip:2@x");
        xlog("$(msg.branch.uri[*])");
        swap_msg_branches(1, 2);
        xlog("$(msg.branch.uri[*])");
        move_msg_branch(2);
        xlog("$(msg.branch.uri[*])");
        swap_msg_branches(0, 1);
        remove_msg_branch(1);
        xlog("$(msg.branch.uri[*])");
        if (!remove_msg_branch(5)) xlog("none");`),
    ).toEqual(['sip:0@x,sip:1@x,sip:2@x', 'sip:0@x,sip:2@x,sip:1@x', 'sip:1@x,sip:2@x', 'sip:2@x', 'none']);
  });

  it('take what belongs to the Request-URI over where it is wanted', async () => {
    expect(
      await runBody(`
        $du = "sip:10.0.0.9"; setbflag(NAT);
        append_msg_branch("sip:1@x", , "inherite");
        append_msg_branch("sip:2@x");
        xlog("$(msg.branch.duri[1]) $(msg.branch.flags[1]) $(msg.branch.duri[2]) $(msg.branch.flags[2])");`),
    ).toEqual(['sip:10.0.0.9 NAT <null> ']);
  });

  it('try branches one after the other, the highest q first', async () => {
    expect(
      await runBody(`
        $ru = "sip:low@x"; $ru_q = 100;
        append_msg_branch("sip:high1@x", "0.9");
        append_msg_branch("sip:high2@x", "0.9");
        append_msg_branch("sip:mid@x", "0.5");
        serialize_branches(1);
        while (next_branches()) xlog("$rc: $(msg.branch.uri[*])");`),
    ).toEqual(['1: sip:high1@x,sip:high2@x', '1: sip:mid@x', '2: sip:low@x']);
  });

  it('keep flags of messages and of branches apart', async () => {
    expect(
      await runBody(`
        setflag(A); setbflag(B); append_msg_branch("sip:1@x"); setbflag(C, 1);
        if (isflagset(A) && !isflagset(B) && isbflagset(B) && isbflagset(C, 1) && !isbflagset(C)) xlog("apart");
        resetflag(A); resetbflag(B); resetbflag(C, 1);
        if (!isflagset(A) && !isbflagset(B) && !isbflagset(C, 1)) xlog("gone");`),
    ).toEqual(['apart', 'gone']);
  });
});

describe('functions that write', () => {
  it('write lines by their level', async () => {
    const server = await ScriptUnderTest.run(
      'xlog_level=4\nlog_level=4\nroute { xlog("default\\n"); xlog("L_WARN", "$rm"); xlog("L_INFO", "i"); xlog("L_DBG", "d"); xdbg("x"); log(1, "$rm"); }',
    );
    await using _ = server;
    server.peer('192.0.2.7').request('OPTIONS');
    await server.settle();
    expect(server.logged).toEqual([
      'error: default',
      'warn: OPTIONS',
      'info: i',
      'debug: d',
      'debug: x',
      'warn: OPTIONS',
    ]);
  });

  it('write no more than is wanted', async () => {
    const body =
      'xlog("L_INFO", "a"); $xlog_level = 3; xlog("L_INFO", "b"); $xlog_level = NULL; xlog("L_INFO", "c"); xlog("L_NOTICE", "n");';
    expect(await runBody(body)).toEqual(['b', 'n']);
  });

  it('put formats and the time into variables', async () => {
    expect(
      await runBody(`
        pv_printf($var(a), "<$rm>");
        get_timestamp($avp(s), $avp(u));
        if ($avp(s) == $Ts) xlog("$var(a)");
        $avp(x) = 1; $avp(x) = "two"; avp_print();`),
    ).toEqual([
      '<OPTIONS>',
      expect.stringMatching(/avp\(s\)/),
      expect.stringMatching(/avp\(u\)/),
      '$avp(x) = two, 1',
    ]);
  });

  it('raise events that event routes hear', async () => {
    expect(
      await runBody(
        '$avp(n) = "b"; $avp(n) = "a"; $avp(v) = 2; $avp(v) = "one"; raise_event("E_MINE", $avp(n), $avp(v));',
        {
          more: 'event_route[E_MINE] { xlog("heard $param(a) $param(b)"); }',
        },
      ),
    ).toEqual(['heard one 2']);
  });
});

describe('functions that send', () => {
  it('print the address that they are told, in one transaction alone', async () => {
    const { server, caller, callee } = await forwarded(
      'if ($rm == "OPTIONS") { t_relay("no-auto-477", "198.51.100.1"); exit; } set_advertised_address("1.2.3.4"); set_advertised_port(5999); $du = "sip:198.51.100.1"; t_relay();',
    );
    await using _ = server;
    expect(values(callee.last('INVITE'), H.Via)[0]).toContain('1.2.3.4:5999');
    caller.request('OPTIONS', { callId: 'other' });
    await server.settle();
    expect(values(callee.last('OPTIONS'), H.Via)[0]).toContain('99.88.44.33');
  });

  it('print another address in one branch alone', async () => {
    const { server, callee } = await forwarded(
      '$du = "sip:198.51.100.1"; append_msg_branch("sip:two@198.51.100.2"); t_on_branch("b"); t_relay();',
      'branch_route[b] { if ($rU == "two") set_advertised_address("1.2.3.4:5998"); }',
    );
    await using _ = server;
    expect(values(callee.last('INVITE'), H.Via)[0]).toContain('99.88.44.33');
    const other = server.network.sent.find(({ to }) => to.address === '198.51.100.2')!;
    expect(values(other.text, H.Via)[0]).toContain('1.2.3.4:5998');
  });

  it.each([
    ['force_send_socket("udp:10.0.0.34:5070");'],
    ['force_send_socket(udp:10.0.0.34:5070);'],
    ['$socket_out = "udp:10.0.0.34:5070";'],
    ['$socket_out = "udp:203.0.113.5:5099";'],
  ])('leave by the socket that they are told: %s', async (how) => {
    const { server, callee } = await forwarded(`${how} $du = "sip:198.51.100.1"; t_relay();`);
    await using _ = server;
    expect(server.network.sent.find(({ to }) => to.address === '198.51.100.1')?.from.port).toBe(5070);
    expect(values(callee.last('INVITE'), H.Via)[0]).toContain('203.0.113.5:5099');
  });

  it('complain of a socket that is not open', async () => {
    await expect(forwarded('force_send_socket("udp:10.0.0.99:5060");')).rejects.toThrow('10.0.0.99');
  });

  it('forward without a transaction', async () => {
    const { server, caller, callee } = await forwarded('forward("198.51.100.1"); ');
    await using _ = server;
    expect(values(callee.last('INVITE'), H.Via)).toHaveLength(2);
    expect(caller.kinds).toEqual([]);
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['180', '200']);
    expect(values(caller.last('200'), H.Via)).toHaveLength(1);
  });

  it('send a message as it is', async () => {
    const { server, callee } = await forwarded('send("198.51.100.1", "X-Sent: yes\\r\\n"); exit;');
    await using _ = server;
    const sent = read(callee.last('INVITE'));
    expect(values(callee.last('INVITE'), H.Via)).toHaveLength(1);
    expect(sent.requestUri).toBe('sip:bob:secret@example.com:5080;a=1');
    expect(callee.last('INVITE')).toContain('X-Sent: yes');
  });

  it('know what is the server itself', async () => {
    const { server } = await forwarded(`
      if (is_myself("10.0.0.34")) xlog("bound");
      if (is_myself("99.88.44.33", 5060)) xlog("printed");
      if (is_myself("203.0.113.5", 5099)) xlog("printed on another port");
      if (!is_myself("203.0.113.5", 5061)) xlog("no port of ours");
      if (!is_myself("example.org")) xlog("stranger");
      if (uri == myself) xlog("never"); else xlog("not the Request-URI");`);
    await using _ = server;
    expect(server.lines).toEqual([
      'bound',
      'printed',
      'printed on another port',
      'no port of ours',
      'stranger',
      'not the Request-URI',
    ]);
  });
});

describe('caches', () => {
  it('store, fetch, count and remove', async () => {
    expect(
      await runBody(
        `cache_store("local", "k$rm", "v");
        if (cache_fetch("local", "kOPTIONS", $var(v))) xlog("$var(v)");
        cache_remove("local", "kOPTIONS");
        if (!cache_fetch("local", "kOPTIONS", $var(v))) xlog("$rc");
        cache_add("local", "n", 5, 0, $var(n)); cache_sub("local", "n", 2, 0, $var(n)); xlog("$var(n)");
        cache_counter_fetch("local", "n", $avp(n)); xlog("$avp(n)");
        if (!cache_store("redis", "k", "v")) xlog("no redis");`,
        { global: 'loadmodule "cachedb_local.so"' },
      ),
    ).toEqual(['v', '-2', '3', '3', expect.stringContaining('redis'), 'no redis']);
  });
});
