import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { read, values } from './testing/messages.ts';
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
        expect.stringContaining('transport=tls'),
        expect.not.stringContaining('transport='),
      ]);
    },
  );

  it.each(['sips:bob@example.org', 'sips:bob@198.51.100.9:5060', 'sips:bob@198.51.100.9;transport=udp'])(
    '%s leaves by nothing else where there is no TLS',
    async (uri) => {
      const { invites, caller } = await sent(uri, LISTENERS.slice(0, 2));
      expect(invites).toEqual([]);
      expect(caller.kinds.at(-1)).toMatch(/^[45]\d\d$/);
    },
  );

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
