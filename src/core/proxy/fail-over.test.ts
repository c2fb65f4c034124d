import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { branchOf, read, values } from './testing/messages.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions, target } from './testing/proxy-under-test.ts';

const ADDRESSES = ['198.51.100.1', '10.0.0.8', '198.51.100.3'];

/** A name with three addresses, the second of which lies inside. */
async function calling(method = 'INVITE', options: ProxyUnderTestOptions = {}, unreachable: string[] = []) {
  const server = new ProxyUnderTest({
    hosts: { 'pbx.example.com': ADDRESSES },
    timers: { frTimeout: 5000 },
    ...options,
  });
  for (const address of unreachable) server.network.unreachable.add(address);
  const caller = server.peer('192.0.2.7');
  const peers = ADDRESSES.map((address) => server.peer(address));
  server.groups = [[target('sip:bob@pbx.example.com:5060')]];
  caller.request(method);
  await server.settle();
  const [first, second, third] = peers;
  return { server, caller, first: first!, second: second!, third: third! };
}

describe('the next address (RFC 3263 §4.3)', () => {
  it('takes over after a timeout, with a branch and printed addresses of its own', async () => {
    const { server, caller, first, second } = await calling();
    server.advance(5100);
    const [before, after] = [first.last('INVITE'), second.last('INVITE')];
    expect(branchOf(after)).not.toBe(branchOf(before));
    expect([before, after].map((it) => read(it).topVia?.host)).toEqual(['99.88.44.33', '10.0.0.34']);
    expect(values(before, H.RecordRoute)).toHaveLength(1);
    expect(values(after, H.RecordRoute)).toHaveLength(2);
    second.answer('INVITE', 200);
    expect(values(caller.last('200'), H.RecordRoute)[0]).toContain('99.88.44.33');
  });

  it('takes over after a 503, which is acknowledged', async () => {
    const { server, caller, first, second, third } = await calling();
    first.answer('INVITE', 503);
    expect(first.kinds).toEqual(['INVITE', 'ACK']);
    expect(branchOf(first.last('ACK'))).toBe(branchOf(first.last('INVITE')));
    second.answer('INVITE', 503);
    third.answer('INVITE', 503);
    expect(caller.kinds).toEqual(['500']);
    expect(server.outcomes[0]).toMatchObject({ answered: false, status: 503 });
  });

  it('takes over where the transport is broken', async () => {
    const { server, first, second } = await calling('INVITE', {}, [ADDRESSES[0]!]);
    server.advance(100);
    expect(first.kinds).toEqual([]);
    expect(second.kinds).toEqual(['INVITE']);
  });

  it('is not asked once there was an answer', async () => {
    const { server, caller, first, second } = await calling();
    first.answer('INVITE', 180);
    server.advance(60_000);
    expect(second.kinds).toEqual([]);
    first.answer('INVITE', 500);
    expect(second.kinds).toEqual([]);
    expect(caller.kinds).toEqual(['180', '500']);
  });

  it('is not asked once the caller has cancelled', async () => {
    const { server, caller, second } = await calling();
    caller.cancel(server.network.sent.length > 0 ? firstRequest(server) : '');
    server.advance(6000);
    expect(second.kinds).toEqual([]);
    expect(caller.kinds.at(-1)).toBe('487');
  });

  it('that is the last one leaves 408 or 500', async () => {
    const timedOut = await calling();
    timedOut.server.advance(16_000);
    expect(timedOut.third.kinds).toContain('INVITE');
    expect(timedOut.caller.kinds.at(-1)).toBe('408');
    expect(timedOut.server.outcomes[0]).toMatchObject({ status: 408, response: undefined });
    const broken = await calling('INVITE', {}, ADDRESSES);
    broken.server.advance(400);
    expect(broken.caller.kinds).toContain('500');
  });

  it('does not exist for a name that nobody knows', async () => {
    const { caller } = await calling('INVITE', { hosts: {} });
    expect(caller.kinds).toEqual(['480']);
  });

  it('comes by SRV, in its order and with its ports', async () => {
    const { server, first, second } = await calling('INVITE', {
      services: {
        '_sip._udp.example.net': [
          { target: 'b.example.net', port: 5062, priority: 20, weight: 0 },
          { target: 'a.example.net', port: 5061, priority: 10, weight: 0 },
        ],
      },
      hosts: { 'a.example.net': ['198.51.100.21'], 'b.example.net': ['198.51.100.22'] },
    });
    expect([...first.kinds, ...second.kinds]).toEqual([]);
    server.groups = [[target('sip:bob@example.net')]];
    server.peers[0]!.request('INVITE', { callId: 'call2' });
    await server.settle();
    server.advance(5100);
    const sent = server.network.sent.filter(({ text }) => text.startsWith('INVITE'));
    expect([...new Set(sent.map(({ to }) => `${to.address}:${to.port}`))]).toEqual([
      '198.51.100.21:5061',
      '198.51.100.22:5062',
    ]);
  });
});

describe('requests other than INVITE (RFC 4320)', () => {
  it('get no 408, and nothing is begun for a caller that has given up', async () => {
    const { server, caller, first, second } = await calling('MESSAGE', { timers: {} });
    server.advance(40_000);
    expect(first.kinds).toEqual(['MESSAGE']);
    expect(second.kinds).toEqual([]);
    expect(caller.kinds).toEqual(['100']);
    expect(server.layer.counters.inUse).toBe(0);
  });

  it('fail over while the caller waits', async () => {
    const { server, caller, second } = await calling('MESSAGE');
    server.advance(5100);
    second.answer('MESSAGE', 200);
    expect(caller.kinds.at(-1)).toBe('200');
  });

  it('pass no provisional answer on, and a 2xx only once', async () => {
    const { caller, first } = await calling('MESSAGE');
    first.answer('MESSAGE', 100);
    first.answer('MESSAGE', 182);
    first.answer('MESSAGE', 200);
    first.answer('MESSAGE', 200);
    expect(caller.inbox.map((it) => it.slice(8, 11))).toEqual(['200']);
  });

  it('fork without CANCEL; the first 2xx wins', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7');
    const [one, two] = [server.peer('198.51.100.1'), server.peer('198.51.100.2')];
    server.forkTo(one, two);
    caller.request('MESSAGE');
    two.answer('MESSAGE', 200);
    one.answer('MESSAGE', 200);
    expect([...one.kinds, ...two.kinds]).toEqual(['MESSAGE', 'MESSAGE']);
    expect(caller.kinds).toEqual(['200']);
    expect(server.outcomes).toHaveLength(1);
  });

  it('do not try a second group for a caller that has given up', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7');
    const [one, two] = [server.peer('198.51.100.1'), server.peer('198.51.100.2')];
    server.groups = [[target(one.contact)], [target(two.contact)]];
    caller.request('MESSAGE');
    server.advance(40_000);
    expect(two.kinds).toEqual([]);
    expect(server.outcomes).toHaveLength(1);
  });
});

/** The request of the caller, as its Via stands in what was sent on. */
function firstRequest(server: ProxyUnderTest): string {
  return server.transactions[0]!.request.toString();
}
