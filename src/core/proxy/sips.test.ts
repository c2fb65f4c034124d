import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import type { Binding } from '../registrar/location-store.ts';
import { read, values } from './testing/messages.ts';
import { calleeDialog, callerDialog, type Peer } from './testing/peer.ts';
import { ProxyUnderTest, target } from './testing/proxy-under-test.ts';

const LISTENERS = ['udp:10.0.0.34:5060', 'tcp:10.0.0.34:5060', 'tls:10.0.0.34:5061'].map(
  (socket) => `${socket} as 99.88.44.33`,
);
const HOSTS = { 'example.org': ['198.51.100.9'] };

async function sent(uri: string, listeners: readonly string[] = LISTENERS, headers: readonly string[] = []) {
  const server = new ProxyUnderTest({ listeners, hosts: HOSTS });
  const domains: (string | undefined)[] = [];
  const { flowTo } = server.network;
  server.network.flowTo = (listener, to) => {
    domains.push(to.domain);
    return flowTo.call(server.network, listener, to);
  };
  const caller = server.peer('192.0.2.7');
  server.peer('198.51.100.9', { transport: 'tls', port: 5061 });
  server.peer('198.51.100.9', { transport: 'udp', port: 5060 });
  server.groups = [[target(uri)]];
  caller.request('INVITE', { headers });
  await server.settle();
  await server.settle();
  const invites = server.network.sent.filter(({ text }) => text.startsWith('INVITE'));
  return { invites, caller, domain: domains.find((it) => it !== undefined) };
}

describe('a request for a sips URI (RFC 3261 §26.2.2)', () => {
  it.each(['sips:bob@example.org', 'SIPS:bob@example.org', 'sips:bob@example.org;transport=tcp'])(
    '%s leaves over TLS, for the domain that it names',
    async (uri) => {
      const { invites, domain } = await sent(uri);
      expect(invites.map(({ from, to }) => [from.transport, to.port])).toEqual([['tls', 5061]]);
      expect(domain).toBe('example.org');
      expect(read(invites[0]!.text).topVia?.transport).toBe('TLS');
      expect(values(invites[0]!.text, H.RecordRoute)).toEqual([
        expect.stringMatching(/^<sips:99\.88\.44\.33;r2=on;lr;/),
        // No Route can make a socket secure that is not: the caller came by UDP.
        expect.stringMatching(/^<sip:99\.88\.44\.33;r2=on;lr;/),
      ]);
    },
  );

  it.each(['sips:bob@example.org', 'sips:bob@198.51.100.9:5060', 'sips:bob@198.51.100.9;transport=udp'])(
    '%s leaves by nothing else where there is no TLS',
    async (uri) => {
      const { invites, caller } = await sent(uri, LISTENERS.slice(0, 2));
      expect(invites).toEqual([]);
      expect(caller.kinds.at(-1)).toBe('480');
      expect(values(caller.last('480'), H.Warning)).toEqual(['380 99.88.44.33:5060 "SIPS Not Allowed"']);
    },
  );

  it('asks to be called back on a TLS connection that this server opens, where that may be (RFC 5923)', () => {
    const alias = (callsBack: boolean) => {
      const server = new ProxyUnderTest({ listeners: LISTENERS });
      const { flowTo } = server.network;
      server.network.flowTo = (listener, to) =>
        Object.assign(flowTo.call(server.network, listener, to)!, { callsBack });
      const callee = server.peer('198.51.100.9', { transport: 'tls', port: 5061 });
      server.groups = [[target('sips:bob@198.51.100.9')]];
      server.peer('192.0.2.7').request('INVITE');
      return read(callee.last('INVITE')).topVia?.params;
    };
    expect(alias(true)).toMatch(/;alias$/);
    expect(alias(false)).not.toContain('alias');
  });

  it('has no domain to prove where its URI has an address', async () => {
    const { invites, domain } = await sent('sips:bob@198.51.100.9');
    expect(invites.map(({ from }) => from.transport)).toEqual(['tls']);
    expect(domain).toBeUndefined();
  });

  it('leaves by UDP where it is no sips URI', async () => {
    const { invites } = await sent('sip:bob@example.org');
    expect(invites.map(({ from }) => from.transport)).toEqual(['udp']);
  });
});

/** Two phones of the Internet, and what a dialog between them, begun for a sips URI, leads them to. */
function secureCall(transport: 'tls' | 'wss', socket: string) {
  const server = new ProxyUnderTest({ listeners: [`${socket} as 99.88.44.33`] });
  const phone = (address: string, user: string) => {
    const peer = server.peer(address, { port: 40_001 });
    const named = transport === 'wss' ? ';transport=ws' : '';
    return { peer, contact: `sips:${user}@${address}:40001${named}` };
  };
  const [alice, bob] = [phone('192.0.2.7', 'alice'), phone('198.51.100.9', 'bob')];
  server.groups = [[target(bob.contact)]];
  alice.peer.request('INVITE', { requestUri: 'sips:bob@example.com', contact: alice.contact });
  bob.peer.answer('INVITE', 200, { contact: bob.contact });
  return { server, alice, bob };
}

describe('the path of a sips dialog (RFC 3261 §16.6 item 4)', () => {
  it.each([
    ['tls', 'tls:10.0.0.34:5061', /^<sips:99\.88\.44\.33;lr;/],
    ['wss', 'wss:10.0.0.34:443', /^<sips:99\.88\.44\.33:443;transport=ws;lr;/],
  ] as const)('is of sips URIs over %s, and comes back', (transport, socket, printed) => {
    const { alice, bob, server } = secureCall(transport, socket);
    const routes = values(bob.peer.last('INVITE'), H.RecordRoute);
    expect(routes).toEqual([expect.stringMatching(printed)]);
    expect(values(alice.peer.last('200'), H.RecordRoute)).toEqual(routes);
    alice.peer.inDialog('BYE', callerDialog(alice.peer.last('200')));
    expect(bob.peer.last('BYE')).toContain(`BYE ${bob.contact} SIP/2.0`);
    expect(values(bob.peer.last('BYE'), H.Route)).toEqual([]);
    bob.peer.inDialog('INFO', calleeDialog(bob.peer.last('INVITE'), bob.contact));
    expect(alice.peer.kinds).toContain('INFO');
    expect(server.strays).toBe(0);
  });

  it('is of sips URIs in Path', () => {
    const server = new ProxyUnderTest({ listeners: LISTENERS });
    const phone = server.peer('192.0.2.7', { talksTo: server.listener('tls:10.0.0.34:5061') });
    const registrar = server.peer('198.51.100.9', { port: 5061, transport: 'tls' });
    server.groups = [[target('sips:example.com', { route: ['<sips:198.51.100.9;lr>'] })]];
    server.options = { path: true };
    phone.request('REGISTER', { requestUri: 'sips:example.com' });
    const path = values(registrar.last('REGISTER'), H.Path);
    expect(path).toEqual([expect.stringMatching(/^<sips:[\w-]+@99\.88\.44\.33;lr;/)]);
    server.groups = [[target('sips:ua@192.0.2.7')]];
    server.options = {};
    registrar.request('INVITE', {
      requestUri: 'sips:ua@192.0.2.7',
      headers: path.map((value) => `Route: ${value}`),
      to: server.listener('tls:10.0.0.34:5061'),
    });
    expect(phone.kinds).toContain('INVITE');
  });
});

/** A call to whoever registered `contact` from 198.51.100.9 by `transport`. */
function calledAt(
  requestUri: string,
  contact: string,
  transport: 'udp' | 'tcp' | 'tls',
  by: 'flow' | 'source',
) {
  const server = new ProxyUnderTest({ listeners: LISTENERS });
  const talksTo = server.network.listeners.find((it) => it.transport === transport)!;
  const caller = server.peer('192.0.2.7');
  const phone = server.peer('198.51.100.9', { talksTo, port: 40_001 });
  const received = { transport, address: phone.address, port: phone.port };
  const { connectionId } = server.network.flowTo(talksTo, received)!;
  const binding = { contact, received, regId: 0, path: [] as string[] } as unknown as Binding;
  const way = by === 'flow' ? { connectionId } : { source: received };
  server.groups = [[target(contact, { ...way, binding })]];
  caller.request('INVITE', { requestUri });
  return { caller, phone };
}

const requestUri = (phone: Peer) => read(phone.last('INVITE')).requestUri;

describe('who registered (RFC 5630 §5.3)', () => {
  it.each([
    ['tcp', 'flow'],
    ['tcp', 'source'],
    ['udp', 'source'],
  ] as const)('by %s is not reached for a sips URI, by no %s', (transport, by) => {
    const { caller, phone } = calledAt('sips:bob@example.com', 'sip:bob@198.51.100.9:40001', transport, by);
    expect(phone.inbox).toEqual([]);
    expect(values(caller.last('480'), H.Warning)).toEqual(['380 99.88.44.33:5060 "SIPS Not Allowed"']);
  });

  it.each(['flow', 'source'] as const)('by TLS is reached for it, by its %s', (by) => {
    const contact = 'sip:bob@198.51.100.9:40001;transport=tls';
    const { phone } = calledAt('sips:bob@example.com', contact, 'tls', by);
    expect(requestUri(phone)).toBe(contact);
  });

  it('a sips Contact is called by a sip URI where the caller asked for no more, on the same way', () => {
    const { phone } = calledAt('sip:bob@example.com', 'sips:bob@198.51.100.9:40001', 'tls', 'flow');
    expect(requestUri(phone)).toBe('sip:bob@198.51.100.9:40001;transport=tls');
    const secure = calledAt('sips:bob@example.com', 'sips:bob@198.51.100.9:40001', 'tls', 'flow');
    expect(requestUri(secure.phone)).toBe('sips:bob@198.51.100.9:40001');
  });

  it('as an edge proxy sent it, by a flow without TLS, is not reached for a sips URI', () => {
    const server = new ProxyUnderTest({ listeners: LISTENERS });
    const phone = server.peer('192.0.2.7', { talksTo: server.listener('tcp:10.0.0.34:5060'), port: 40_001 });
    const registrar = server.peer('10.0.0.9');
    server.forkTo(registrar).options = { path: true };
    phone.request('REGISTER');
    const path = values(registrar.last('REGISTER'), H.Path);
    server.groups = [[target('sips:ua@192.0.2.7:40001')]];
    server.options = {};
    registrar.request('INVITE', {
      requestUri: 'sips:ua@192.0.2.7:40001',
      headers: path.map((value) => `Route: ${value}`),
    });
    expect(phone.kinds).not.toContain('INVITE');
    expect(registrar.kinds).toContain('480');
  });
});

it('a Contact that is hidden stays a sips URI where it was one', () => {
  const server = new ProxyUnderTest({ listeners: LISTENERS });
  const inner = server.peer('10.0.0.7', { talksTo: server.listener('tls:10.0.0.34:5061') });
  const outer = server.peer('198.51.100.9', { transport: 'tls', port: 5061 });
  server.groups = [[target('sips:bob@198.51.100.9')]];
  inner.request('INVITE', { requestUri: 'sips:bob@example.com', contact: 'sips:ua@10.0.0.7' });
  const contact = values(outer.last('INVITE'), H.Contact)[0];
  expect(contact).toMatch(/^<sips:ua@99\.88\.44\.33;vc=/);
});
