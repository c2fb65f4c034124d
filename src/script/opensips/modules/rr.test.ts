import { describe, expect, it } from 'vitest';
import { values } from '../../../core/proxy/testing/messages.ts';
import { calleeDialog, callerDialog } from '../../../core/proxy/testing/peer.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

async function parties(script: string, listeners?: readonly string[]) {
  const server = await ScriptUnderTest.run(
    `loadmodule "sl.so"\nloadmodule "tm.so"\nloadmodule "rr.so"\n${script}`,
    listeners ? { listeners } : {},
  );
  return { server, caller: server.peer('192.0.2.7'), one: server.peer('198.51.100.1') };
}

const TO_ONE = '$ru = "sip:one@198.51.100.1";';

describe('record_route', () => {
  it('writes the printed address, lr, the From tag and what is added before or after', async () => {
    const { server, caller, one } = await parties(
      `route { add_rr_param(";a=1"); record_route(";b=2"); add_rr_param(";c"); ${TO_ONE} t_relay(); }`,
    );
    await using _ = server;
    caller.request('INVITE');
    const [route = ''] = values(one.last('INVITE'), H.RecordRoute);
    expect(route).toMatch(/^<sip:99\.88\.44\.33[:;]/);
    for (const part of [';lr', ';ftag=caller', ';a=1', ';b=2', ';c']) expect(route).toContain(part);
  });

  it('is done once alone', async () => {
    const { server, caller, one } = await parties(
      `route { record_route(); if (!record_route()) xlog("once"); ${TO_ONE} t_relay(); }`,
    );
    await using _ = server;
    caller.request('INVITE');
    expect(values(one.last('INVITE'), H.RecordRoute)).toHaveLength(1);
    expect(server.lines).toEqual(['once']);
  });

  it('writes two where the sockets differ', async () => {
    const { server, caller, one } = await parties(
      `route { record_route(); $socket_out = "udp:10.0.0.34:5070"; ${TO_ONE} t_relay(); }`,
      ['udp:10.0.0.34:5060', 'udp:10.0.0.34:5070 as 99.88.44.33:5070'],
    );
    await using _ = server;
    caller.request('INVITE');
    const routes = values(one.last('INVITE'), H.RecordRoute);
    expect(routes.map((it) => /^<sip:([^;>]+)/.exec(it)?.[1])).toEqual(['99.88.44.33:5070', '10.0.0.34']);
    expect(routes.every((it) => it.includes(';r2=on'))).toBe(true);
  });
});

describe('record_route_preset', () => {
  it('writes what it is told', async () => {
    const { server, caller, one } = await parties(
      `modparam("rr", "add_username", 1) route { add_rr_param(";x=y"); record_route_preset("1.2.3.4:5090;r2=on", "10.0.0.9:5060;r2=on"); ${TO_ONE} t_relay(); }`,
    );
    await using _ = server;
    caller.request('INVITE');
    const routes = values(one.last('INVITE'), H.RecordRoute);
    expect(routes).toHaveLength(2);
    for (const [i, address] of ['1.2.3.4:5090', '10.0.0.9:5060'].entries()) {
      expect(routes[i]).toContain(`@${address};r2=on`);
      expect(routes[i]).toContain(';lr');
      expect(routes[i]).toContain(';x=y');
    }
  });
});

describe('loose_route', () => {
  it('knows requests of a dialog, their direction and their parameters', async () => {
    const { server, caller, one } = await parties(`
      route {
        if (loose_route()) {
          if (is_direction("downstream")) xlog("down $rr_params"); else xlog("up");
          if (check_route_param("a=[0-9]")) xlog("a");
          if (!check_route_param("nothing")) xlog("none");
          t_relay();
          exit;
        }
        record_route(";a=1"); ${TO_ONE} t_relay();
      }`);
    await using _ = server;
    caller.request('INVITE');
    const invite = one.last('INVITE');
    one.answer('INVITE', 200);
    caller.inDialog('BYE', callerDialog(caller.last('200')));
    one.inDialog('INFO', calleeDialog(invite));
    expect(one.kinds).toEqual(['INVITE', 'BYE']);
    expect(caller.kinds).toEqual(['100', '200', 'INFO']);
    expect(server.lines).toEqual([expect.stringMatching(/^down ;.*a=1/), 'a', 'none', 'up', 'a', 'none']);
  });

  it('shows the next hop in $du, and lets it be changed', async () => {
    const { server, caller, one } = await parties(`
      route { loose_route(); xlog("$rc $du"); if ($rm == "INFO") $du = "sip:198.51.100.1"; t_relay(); }`);
    await using _ = server;
    caller.request('BYE', { toTag: 'x', headers: ['Route: <sip:10.0.0.34;lr>, <sip:203.0.113.99;lr>'] });
    caller.request('INFO', {
      toTag: 'x',
      callId: 'b',
      headers: ['Route: <sip:10.0.0.34;lr>, <sip:203.0.113.99;lr>'],
    });
    expect(server.lines).toEqual(['1 sip:203.0.113.99;lr', '1 sip:203.0.113.99;lr']);
    expect(server.network.sent.map(({ to }) => to.address)).toContain('203.0.113.99');
    expect(one.kinds).toEqual(['INFO']);
  });

  it('is false without Routes, and outside of a dialog with our own alone', async () => {
    const { server, caller } = await parties('route { loose_route(); xlog("$rc $du"); }');
    await using _ = server;
    caller.request('BYE', { toTag: 'x' });
    caller.request('BYE', { toTag: 'x', callId: 'b', headers: ['Route: <sip:10.0.0.34;lr>'] });
    caller.request('OPTIONS', { callId: 'c', headers: ['Route: <sip:10.0.0.34;lr>'] });
    expect(server.lines).toEqual(['-1 <null>', '1 <null>', '-1 <null>']);
  });

  it('puts the Request-URI right after a strict router', async () => {
    const { server, caller, one } = await parties('route { loose_route(); xlog("$ru"); t_relay(); }');
    await using _ = server;
    caller.request('BYE', {
      toTag: 'x',
      requestUri: 'sip:10.0.0.34;lr',
      headers: ['Route: <sip:198.51.100.1;lr>, <sip:ua@203.0.113.7>'],
    });
    expect(server.lines).toEqual(['sip:ua@203.0.113.7']);
    expect(one.last('BYE')).toMatch(/^BYE sip:ua@203\.0\.113\.7 SIP/);
  });
});
