import { describe, expect, it } from 'vitest';
import { Cidr } from '../../base/ip.ts';
import { H } from '../../wire/sip/header-name.ts';
import { branchOf, firstLine, read, values } from './testing/messages.ts';
import { calleeDialog, callerDialog, contactOf } from './testing/peer.ts';
import { ProxyUnderTest, pair, target } from './testing/proxy-under-test.ts';

/** What others have reported, by the names of the threads. */

const OVERRIDE = { host: '203.0.113.80', port: 5080 };
const OVERRIDDEN = '203.0.113.80:5080';

const sentBy = (text: string) => {
  const via = read(text).topVia!;
  return `${via.host}:${via.port}`;
};

describe('OpenSIPS #917: an address set for one branch', () => {
  it('is in its INVITE, CANCEL and negative ACK, and not in later branches', () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.groups = [[target(callee.contact)], [target(other.contact)]];
    server.options = {
      timeoutMs: 5000,
      onBranch: (view) => {
        if (view.target.uri === callee.contact) view.advertise = OVERRIDE;
      },
    };
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    server.advance(5100);
    callee.answer('INVITE', 487);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(callee.inbox.map(sentBy)).toEqual([OVERRIDDEN, OVERRIDDEN, OVERRIDDEN]);
    expect(new Set(callee.inbox.map(branchOf)).size).toBe(1);
    other.answer('INVITE', 486);
    expect(other.inbox.map(sentBy)).toEqual(['99.88.44.33:5060', '99.88.44.33:5060']);
  });

  it('set again after a failure is in the second branch and its ACK', () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.onOutcome = (transaction) => {
      server.onOutcome = (same, outcome) => server.proxy.finish(same, outcome);
      server.proxy.forkThen(transaction, [[target(other.contact)]], { advertise: OVERRIDE }, (outcome) =>
        server.proxy.finish(transaction, outcome),
      );
    };
    caller.request('INVITE');
    callee.answer('INVITE', 486);
    other.answer('INVITE', 486);
    expect(callee.inbox.map(sentBy)).toEqual(['99.88.44.33:5060', '99.88.44.33:5060']);
    expect(other.inbox.map(sentBy)).toEqual([OVERRIDDEN, OVERRIDDEN]);
  });
});

describe('OpenSIPS #3719: another address of the next hop', () => {
  it('gets a new branch, and is asked afresh what is printed to it', async () => {
    const { server, caller } = pair({ hosts: { 'pbx.example.com': ['198.51.100.1', '10.0.0.8'] } });
    const second = server.peer('10.0.0.8');
    server.groups = [[target('sip:bob@pbx.example.com:5060')]];
    caller.request('INVITE');
    await server.settle();
    const first = server.peers[1]!;
    first.answer('INVITE', 503);
    expect(branchOf(second.last('INVITE'))).not.toBe(branchOf(first.last('INVITE')));
    expect(sentBy(second.last('INVITE'))).toBe('10.0.0.34:5060');
    second.answer('INVITE', 486);
    expect(branchOf(second.last('ACK'))).toBe(branchOf(second.last('INVITE')));
    expect(caller.kinds).toEqual(['486']);
  });

  it('keeps an override', async () => {
    const { server, caller } = pair({ hosts: { 'pbx.example.com': ['198.51.100.1', '10.0.0.8'] } });
    const second = server.peer('10.0.0.8');
    server.groups = [[target('sip:bob@pbx.example.com:5060')]];
    server.options = { advertise: OVERRIDE };
    caller.request('MESSAGE');
    await server.settle();
    server.peers[1]!.answer('MESSAGE', 503);
    expect(sentBy(second.last('MESSAGE'))).toBe(OVERRIDDEN);
  });
});

describe('kamailio #1174: the global address', () => {
  it('is in Via, Record-Route, Path and Contact alike, and is own when it comes back', () => {
    const server = new ProxyUnderTest({
      listeners: ['udp:10.0.0.34:5060'],
      advertise: { global: { host: '99.88.44.33' } },
    });
    const [caller, callee] = [server.peer('10.0.0.7'), server.peer('198.51.100.1')];
    server.forkTo(callee).options = { path: true };
    caller.request('INVITE');
    const invite = callee.last('INVITE');
    expect(sentBy(invite)).toBe('99.88.44.33:5060');
    expect(values(invite, H.RecordRoute)[0]).toContain('<sip:99.88.44.33;');
    expect(values(invite, H.Path)[0]).toContain('<sip:99.88.44.33;');
    expect(contactOf(invite)).toContain('@99.88.44.33;vc=');
    server.options = {};
    callee.answer('INVITE', 200);
    callee.inDialog('BYE', calleeDialog(invite));
    expect(firstLine(caller.last('BYE'))).toBe(`BYE ${caller.contact} SIP/2.0`);
  });
});

describe('OpenSIPS #2128: a neighbour in the private network', () => {
  it('is not told the public address', () => {
    const { server, caller } = pair();
    const neighbour = server.peer('10.0.0.8');
    server.forkTo(neighbour);
    caller.request('INVITE');
    expect(sentBy(neighbour.last('INVITE'))).toBe('10.0.0.34:5060');
    expect(values(neighbour.last('INVITE'), H.RecordRoute)[0]).toContain('<sip:10.0.0.34;');
  });

  it('is told what a rule for its network says', () => {
    const { server, caller } = pair({
      advertise: { rules: [{ network: Cidr.parse('10.0.0.0/24')!, as: { host: '10.1.1.1', port: 5061 } }] },
    });
    const neighbour = server.peer('10.0.0.8');
    server.forkTo(neighbour);
    caller.request('INVITE');
    expect(sentBy(neighbour.last('INVITE'))).toBe('10.1.1.1:5061');
  });
});

describe('OpenSIPS #1451, kamailio #3586: a private and a public party on one socket', () => {
  it.each([
    ['10.0.0.7', '198.51.100.1'],
    ['198.51.100.1', '10.0.0.7'],
  ])('each sends to the address that it can reach: from %s to %s', (from, to) => {
    const server = new ProxyUnderTest();
    const [caller, callee] = [server.peer(from), server.peer(to)];
    server.forkTo(callee);
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const [here, there] = [callerDialog(caller.last('200')), calleeDialog(callee.last('INVITE'))];
    const face = (address: string) => (address.startsWith('10.') ? '<sip:10.0.0.34;' : '<sip:99.88.44.33;');
    expect(here.routes).toHaveLength(2);
    expect(here.routes[0]).toContain(face(from));
    expect(there.routes[0]).toContain(face(to));
    caller.inDialog('ACK', here);
    callee.inDialog('BYE', there);
    expect([caller.kinds, callee.kinds]).toEqual([
      ['200', 'BYE'],
      ['INVITE', 'ACK'],
    ]);
  });
});

describe('drachtio-server #66: an ACK to a proxy that has two addresses', () => {
  it('follows the member of the route set that this server can reach', () => {
    const { server, caller } = pair();
    const edge = server.peer('10.0.0.50');
    server.groups = [[target('sip:bob@198.51.100.1', { route: ['<sip:10.0.0.50;lr>'] })]];
    caller.request('INVITE');
    edge.inbox[0] = edge.inbox[0]!.replace(
      'Record-Route: ',
      'Record-Route: <sip:203.0.113.50;r2=on;lr>\r\nRecord-Route: <sip:10.0.0.50;r2=on;lr>\r\nRecord-Route: ',
    );
    edge.answer('INVITE', 200, { contact: 'sip:bob@198.51.100.1' });
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    expect(server.network.sent.at(-1)?.to.address).toBe('10.0.0.50');
    expect(values(edge.last('ACK'), H.Route)).toEqual([
      '<sip:10.0.0.50;r2=on;lr>',
      '<sip:203.0.113.50;r2=on;lr>',
    ]);
  });
});

describe('the boomerang: an override that no alias names', () => {
  it.each([
    ['with its tag', (route: string) => route],
    ['by the remembered address', (route: string) => route.replace(/;vt=[^;>]*/, '')],
  ])('is own when it comes back, %s', (_what, made) => {
    const { server, caller, callee } = pair();
    server.options = { advertise: OVERRIDE };
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const dialog = callerDialog(caller.last('200'));
    expect(dialog.routes[0]).toContain(`<sip:${OVERRIDDEN};`);
    server.options = {};
    for (const method of ['ACK', 'BYE']) {
      caller.inDialog(method, { ...dialog, routes: dialog.routes.map(made) }, { to: server.listener() });
      expect(firstLine(callee.last(method))).toBe(`${method} ${callee.contact} SIP/2.0`);
      expect(sentBy(callee.last(method))).toBe(OVERRIDDEN);
    }
    expect(server.network.sent.map(({ to }) => to.address)).not.toContain('203.0.113.80');
  });

  it('a next hop that is such an address is reached inside', () => {
    const { server, caller, callee } = pair();
    server.options = { advertise: OVERRIDE };
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    server.forkTo();
    server.groups = [[target(`sip:carol@${OVERRIDDEN}`)]];
    caller.request('INVITE', { callId: 'call2' });
    const addresses = server.network.sent.map(({ to }) => to.address);
    expect(addresses).toContain('10.0.0.34');
    expect(addresses).not.toContain('203.0.113.80');
  });
});

describe('two sockets that print one address', () => {
  it('are found again by their tags: ACK and BYE leave by the right one from both sides', () => {
    const [near, far] = ['udp:10.0.0.34:15060', 'udp:10.0.0.34:15070'];
    const server = new ProxyUnderTest({
      listeners: [`${near} as 99.88.44.33:5060`, `${far} as 99.88.44.33:5060`],
    });
    const caller = server.peer('192.0.2.7');
    const callee = server.peer('198.51.100.1', { talksTo: server.listener(far) });
    server.forkTo(callee).options = { listener: far };
    caller.request('INVITE');
    server.options = {};
    expect(server.network.sent.at(-1)?.from.name).toBe(far);
    callee.answer('INVITE', 200);
    for (const method of ['ACK', 'BYE']) {
      caller.inDialog(method, callerDialog(caller.last('200')), { to: server.listener(near) });
      expect(callee.kinds).toContain(method);
      expect(server.network.sent.at(-1)?.from.name).toBe(far);
    }
    // Whichever of the two sockets the NAT leads it to.
    for (const name of [near, far]) {
      callee.inDialog('BYE', calleeDialog(callee.last('INVITE')), { to: server.listener(name) });
      expect(server.network.sent.at(-1)).toMatchObject({
        from: { name: near },
        to: { address: '192.0.2.7' },
      });
    }
  });
});
