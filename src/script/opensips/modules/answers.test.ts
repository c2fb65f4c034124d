import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

async function run(script: string) {
  const server = await ScriptUnderTest.run(
    `loadmodule "signaling.so"\nloadmodule "sl.so"\nloadmodule "tm.so"\n${script}`,
  );
  return { server, caller: server.peer('192.0.2.7') };
}

describe('sl_send_reply', () => {
  it('answers, with a tag in To, and keeps nothing', async () => {
    const { server, caller } = await run('route { xlog("run"); sl_send_reply(404, "Gone $rU"); }');
    await using _ = server;
    const invite = caller.request('INVITE');
    expect(caller.last('404')).toMatch(/^SIP\/2\.0 404 Gone bob\r\n/);
    expect(caller.last('404')).toMatch(/\r\nTo: <sip:bob@example.com>;tag=[^\r]+\r\n/);
    caller.ackNegative(invite, caller.last('404'));
    expect(server.lines).toEqual(['run']);
    server.clock.advance(1000);
    expect(caller.inbox).toHaveLength(1);
  });

  it('gives provisional answers before the final one', async () => {
    const { server, caller } = await run(
      'route { sl_send_reply(180, "Ringing"); sl_send_reply(486, "Busy"); }',
    );
    await using _ = server;
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['180', '486']);
  });

  it('answers no ACK', async () => {
    const { server, caller } = await run('route { if (!sl_send_reply(200, "OK")) xlog("no"); }');
    await using _ = server;
    caller.request('ACK');
    expect(caller.kinds).toEqual([]);
    expect(server.lines).toEqual(['no']);
  });
});

describe('sl_reply_error', () => {
  it('tells what went wrong, or 500', async () => {
    const { server, caller } = await run(
      'route { if ($rm == "INVITE") { $ru = "nothing"; if (t_relay()) exit; } sl_reply_error(); }',
    );
    await using _ = server;
    caller.request('OPTIONS');
    caller.request('INVITE', { callId: 'b' });
    await server.settle();
    expect(caller.last('500')).toMatch(/^SIP\/2\.0 500 I'm terribly sorry, server error occurred/);
    expect(caller.kinds).toEqual(['500', expect.stringMatching(/^[45]\d\d$/)]);
  });
});

describe('send_reply', () => {
  it('answers, and repeats the answer until it is acknowledged', async () => {
    const { server, caller } = await run('route { send_reply(486, "Busy"); }');
    await using _ = server;
    const invite = caller.request('INVITE');
    expect(caller.kinds).toEqual(['486']);
    server.clock.advance(500);
    expect(caller.inbox).toHaveLength(2);
    caller.ackNegative(invite, caller.last('486'));
    server.clock.advance(5000);
    expect(caller.inbox).toHaveLength(2);
  });

  it('answers in failure_route', async () => {
    const { server, caller } = await run(`
      route { $ru = "sip:one@198.51.100.1"; t_on_failure("f"); t_relay(); }
      failure_route[f] { send_reply(603, "No"); }`);
    await using _ = server;
    const one = server.peer('198.51.100.1');
    caller.request('INVITE');
    one.answer('INVITE', 486);
    expect(caller.kinds).toEqual(['100', '603']);
  });
});
