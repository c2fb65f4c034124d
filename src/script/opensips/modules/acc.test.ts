import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { Call } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'db_sqlite', 'dialog', 'acc']
  .map((it) => `loadmodule "${it}.so"`)
  .join('\n');

function script(first: string, params = '', inside = '', more = ''): string {
  return `${HEAD}
    ${params}
    route {
      if (has_totag()) { loose_route(); ${inside} t_relay(); exit; }
      if (is_method("CANCEL")) { do_accounting("log"); t_relay(); exit; }
      record_route();
      ${first}
      t_relay();
    }
    ${more}`;
}

const file = () => join(mkdtempSync(join(tmpdir(), 'acc-')), 'acc.sqlite');
const rows = (path: string, table: string) =>
  new DatabaseSync(path).prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];

describe('acc', () => {
  it('logs requests that are answered, with what the script adds, the right way round', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        '$acc_extra(a) = "first"; $acc_extra(none) = 1; do_accounting("log");',
        `modparam("acc", "extra_fields", "log: a -> My_A; b") modparam("acc", "detect_direction", 1)`,
        'if (is_method("BYE")) { $acc_extra(b) = "last"; do_accounting("log"); }',
      ),
    );
    const call = await new Call(server).establish();
    server.advance(3000);
    call.send('BYE', 'callee');
    call.caller.answer('BYE', 200);
    const lines = server.lines
      .filter((it) => it.startsWith('ACC'))
      .map((it) => it.replaceAll(/(timestamp|created)=\d+/g, '$1=N'));
    expect(lines).toEqual([
      'ACC: transaction answered: timestamp=N;created=N;setuptime=0;method=INVITE;from_tag=caller;to_tag=callee;call_id=call1;code=200;reason=Answer;My_A=first;b=',
      'ACC: transaction answered: timestamp=N;created=N;setuptime=0;method=BYE;from_tag=caller;to_tag=callee;call_id=call1;code=200;reason=Answer;My_A=;b=last',
    ]);
  });

  it('tells missed and failed calls only where it is wanted, a missed one once', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        `if ($rU == "quiet") do_accounting("log");
         else if ($rU == "missed") { do_accounting("log", "missed"); t_on_failure("again"); }
         else { do_accounting("log|evi", "failed|missed"); drop_accounting("log", "missed"); }
         $ru = "sip:ua@198.51.100.1:5060";`,
        '',
        '',
        `failure_route[again] { $ru = "sip:ua@198.51.100.1:5060"; t_relay(); }
         event_route[E_ACC_MISSED_EVENT] { xlog("event $param(sip_code) $param(sip_reason)"); }`,
      ),
    );
    const call = new Call(server);
    for (const user of ['quiet', 'missed', 'failed']) {
      call.caller.request('INVITE', { requestUri: `sip:${user}@example.com`, callId: user });
      await server.settle();
      call.callee.answer('INVITE', 486);
      await server.settle();
      if (user === 'missed') call.callee.answer('INVITE', 480);
      await server.settle();
    }
    const lines = server.lines.map((it) => it.replace(/timestamp.*call_id=/, ''));
    expect(lines).toEqual([
      'ACC: call missed: missed;code=486;reason=Answer',
      'ACC: transaction answered: failed;code=486;reason=Answer',
      'event 486 Answer',
      'event 486 Answer',
    ]);
  });

  it('writes calls into OpenSIPS’s table when they have ended, with a row for each leg', async () => {
    const path = file();
    await using server = await ScriptUnderTest.run(
      script(
        `$acc_extra(who) = $fU; do_accounting("db|log|evi", "cdr|missed");
         $acc_leg(to) = "one"; acc_new_leg(); $acc_leg(to) = "two"; xlog("$acc_current_leg $(acc_leg(to)[0]) $acc_leg(to)");`,
        `modparam("acc", "db_url", "sqlite://${path}")
         modparam("acc", "extra_fields", "db: who; last -> bye_by") modparam("acc", "leg_fields", "db: to -> dest")
         modparam("acc", "extra_fields", "evi: who")`,
        'if (is_method("BYE")) $acc_extra(last) = $fU;',
        'event_route[E_ACC_CDR] { xlog("cdr $param(who) $param(duration) $param(ms_duration) $param(setuptime)"); }',
      ),
    );
    const call = new Call(server);
    call.invite();
    await server.settle();
    server.advance(2000);
    call.callee.answer('INVITE', 200);
    call.caller.inDialog('ACK', call.ofCaller);
    expect(rows(path, 'acc')).toEqual([]);
    server.advance(2500);
    await call.hangUp();
    expect(rows(path, 'acc')).toMatchObject(
      ['one', 'two'].map((dest) => ({
        method: 'INVITE',
        from_tag: 'caller',
        to_tag: 'callee',
        callid: 'call1',
        sip_code: '200',
        sip_reason: 'Answer',
        duration: 3,
        ms_duration: 2500,
        setuptime: 2,
        who: 'alice',
        bye_by: 'alice',
        dest,
      })),
    );
    expect(server.lines[0]).toBe('1 one two');
    expect(server.lines).toContain('cdr alice 3 2500 2');
    expect(
      server.lines.some((it) =>
        /^ACC: call ended: created=\d+;call_start_time=\d+;duration=3;ms_duration=2500;setuptime=2;method=INVITE/.test(
          it,
        ),
      ),
    ).toBe(true);
    call.invite({ callId: 'busy' });
    await server.settle();
    call.callee.answer('INVITE', 486);
    await server.settle();
    expect(rows(path, 'missed_calls')).toMatchObject([
      { callid: 'busy', sip_code: '486' },
      { callid: 'busy' },
    ]);
  });

  it('ends calls that were begun before a restart', async () => {
    const path = file();
    const text = script(
      '$acc_extra(a) = "kept"; do_accounting("log", "cdr");',
      `modparam("acc", "extra_fields", "log: a") modparam("dialog", "db_mode", 1) modparam("dialog", "db_url", "sqlite://${path}")`,
    );
    let route = '';
    {
      await using server = await ScriptUnderTest.run(text);
      route = (await new Call(server).establish()).ofCaller.routes.join();
      expect(server.lines).toEqual([]);
    }
    await using server = await ScriptUnderTest.run(text);
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.1')];
    caller.request('BYE', {
      requestUri: callee.contact,
      toTag: 'callee',
      cseq: 2,
      headers: [`Route: ${route}`],
    });
    await server.settle();
    callee.answer('BYE', 200);
    expect(server.lines.map((it) => it.replace(/created.*method/, 'method'))).toEqual([
      'ACC: call ended: method=INVITE;from_tag=caller;to_tag=callee;call_id=call1;code=200;reason=Answer;a=kept',
    ]);
  });

  it('accounts requests at once', async () => {
    const path = file();
    await using server = await ScriptUnderTest.run(`${HEAD}
      modparam("acc", "db_url", "sqlite://${path}")
      route {
        $var(code) = 404;
        acc_log_request("$var(code) Not here");
        acc_log_request("something");
        acc_db_request("480 $fU is away", "missed_calls");
        if (!acc_db_request("480", "no_table")) xlog("no table");
        acc_evi_request("503");
        exit;
      }
      event_route[E_ACC_MISSED_EVENT] { xlog("$param(method) $param(sip_code) $param(sip_reason)"); }`);
    server.peer('192.0.2.7').request('OPTIONS');
    await server.settle();
    expect(server.lines.map((it) => it.replace(/timestamp=\d+/, 't'))).toEqual([
      'ACC: request accounted: t;method=OPTIONS;from_tag=caller;to_tag=;call_id=call1;code=404;reason=Not here',
      'ACC: request accounted: t;method=OPTIONS;from_tag=caller;to_tag=;call_id=call1;code=;reason=something',
      expect.stringContaining('no_table'),
      'no table',
      'OPTIONS 503 Service Unavailable',
    ]);
    expect(rows(path, 'missed_calls')).toMatchObject([
      { sip_code: '480', sip_reason: 'alice is away', method: 'OPTIONS' },
    ]);
  });

  it('accounts early media and CANCELs where it is told to', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        'do_accounting("log");',
        'modparam("acc", "early_media", 1) modparam("acc", "report_cancels", 1)',
      ),
    );
    const call = new Call(server);
    const invite = call.invite();
    await server.settle();
    const progress = call.callee.answer('INVITE', 183);
    call.callee.send(
      progress.replace(
        'Content-Length: 0\r\n\r\n',
        'Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0',
      ),
    );
    call.caller.cancel(invite);
    await server.settle();
    expect(server.lines.map((it) => it.replace(/timestamp.*method=(\w+).*code=/, '$1 '))).toEqual([
      'ACC: transaction answered: INVITE 183;reason=Answer',
      'ACC: transaction answered: CANCEL 200;reason=OK',
    ]);
  });

  it.each([
    ['modparam("acc", "extra_fields", "log: a b")', 'is no field'],
    ['modparam("acc", "extra_fields", "radius: a")', 'is no backend'],
    ['modparam("acc", "db_url", "nonsense")', 'is no database URL'],
  ])('finds what is wrong: %s', async (params, problem) => {
    await expect(ScriptUnderTest.run(script('', params))).rejects.toThrow(problem);
    await expect(ScriptUnderTest.run(script('do_accounting("disk");'))).rejects.toThrow(
      '"disk" is not known',
    );
  });
});
