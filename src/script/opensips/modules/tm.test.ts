import { describe, expect, it } from 'vitest';
import { ScriptUnderTest, type ScriptUnderTestOptions } from '../testing/script-under-test.ts';

const MODULES = ['signaling', 'sl', 'tm', 'sipmsgops'].map((name) => `loadmodule "${name}.so"`).join('\n');
const TO_ONE = '$ru = "sip:one@198.51.100.1";';

async function parties(script: string, options: ScriptUnderTestOptions = {}) {
  const server = await ScriptUnderTest.run(`${MODULES}\n${script}`, options);
  const caller = server.peer('192.0.2.7');
  const [one, two] = [1, 2].map((last) => server.peer(`198.51.100.${last}`));
  return { server, caller, one: one!, two: two! };
}

describe('t_relay', () => {
  it('goes to an outbound proxy, unless $du is set', async () => {
    const { server, caller, one, two } = await parties(`route {
      if ($rm == "OPTIONS") $du = "sip:198.51.100.2";
      t_relay(, "198.51.100.1:5060");
    }`);
    await using _ = server;
    caller.request('INVITE');
    caller.request('OPTIONS', { callId: 'b' });
    expect([one.kinds, two.kinds]).toEqual([['INVITE'], ['OPTIONS']]);
    expect(one.last('INVITE')).toContain('INVITE sip:bob@example.com SIP/2.0');
  });

  it('answers 100 by itself, unless it is told not to', async () => {
    const { server, caller } = await parties(`
      modparam("tm", "auto_100trying", 0)
      route { ${TO_ONE} t_relay(); }`);
    await using _ = server;
    caller.request('INVITE');
    expect(caller.kinds).toEqual([]);
    server.clock.advance(250);
    expect(caller.kinds).toEqual(['100']);
  });

  it('runs the failure_route where a name leads nowhere, and answers without one', async () => {
    const { server, caller } = await parties(`
      route { $ru = "sip:x@nowhere.example"; if ($rU == "x" && $rm == "INVITE") t_on_failure("f"); t_relay("no-auto-477"); }
      failure_route[f] { xlog("$T_reply_code"); t_reply(480, "Nowhere"); }`);
    await using _ = server;
    caller.request('INVITE');
    await server.settle();
    expect(caller.kinds).toEqual(['100', '480']);
    caller.request('OPTIONS', { callId: 'b' });
    await server.settle();
    expect(caller.kinds.at(-1)).toMatch(/^[45]\d\d$/);
  });

  it('returns below 0 for what cannot be read', async () => {
    const { server, caller } = await parties(`route {
      $ru = "nothing";
      if (!t_relay()) xlog("$rc $ru");
      $ru = "sip:one@198.51.100.1"; $du = "nowhere";
      if (!t_relay()) { xlog("$rc $du"); send_reply(400, "Where to?"); }
    }`);
    await using _ = server;
    caller.request('OPTIONS');
    await server.settle();
    expect(caller.kinds).toEqual(['400']);
    expect(server.lines).toEqual(['-2 nothing', '-3 nowhere']);
  });
});

describe('answers of tm', () => {
  it('carry bodies and headers', async () => {
    const { server, caller } = await parties(`route {
      append_to_reply("Content-Type: text/plain\\r\\n");
      t_reply_with_body(200, "Here", "hello $rU");
    }`);
    await using _ = server;
    caller.request('OPTIONS');
    expect(caller.last('200')).toMatch(/^SIP\/2\.0 200 Here\r\n/);
    expect(caller.last('200')).toContain('Content-Type: text/plain\r\n');
    expect(caller.last('200')).toMatch(/\r\n\r\nhello bob$/);
  });

  it('are repeated for a request that comes again', async () => {
    const { server, caller } = await parties('route { xlog("run"); t_newtran(); t_reply(486, "Busy"); }');
    await using _ = server;
    const invite = caller.request('INVITE');
    caller.send(invite);
    expect(server.lines).toEqual(['run']);
    expect(caller.inbox.map((it) => it.slice(0, 12))).toEqual([
      'SIP/2.0 100 ',
      'SIP/2.0 486 ',
      'SIP/2.0 486 ',
    ]);
  });

  it('are given once alone', async () => {
    const { server, caller } = await parties(
      'route { t_reply(200, "OK"); if (!t_reply(404, "Late")) xlog("no"); if (!t_relay()) xlog("nor that"); }',
    );
    await using _ = server;
    caller.request('OPTIONS');
    expect(caller.kinds).toEqual(['200']);
    expect(server.lines).toEqual(['no', 'nor that']);
  });
});

describe('t_check_trans', () => {
  it('knows the INVITE of a CANCEL, and that an ACK has none', async () => {
    const { server, caller } = await parties(`route {
      t_check_trans();
      xlog("$rm $rc");
      if ($rm == "CANCEL") { t_relay(); exit; }
      if ($rm == "INVITE") { ${TO_ONE} t_relay(); }
    }`);
    await using _ = server;
    const invite = caller.request('INVITE');
    caller.cancel(invite);
    caller.cancel(invite.replaceAll('z9hG4bK', 'z9hG4bK-other'));
    caller.request('ACK', { toTag: 'x', callId: 'c' });
    await server.settle();
    expect(server.lines).toEqual(['INVITE -1', 'CANCEL 1', 'CANCEL -1', 'ACK -2']);
  });
});

describe('branches of a transaction', () => {
  it('are cancelled from an onreply_route', async () => {
    const { server, caller, one, two } = await parties(`
      route { ${TO_ONE} append_msg_branch("sip:two@198.51.100.2"); t_on_reply("r"); t_relay(); }
      onreply_route[r] { if ($rs == 183) t_cancel_branch("o"); if ($rs == 182) t_cancel_branch(); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    two.answer('INVITE', 183);
    expect([one.kinds, two.kinds]).toEqual([['INVITE', 'CANCEL'], ['INVITE']]);
    two.answer('INVITE', 182);
    expect(two.kinds).toEqual(['INVITE', 'CANCEL']);
  });

  it('come later where they are waited for', async () => {
    const { server, caller, one, two } = await parties(`
      route { ${TO_ONE} t_on_reply("r"); t_wait_for_new_branches(1); t_relay(); }
      onreply_route[r] {
        if ($rs == 180 && $T_branch_idx == 0) {
          $var(more) = 1;
        }
        if ($rs == 183) { $ru = "sip:two@198.51.100.2"; t_inject_branches("msg"); }
      }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 183);
    expect(two.kinds).toEqual(['INVITE']);
    one.answer('INVITE', 486);
    two.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '183', '200']);
  });

  it('have attributes, values and flags of their own', async () => {
    const { server, caller, one } = await parties(`
      route {
        ${TO_ONE} setbflag(F); $(msg.branch.attr(side)[0]) = "left";
        append_msg_branch("sip:two@198.51.100.2"); $(msg.branch.attr(side)[1]) = "right";
        t_on_branch("b"); t_on_reply("r"); t_relay();
      }
      branch_route[b] { $bavp(x) = "of $T_branch_idx"; $bavp(y) = $T_branch_idx; }
      onreply_route[r] {
        t_get_branch_idx_by_attr("side", "right", , $var(right));
        xlog("$T_branch_idx $bavp(y) $tm.branch.uri $tm.branch.flags $(tm.branch.attr(side)[1]) $var(right) $T_ruri");
      }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    expect(server.lines).toEqual(['0 0 sip:one@198.51.100.1 F right 1 sip:one@198.51.100.1']);
  });
});

describe('variables and statistics of tm', () => {
  it('tell of times, names and statuses', async () => {
    const { server, caller, one } = await parties(`
      modparam("tm", "fr_timeout", 7)
      modparam("tm", "fr_inv_timeout", 70)
      route {
        xlog("$T_fr_timeout $T_fr_inv_timeout");
        $T_fr_timeout = 3; $T_fr_inv_timeout = 30;
        xlog("$T_fr_timeout $T_fr_inv_timeout $T_branch_idx");
        $avp(id) = $T_id;
        ${TO_ONE} t_on_reply("r"); t_relay();
      }
      onreply_route[r] { if ($avp(id) == $T_id) xlog("$T_reply_code $T_branch_last_reply_code"); }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    expect(server.lines).toEqual(['7 70', '3 30 <null>', expect.stringMatching(/^180 /)]);
  });

  it('count', async () => {
    const { server, caller, one } = await parties(`
      loadmodule "statistics.so"
      route {
        if ($rm == "OPTIONS") { xlog("$stat(UAS_transactions) $stat(UAC_transactions) $stat(received_replies) $stat(2xx_transactions)"); exit; }
        ${TO_ONE} t_relay();
      }`);
    await using _ = server;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    one.answer('INVITE', 200);
    caller.request('OPTIONS', { callId: 'b' });
    await server.settle();
    expect(server.lines).toEqual(['2 1 2 1']);
  });

  it('add headers for all that is forwarded', async () => {
    const { server, caller, one } = await parties(
      `route { ${TO_ONE} t_add_hdrs("X-A: $rm\\r\\nX-B: 2\\r\\n"); if (!t_add_hdrs("nonsense")) xlog("no header"); t_relay(); }`,
    );
    await using _ = server;
    caller.request('INVITE');
    expect(one.last('INVITE')).toContain('X-A: INVITE\r\nX-B: 2\r\n');
    expect(server.lines).toEqual(['no header']);
  });
});
