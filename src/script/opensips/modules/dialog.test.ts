import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { read } from '../../../core/proxy/testing/messages.ts';
import { Call, command } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'dialog']
  .map((it) => `loadmodule "${it}.so"`)
  .join('\n');

/** A script that keeps a dialog, with what it does first, in requests inside, and besides. */
function script(first: string, inside = '', more = '', params = ''): string {
  return `${HEAD}
    ${params}
    route {
      if (has_totag()) {
        loose_route();
        ${inside}
        t_relay();
        exit;
      }
      record_route();
      ${first}
      t_relay();
    }
    ${more}`;
}

describe('dialog', () => {
  it('knows a call from its INVITE to its end', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        `xlog("before $DLG_status"); create_dialog("bye-on-timeout"); $DLG_timeout = 600;
         xlog("made $DLG_status $DLG_dir $DLG_timeout $DLG_count"); t_on_reply("r");`,
        'xlog("$rm $DLG_status $DLG_dir $DLG_lifetime $(DLG_end_reason)");',
        `onreply_route[r] { xlog("reply $DLG_status"); }
         event_route[E_DLG_STATE_CHANGED] { xlog("$param(old_state)>$param(new_state)"); }`,
      ),
    );
    const call = await new Call(server).establish();
    server.advance(5000);
    call.send('INFO', 'callee');
    await call.hangUp();
    expect(server.lines.filter((it) => !/^\d>/.test(it))).toEqual([
      'before <null>',
      'made 1 downstream 600 1',
      'reply 1',
      'reply 2',
      'ACK 3 downstream 0 <null>',
      'INFO 4 upstream 5 <null>',
      'BYE 5 downstream 5 Downstream BYE',
    ]);
    expect(server.lines.filter((it) => /^\d>/.test(it))).toEqual(['1>2', '2>3', '3>4', '4>5']);
  });

  it('keeps values and flags', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        `xlog("without $dlg_val(a)"); create_dialog();
         $dlg_val(a) = "x|y"; $dlg_val(n) = 5; $var(s) = "stored"; store_dlg_value("b", $var(s));
         set_dlg_flag("ONE"); test_and_set_dlg_flag("TWO", 0);
         if (!test_and_set_dlg_flag("TWO", 0)) xlog("was set");
         set_dlg_flag("THREE"); reset_dlg_flag("THREE");`,
        `fetch_dlg_value("b", $var(b)); $var(sum) = $dlg_val(n) + 1;
         if (is_dlg_flag_set("ONE") && !is_dlg_flag_set("THREE")) xlog("$rm $dlg_val(a) $var(b) $var(sum) $DLG_flags");
         if (!fetch_dlg_value("none", $var(c))) xlog("$rc");
         get_dialog_vals($avp(names), $avp(vals), $ci); xlog("$(avp(names)[*]): $(avp(vals)[*])");
         $dlg_val(a) = NULL;`,
      ),
    );
    const call = await new Call(server).establish();
    expect(server.lines).toEqual([
      'without <null>',
      'was set',
      'ACK x|y stored 6 ONE TWO',
      '-2',
      'b, n, a: stored, 5, x|y',
    ]);
    await call.hangUp();
    expect(server.lines).toContain('BYE <null> stored 6 ONE TWO');
    expect(server.lines.at(-1)).toBe('b, n: stored, 5');
  });

  it('limits calls by profiles, and lists them', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        `create_dialog(); set_dlg_profile("all"); set_dlg_profile("caller", "$fU");
         get_profile_size("caller", "$fU", $var(n)); get_profile_size("all",, $var(all));
         if (is_in_profile("caller", "alice")) xlog("$var(n) $var(all)");
         if (!set_dlg_profile("nothing")) xlog("no such profile");
         set_dlg_profile("caller", "carol", 1);
         if ($ci == "two") { unset_dlg_profile("all"); unset_dlg_profile("caller"); }`,
        '',
        '',
        `modparam("dialog", "profiles_with_value", "caller ; other/b") modparam("dialog", "profiles_no_value", "all")`,
      ),
    );
    const call = new Call(server);
    call.invite({ callId: 'one' });
    call.invite({ callId: 'two', branch: 'z9hG4bK-two' });
    expect(server.lines).toEqual(['1 1', 'no such profile', '1 2', 'no such profile']);
    expect(await command(server, 'profile_get_size', { profile: 'all' })).toEqual({
      Profile: { name: 'all', value: null, count: 1, shared: 'no', replicated: 'no' },
    });
    expect(await command(server, 'dialog:profile_get_values', { profile: 'caller' })).toEqual({
      Profile: [{ value: 'carol', count: 1 }],
    });
    expect(await command(server, 'list_all_profiles')).toEqual({
      Profiles: [
        { name: 'caller', 'has value': true },
        { name: 'other', 'has value': true },
        { name: 'all', 'has value': false },
      ],
    });
    await expect(command(server, 'profile_get_size', { profile: 'x' })).rejects.toThrow('Profile not found');
  });

  it('judges requests inside by CSeq, target and route set, and leads them right', async () => {
    await using server = await ScriptUnderTest.run(
      script('create_dialog();', 'if (!validate_dialog()) { xlog("$rm $rc"); fix_route_dialog(); }'),
    );
    const call = await new Call(server).establish();
    call.send('INFO', 'caller');
    await server.settle();
    expect(server.lines).toEqual([]);
    call.send('INFO', 'caller', { cseq: 1 });
    const { ofCaller } = call;
    call.caller.inDialog('BYE', { ...ofCaller, target: 'sip:evil@203.0.113.9' }, { cseq: 200 });
    call.caller.inDialog(
      'UPDATE',
      { ...ofCaller, routes: [...ofCaller.routes, '<sip:203.0.113.10;lr>'] },
      { cseq: 201 },
    );
    await server.settle();
    expect(server.lines).toEqual(['INFO -1', 'BYE -2', 'UPDATE -3']);
    expect(read(call.callee.last('BYE')).requestUri).toBe(call.callee.contact);
    expect(read(call.callee.last('UPDATE')).header('Route')).toBeUndefined();
  });

  it('finds a dialog without Routes by match_dialog', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      route {
        if (!has_totag()) { create_dialog(); t_relay(); exit; }
        if (!loose_route() && $DLG_status == NULL) {
          if (!match_dialog("DID_ONLY")) xlog("not by id");
          if (match_dialog()) xlog("found $DLG_did"); else xlog("none");
        }
        exit;
      }`);
    const call = new Call(server);
    call.invite();
    await server.settle();
    call.callee.answer('INVITE', 200);
    const { did } = [...server.dialogs.all()][0]!;
    call.caller.request('BYE', { toTag: 'callee', cseq: 2 });
    call.caller.request('BYE', { toTag: 'other', cseq: 3 });
    expect(server.lines).toEqual(['not by id', `found ${did}`, 'not by id', 'none']);
  });

  it('runs routes when a call is answered, has lasted too long, and ends', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        `create_dialog("B"); $DLG_timeout = 60; $dlg_val(who) = $fU;
         dlg_on_answer("answered"); dlg_on_timeout("late"); dlg_on_hangup("over");`,
        '',
        `route[answered] { xlog("answered $dlg_val(who) $DLG_status"); }
         route[late] { xlog("late"); if ($dlg_val(more) == NULL) { $dlg_val(more) = 1; $DLG_timeout = 30; } }
         route[over] { xlog("over $DLG_end_reason"); }`,
      ),
    );
    expect(server.notices.map(({ message }) => message).join()).toContain('older letters');
    const call = await new Call(server).establish();
    expect(server.lines).toEqual(['answered alice 3']);
    server.advance(61_000);
    await server.settle();
    expect(server.lines.at(-1)).toBe('late');
    expect(call.callee.kinds).not.toContain('BYE');
    server.advance(31_000);
    await server.settle();
    expect(server.lines.slice(-2)).toEqual(['late', 'over Lifetime Timeout']);
    expect([call.callee.kinds.at(-1), call.caller.kinds.at(-1)]).toEqual(['BYE', 'BYE']);
  });

  it('works on other dialogs, and sends requests inside them', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      route {
        if (is_method("OPTIONS")) {
          if (!load_dialog_ctx("call1")) { xlog("none"); exit; }
          if (!load_dialog_ctx("call1")) xlog("once only");
          xlog("$DLG_status $dlg_val(x)");
          dlg_inc_cseq("callee", 10);
          dlg_send_sequential("INFO", "callee", "Signal=1", "application/dtmf-relay", "X-A: b\\r\\n");
          unload_dialog_ctx();
          xlog("$DLG_status");
          if (get_dialog_info("y", $avp(all), "x", $var(x), $var(n))) xlog("$avp(all)");
          $var(x) = "1";
          get_dialog_info("y", $avp(all), "x", $var(x), $var(n)); xlog("$avp(all) $var(n)");
          get_dialogs_by_val("x", $var(x), $avp(json), $var(n)); xlog("$(avp(json){s.substr,0,6}) $var(n)");
          exit;
        }
        if (has_totag()) { loose_route(); t_relay(); exit; }
        record_route(); create_dialog(); $dlg_val(x) = "1"; $dlg_val(y) = "why"; t_relay();
      }`);
    const call = await new Call(server).establish();
    server.peer('192.0.2.99').request('OPTIONS', { callId: 'other' });
    await server.settle();
    expect(server.lines).toEqual(['once only', '4 1', '<null>', 'why 1', '{"ID": 1']);
    const info = read(call.callee.last('INFO'));
    expect([
      info.cseq?.number,
      info.body.toString(),
      info.header('X-A'),
      info.header('Content-Type'),
    ]).toEqual([12, 'Signal=1', 'b', 'application/dtmf-relay']);
  });

  it('asks the parties whether they are there', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        '$DLG_options_ping_interval = 20; create_dialog("options-ping-callee"); xlog("$DLG_options_ping_interval $DLG_reinvite_ping_interval");',
      ),
    );
    const call = await new Call(server).establish();
    expect(server.lines).toEqual(['20 <null>']);
    server.advance(21_000);
    await server.settle();
    expect(call.callee.kinds).toContain('OPTIONS');
    call.callee.answer('OPTIONS', 481);
    await server.settle();
    expect([...server.dialogs.all()][0]!.end?.reason).toBe('Ping Timeout');
  });

  it('ends what lasts too long without a word, and re-invites parties, as its parameters say', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        'create_dialog("reinvite-ping-caller,options-ping-caller"); xlog("$DLG_timeout $DLG_reinvite_ping_interval $DLG_options_ping_interval $DLG_del_delay"); $DLG_del_delay = 9; xlog("$DLG_del_delay");',
        '',
        '',
        `modparam("dialog", "default_timeout", 100) modparam("dialog", "reinvite_ping_interval", 40)
         modparam("dialog", "delete_delay", 7)`,
      ),
    );
    const call = await new Call(server).establish();
    expect(server.lines).toEqual(['100 40 <null> 7', '9']);
    server.advance(41_000);
    await server.settle();
    // It was offered nothing that could be offered again: OPTIONS takes the place of the re-INVITE.
    expect(call.caller.kinds.filter((it) => it === 'OPTIONS')).toHaveLength(1);
    call.caller.answer('OPTIONS', 200);
    server.advance(60_000);
    await server.settle();
    expect(call.callee.kinds).not.toContain('BYE');
    expect([...server.dialogs.all()][0]!.end?.reason).toBe('Lifetime Timeout');
    server.advance(10_000);
    expect(server.dialogs.size).toBe(0);
  });

  it('finds dialogs by their id alone where dlg_match_mode is 0', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      modparam("dialog", "dlg_match_mode", 0)
      route {
        if (!has_totag()) { create_dialog(); t_relay(); exit; }
        if (!match_dialog()) xlog("none"); if (match_dialog("DID_FALLBACK")) xlog("found"); exit;
      }`);
    const call = new Call(server);
    call.invite();
    await server.settle();
    call.callee.answer('INVITE', 200);
    call.caller.request('BYE', { toTag: 'callee', cseq: 2 });
    expect(server.lines).toEqual(['none', 'found']);
  });

  it('acknowledges reliable answers by itself', async () => {
    await using server = await ScriptUnderTest.run(
      script('create_dialog("auto-prack");', '', '', 'modparam("dialog", "auto_prack_hangup_on_failure", 1)'),
    );
    const call = new Call(server);
    call.invite();
    await server.settle();
    call.callee.answer('INVITE', 183, { headers: ['RSeq: 7', 'Require: 100rel'] });
    await server.settle();
    expect(read(call.callee.last('PRACK')).header('RAck')).toBe('7 1 INVITE');
    server.advance(4000);
    expect(call.caller.kinds).toContain('502');
  });

  it('acknowledges reliable answers as the script wants it', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        'create_dialog(); t_on_reply("r"); if (!dlg_send_sequential("PRACK", "callee")) xlog("no reply");',
        '',
        'onreply_route[r] { if ($hdr(RSeq) != NULL) dlg_send_sequential("PRACK", "callee", , , "X-A: b\\r\\n"); }',
      ),
    );
    const call = new Call(server);
    call.invite();
    await server.settle();
    call.callee.answer('INVITE', 183, { headers: ['RSeq: 9'] });
    await server.settle();
    const prack = read(call.callee.last('PRACK'));
    expect([prack.header('RAck'), prack.header('X-A'), server.lines]).toEqual([
      '9 1 INVITE',
      'b',
      ['no reply'],
    ]);
  });

  it('ends a call that was answered as it was given up', async () => {
    await using server = await ScriptUnderTest.run(
      script('create_dialog("end-on-race-condition");').replace(
        'route {',
        'route { if (is_method("CANCEL")) { t_relay(); exit; }',
      ),
    );
    const call = new Call(server);
    const invite = call.invite();
    await server.settle();
    call.callee.answer('INVITE', 180);
    call.caller.cancel(invite);
    await server.settle();
    call.callee.answer('INVITE', 200);
    call.caller.inDialog('ACK', call.ofCaller);
    server.advance(6000);
    await server.settle();
    expect([...server.dialogs.all()][0]!.end?.reason).toBe('SIP Race Condition');
  });

  it('lists and ends dialogs by MI', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        'create_dialog(); $dlg_val(a) = "b"; set_dlg_flag("F");',
        '',
        '',
        'modparam("dialog", "dlg_extra_hdrs", "X-Why: mi\\r\\n")',
      ),
    );
    const call = await new Call(server).establish();
    const { Dialogs } = (await command(server, 'dlg_list')) as { Dialogs: Record<string, unknown>[] };
    const { did } = [...server.dialogs.all()][0]!;
    expect(Dialogs[0]).toMatchObject({
      ID: did,
      state: 4,
      user_flags: 'F',
      callid: 'call1',
      from_uri: 'sip:alice@example.com',
      to_uri: 'sip:bob@example.com',
      caller_tag: 'caller',
      CALLEES: [{ callee_tag: 'callee', callee_contact: call.callee.contact }],
    });
    expect(await command(server, 'dialog:list_ctx', { callid: 'call1', from_tag: 'caller' })).toMatchObject({
      Dialog: { context: { values: [{ a: 'b' }] } },
    });
    expect(await command(server, 'dlg_list', { index: 0, counter: 10 })).toMatchObject({ count: 1 });
    await expect(command(server, 'dlg_list', { callid: 'x' })).rejects.toThrow('No such dialog');
    await command(server, 'dlg_push_var', { dlg_val_name: 'v', dlg_val_value: '1', DID: did });
    expect([...server.dialogs.all()][0]!.value('v')).toBe('1');
    const sent = command(server, 'dlg_send_sequential', { callid: 'call1', method: 'INFO', mode: 'callee' });
    await server.settle();
    call.callee.answer('INFO', 200);
    expect(await sent).toEqual({ Code: 200, Reason: 'Answer' });
    expect(await command(server, 'dlg_end_dlg', { dialog_id: did, extra_hdrs: 'X-B: c' })).toBe('OK');
    await server.settle();
    const bye = read(call.caller.last('BYE'));
    expect([bye.header('X-Why'), bye.header('X-B')]).toEqual(['mi', 'c']);
    await expect(command(server, 'dlg_end_dlg', { dialog_id: 'x' })).rejects.toThrow(
      'Requested Dialog not found',
    );
  });

  it.each([1, 2, 3])('keeps dialogs in a table over a restart, in db_mode %i', async (mode) => {
    const file = join(mkdtempSync(join(tmpdir(), 'dialog-')), 'opensips.sqlite');
    const params = `loadmodule "db_sqlite.so"
      modparam("dialog", "db_mode", ${mode}) modparam("dialog", "db_url", "sqlite://${file}")
      modparam("dialog", "profiles_with_value", "caller") modparam("dialog", "db_update_period", 20)`;
    const text = script(
      'create_dialog("bye-on-timeout"); $dlg_val(a) = "1#|\\\\2"; $dlg_val(n) = 7; set_dlg_flag("F"); set_dlg_profile("caller", "alice");',
      'xlog("$rm $DLG_status $DLG_dir $dlg_val(a) $dlg_val(n) $DLG_flags"); get_profile_size("caller", "alice", $var(n)); xlog("$var(n)");',
      '',
      params,
    );
    let bye = '';
    {
      await using server = await ScriptUnderTest.run(text);
      const call = await new Call(server).establish();
      await new Call(server).invite({ callId: 'rings', branch: 'z9hG4bK-r' });
      bye = call.ofCaller.routes.join();
      const written = () => new DatabaseSync(file).prepare('SELECT * FROM dialog').all().length;
      expect(written()).toBe(mode === 1 ? 1 : 0);
      server.advance(20_100);
      expect(written()).toBe(mode === 3 ? 0 : 1);
    }
    const rows = new DatabaseSync(file).prepare('SELECT * FROM dialog').all();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      callid: 'call1',
      from_uri: 'sip:alice@example.com',
      to_tag: 'callee',
      state: 4,
      caller_contact: 'sip:ua@192.0.2.7:5060',
      caller_sock: 'udp:10.0.0.34:5060',
      profiles: 'caller#1#alice|',
      script_flags: 'F',
      flags: 8,
    });
    expect(String(rows[0]!.vars)).toMatch(/^a#1#1\\#\\\|\\\\2\|n#2#7\|/);
    {
      await using server = await ScriptUnderTest.run(text);
      const caller = server.peer('192.0.2.7');
      const callee = server.peer('198.51.100.1');
      caller.request('BYE', {
        requestUri: callee.contact,
        toTag: 'callee',
        cseq: 2,
        headers: [`Route: ${bye}`],
      });
      await server.settle();
      expect(server.lines).toEqual(['BYE 5 downstream 1#|\\2 7 F', '1']);
      callee.answer('BYE', 200);
      await server.settle();
    }
    expect(new DatabaseSync(file).prepare('SELECT * FROM dialog').all()).toEqual([]);
  });
});
