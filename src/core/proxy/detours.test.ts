import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { firstLine, values } from './testing/messages.ts';
import { calleeDialog, callerDialog, contactOf } from './testing/peer.ts';
import { ProxyUnderTest, target } from './testing/proxy-under-test.ts';

function pair() {
  const server = new ProxyUnderTest();
  const caller = server.peer('192.0.2.7');
  const callee = server.peer('198.51.100.1');
  server.forkTo(callee);
  return { server, caller, callee };
}

describe('strict routers', () => {
  it('stand in the Request-URI, the target last, and are sent to', () => {
    const { server, caller } = pair();
    const strict = server.peer('203.0.113.5');
    caller.request('INVITE', {
      headers: ['Route: <sip:99.88.44.33;lr>, <sip:203.0.113.5>, <sip:p3.example.com;lr>'],
    });
    const got = strict.last('INVITE');
    expect(firstLine(got)).toBe('INVITE sip:203.0.113.5 SIP/2.0');
    expect(values(got, H.Route)).toEqual(['<sip:p3.example.com;lr>', '<sip:ua@198.51.100.1:5060>']);
  });

  it('before this server are undone inside a dialog', () => {
    const { caller, callee } = pair();
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const dialog = callerDialog(caller.last('200'));
    const own = dialog.routes[0]!.slice(1, -1);
    caller.inDialog(
      'BYE',
      { ...dialog, target: own, routes: [`<${dialog.target}>`] },
      { to: caller.talksTo },
    );
    expect(firstLine(callee.last('BYE'))).toBe(`BYE ${callee.contact} SIP/2.0`);
    expect(values(callee.last('BYE'), H.Route)).toEqual([]);
  });

  it('behind this server get an ACK and a BYE their way', () => {
    const { server, caller, callee } = pair();
    const strict = server.peer('203.0.113.5');
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const dialog = callerDialog(caller.last('200'));
    for (const method of ['ACK', 'BYE']) {
      caller.inDialog(method, { ...dialog, routes: [...dialog.routes, '<sip:203.0.113.5>'] });
      expect(firstLine(strict.last(method))).toBe(`${method} sip:203.0.113.5 SIP/2.0`);
      expect(values(strict.last(method), H.Route)).toEqual([`<${callee.contact}>`]);
    }
  });
});

describe('loops', () => {
  it('a request that comes back unchanged has looped', () => {
    const { server, caller } = pair();
    server.groups = [
      [target('sip:bob@example.com', { source: { transport: 'udp', address: '10.0.0.34', port: 5060 } })],
    ];
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['482']);
    expect(server.network.sent.filter(({ text }) => text.startsWith('INVITE'))).toHaveLength(1);
  });

  it.each([
    ['udp', 'udp', 2],
    ['udp', 'tcp', 3],
    ['tcp', 'udp', 3],
    ['tcp', 'tcp', 4],
  ])('one that comes back for another target has spiralled: from %s to %s', (first, last, routes) => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7', { talksTo: server.listener(`${first}:10.0.0.34:5060`) });
    const callee = server.peer('198.51.100.1', { talksTo: server.listener(`${last}:10.0.0.34:5060`) });
    const here = { transport: 'udp', address: '10.0.0.34', port: 5060 } as const;
    server.groups = [[target('sip:bob@sales.example.com', { source: here })]];
    server.onRequest = (message) => {
      if (message.uri?.host === 'sales.example.com') server.forkTo(callee);
    };
    caller.request('INVITE');
    const invite = callee.last('INVITE');
    expect(values(invite, H.RecordRoute)).toHaveLength(routes);
    expect(invite).not.toContain('10.0.0.34');
    callee.answer('INVITE', 200);
    expect(caller.last('200')).not.toContain('10.0.0.34');
    const dialog = callerDialog(caller.last('200'));
    caller.inDialog('ACK', dialog);
    caller.inDialog('BYE', dialog);
    expect(callee.kinds).toEqual(['INVITE', 'ACK', 'BYE']);
    callee.inDialog('BYE', calleeDialog(invite));
    expect(caller.kinds).toContain('BYE');
  });

  it('a call between two inside may spiral too', () => {
    const server = new ProxyUnderTest();
    const [caller, callee] = [server.peer('10.0.0.7'), server.peer('10.0.0.8')];
    const here = { transport: 'udp', address: '10.0.0.34', port: 5060 } as const;
    server.groups = [[target('sip:bob@sales.example.com', { source: here })]];
    server.onRequest = (message) => {
      if (message.uri?.host === 'sales.example.com') server.forkTo(callee);
    };
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    expect(contactOf(caller.last('200'))).toBe(callee.contact);
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    caller.inDialog('BYE', callerDialog(caller.last('200')));
    expect(callee.kinds).toEqual(['INVITE', 'ACK', 'BYE']);
    callee.inDialog('BYE', calleeDialog(callee.last('INVITE')));
    expect(caller.kinds).toContain('BYE');
  });

  it('a Via that only looks like ours is no loop', () => {
    const { caller, callee } = pair();
    caller.request('INVITE', { vias: ['SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK0000000000001.abc'] });
    expect(callee.kinds).toEqual(['INVITE']);
  });
});
