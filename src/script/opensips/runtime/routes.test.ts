import { describe, expect, it } from 'vitest';
import { read, values } from '../../../core/proxy/testing/messages.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const MODULES = ['signaling', 'sl', 'tm', 'rr', 'maxfwd', 'sipmsgops', 'textops']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

/** A caller, and callees at 198.51.100.1, .2 and .3. */
async function parties(script: string) {
  const server = await ScriptUnderTest.run(`${MODULES}\n${script}`);
  const caller = server.peer('192.0.2.7');
  const [one, two, three] = [1, 2, 3].map((last) => server.peer(`198.51.100.${last}`));
  return { server, caller, one: one!, two: two!, three: three! };
}

const FORK = `$ru = "sip:one@198.51.100.1"; append_msg_branch("sip:two@198.51.100.2");`;

describe('branch_route', () => {
  it('runs for each branch, and changes that branch alone', async () => {
    const { server, caller, one, two } = await parties(`
      route { append_hf("X-All: a\\r\\n"); ${FORK} t_on_branch("b"); t_relay(); }
      branch_route[b] {
        xlog("$T_branch_idx: $ru");
        append_hf("X-Branch: $T_branch_idx\\r\\n");
        if ($T_branch_idx == 1) $rU = "changed";
      }`);
    await using _ = server;
    caller.request('INVITE');
    expect(server.lines).toEqual(['0: sip:one@198.51.100.1', '1: sip:two@198.51.100.2']);
    const [first, second] = [one.last('INVITE'), two.last('INVITE')];
    expect([values(first, H.Via).length, read(first).requestUri]).toEqual([2, 'sip:one@198.51.100.1']);
    expect(first).toContain('X-All: a\r\n');
    expect(first).toContain('X-Branch: 0\r\n');
    expect(first).not.toContain('X-Branch: 1');
    expect(second).toContain('X-Branch: 1\r\n');
    expect(second).not.toContain('X-Branch: 0');
    expect(read(second).requestUri).toBe('sip:changed@198.51.100.2');
  });

  it('takes a branch away with drop', async () => {
    const { server, caller, one, two } = await parties(`
      route { ${FORK} t_on_branch("b"); t_relay(); }
      branch_route[b] { if ($rU == "one") drop; }`);
    await using _ = server;
    caller.request('INVITE');
    expect([one.kinds, two.kinds]).toEqual([[], ['INVITE']]);
    two.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '200']);
  });

  it('keeps variables of the route apart, and AVPs together', async () => {
    const { server, caller } = await parties(`
      route { $var(x) = "mine"; $avp(y) = "ours"; ${FORK} t_on_branch("b"); t_relay(); xlog("$avp(y)"); }
      branch_route[b] { xlog("$var(x) $avp(y)"); $avp(y) := "changed"; }`);
    await using _ = server;
    caller.request('INVITE');
    expect(server.lines).toEqual(['<null> ours', '<null> changed', 'changed']);
  });
});

describe('onreply_route', () => {
  it('sees each reply: the nameless one first, then that of the branch, then that of the transaction', async () => {
    const { server, caller, one } = await parties(`
      route { $ru = "sip:one@198.51.100.1"; t_on_branch("b"); t_on_reply("all"); t_relay(); }
      branch_route[b] { t_on_reply("own"); }
      onreply_route { xlog("global $rs"); }
      onreply_route[own] { xlog("own $rs $rr"); }
      onreply_route[all] { xlog("all $rs"); append_hf("X-Seen: $T_reply_code\\r\\n"); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    one.answer('INVITE', 200);
    expect(server.lines).toEqual([
      'global 180',
      'own 180 Answer',
      'all 180',
      'global 200',
      'own 200 Answer',
      'all 200',
    ]);
    expect(caller.last('180')).toContain('X-Seen: 180\r\n');
    expect(caller.last('200')).toContain('X-Seen: 200\r\n');
  });

  it('drops provisional replies, and no final ones', async () => {
    const { server, caller, one } = await parties(`
      route { $ru = "sip:one@198.51.100.1"; t_on_reply("r"); t_relay(); }
      onreply_route[r] { if ($rs == 183 || $rs == 200) drop; }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 183);
    one.answer('INVITE', 180);
    one.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '180', '200']);
  });

  it('reads the request that a reply belongs to', async () => {
    const { server, caller, one } = await parties(`
      route { $avp(kept) = "kept"; setflag(F); $ru = "sip:one@198.51.100.1"; t_on_reply("r"); t_relay(); }
      onreply_route[r] {
        if (isflagset(F)) xlog("$avp(kept) $rs $rm $(<request>ru) $(<request>hdr(X-Q)) $hdr(X-Q) $si");
      }`);
    await using _ = server;
    caller.request('INVITE', { headers: ['X-Q: of the request'] });
    one.answer('INVITE', 180);
    expect(server.lines).toEqual(['kept 180 INVITE sip:one@198.51.100.1 of the request <null> 198.51.100.1']);
  });
});

describe('failure_route', () => {
  it('tries the next branch, and arms itself anew', async () => {
    const { server, caller, one, two, three } = await parties(`
      route {
        $ru = "sip:one@198.51.100.1"; $ru_q = 900;
        append_msg_branch("sip:two@198.51.100.2", "0.5");
        append_msg_branch("sip:three@198.51.100.3", "0.1");
        serialize_branches(1);
        next_branches();
        t_on_failure("next");
        t_relay();
      }
      failure_route[next] {
        xlog("$T_reply_code $ru");
        if (t_check_status("48[06]") && next_branches()) {
          t_on_failure("next");
          t_relay();
        }
      }`);
    await using _ = server;
    caller.request('INVITE');
    expect([one.kinds, two.kinds, three.kinds]).toEqual([['INVITE'], [], []]);
    one.answer('INVITE', 486);
    expect(two.kinds).toEqual(['INVITE']);
    two.answer('INVITE', 480);
    expect(three.kinds).toEqual(['INVITE']);
    three.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '200']);
    expect(server.lines).toEqual(['486 sip:one@198.51.100.1', '480 sip:two@198.51.100.2']);
  });

  it('passes the best answer on where it does nothing', async () => {
    const { server, caller, one, two } = await parties(`
      route { ${FORK} t_on_failure("f"); t_relay(); }
      failure_route[f] { xlog("$T_reply_code"); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 503);
    two.answer('INVITE', 404);
    expect(caller.kinds).toEqual(['100', '404']);
    expect(server.lines).toEqual(['404']);
  });

  it('answers by itself', async () => {
    const { server, caller, one } = await parties(`
      route { $ru = "sip:one@198.51.100.1"; t_on_failure("f"); t_relay(); }
      failure_route[f] { append_to_reply("X-Why: busy\\r\\n"); t_reply(480, "Later"); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 486);
    expect(caller.kinds).toEqual(['100', '480']);
    expect(caller.last('480')).toContain('X-Why: busy\r\n');
  });

  it('runs when nobody answers, after the time of fr_timeout or of $T_fr_inv_timeout', async () => {
    const { server, caller, one } = await parties(`
      modparam("tm", "fr_inv_timeout", 60)
      route { $ru = "sip:one@198.51.100.1"; $T_fr_inv_timeout = 10; t_on_failure("f"); t_relay(); }
      failure_route[f] { if (t_local_replied("all")) xlog("none"); if (t_local_replied("last")) xlog("own $T_reply_code"); t_reply(480, "Silent"); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    server.clock.advance(9000);
    expect(caller.kinds).toEqual(['100', '180']);
    server.clock.advance(2000);
    await server.settle();
    expect(one.kinds).toEqual(['INVITE', 'CANCEL']);
    expect(caller.kinds).toEqual(['100', '180', '480']);
    expect(server.lines).toEqual(['own 408']);
  });
});

describe('other routes', () => {
  it('forks, and cancels those that lost', async () => {
    const { server, caller, one, two } = await parties(`route { ${FORK} t_relay(); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    two.answer('INVITE', 180);
    two.answer('INVITE', 200);
    expect(one.kinds).toEqual(['INVITE', 'CANCEL']);
    expect(caller.kinds.at(-1)).toBe('200');
  });

  it('runs startup_route once, timer_routes by their intervals', async () => {
    const { server } = await parties(
      `
      startup_route { xlog("started"); $shared = 1; }
      timer_route[tick, 10] { xlog("tick"); }
      route { exit; }`.replace('$shared = 1;', ''),
    );
    await using _ = server;
    expect(server.lines).toEqual(['started']);
    server.clock.advance(10_000);
    await server.settle();
    server.clock.advance(10_000);
    await server.settle();
    expect(server.lines).toEqual(['started', 'tick', 'tick']);
  });

  it('lets local_route change requests of the server', async () => {
    const { server, caller, one } = await parties(`
      route { t_new_request("MESSAGE", "sip:one@198.51.100.1", "sip:me@example.com", "sip:one@198.51.100.1", "text/plain hello"); sl_send_reply(200, "OK"); }
      local_route { if ($rm == "MESSAGE") { append_hf("X-Local: $rm $fu $tu $rb\\r\\n"); } }`);
    await using _ = server;
    caller.request('OPTIONS');
    await server.settle();
    expect(one.last('MESSAGE')).toContain(
      'X-Local: MESSAGE sip:me@example.com sip:one@198.51.100.1 hello\r\n',
    );
    expect(one.last('MESSAGE')).toMatch(/\r\n\r\nhello$/);
    expect(caller.kinds).toEqual(['200']);
  });

  it('answers nothing where the script says nothing', async () => {
    const { server, caller } = await parties('route { exit; }');
    await using _ = server;
    caller.request('INVITE');
    caller.request('OPTIONS', { callId: 'b' });
    await server.settle();
    expect(caller.kinds).toEqual([]);
  });

  it('follows the Routes of requests although the script forgets to', async () => {
    const { server, caller, one } = await parties('route { t_relay(); }');
    await using _ = server;
    caller.request('BYE', {
      toTag: 'x',
      requestUri: 'sip:ua@203.0.113.50',
      headers: ['Route: <sip:10.0.0.34;lr>, <sip:198.51.100.1;lr>'],
    });
    expect(one.kinds).toEqual(['BYE']);
    expect(values(one.last('BYE'), H.Route)).toEqual(['<sip:198.51.100.1;lr>']);
  });

  it('relays the ACK of a 2xx without a transaction', async () => {
    const { server, caller, one } = await parties(
      'route { if ($rm == "ACK") { $du = "sip:198.51.100.1"; t_relay(); exit; } }',
    );
    await using _ = server;
    caller.request('ACK', { toTag: 'x' });
    expect(one.kinds).toEqual(['ACK']);
  });
});

describe('faults', () => {
  it('are told with the place in the script, and answered', async () => {
    const { server, caller } = await parties(
      'route {\n  $var(f) = "sip:";\n  t_relay(, "$var(f)$rU$var(none)x y");\n}',
    );
    await using _ = server;
    caller.request('OPTIONS');
    await server.settle();
    expect(server.lines.join()).toContain('test.cfg:10');
  });
});
