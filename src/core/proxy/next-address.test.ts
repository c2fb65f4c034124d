import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { branchOf, values } from './testing/messages.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions, target } from './testing/proxy-under-test.ts';

const ADDRESSES = ['198.51.100.1', '198.51.100.2'] as const;

/** A name with two addresses. */
async function setUp(options: ProxyUnderTestOptions = {}) {
  const server = new ProxyUnderTest({ hosts: { 'pbx.example.com': ADDRESSES }, ...options });
  const caller = server.peer('192.0.2.7');
  const [first, second] = ADDRESSES.map((address) => server.peer(address)) as [typeof caller, typeof caller];
  server.groups = [[target('sip:bob@pbx.example.com:5060')]];
  let calls = 0;
  const call = async (method = 'INVITE') => {
    caller.request(method, { callId: `call-${++calls}` });
    await server.settle();
  };
  await call();
  return { server, caller, first, second, call };
}

describe('an INVITE to a silent address', () => {
  it('goes on after a few seconds, with a new branch, and the silent one is to stop should it come to life', async () => {
    const { server, caller, first, second } = await setUp();
    server.advance(5_900);
    expect(second.kinds).toEqual([]);
    server.advance(200);
    expect(branchOf(second.last('INVITE'))).not.toBe(branchOf(first.last('INVITE')));
    first.answer('INVITE', 180);
    expect(first.kinds.at(-1)).toBe('CANCEL');
    first.answer('INVITE', 487);
    expect(first.kinds.at(-1)).toBe('ACK');
    expect(caller.kinds).toEqual(['100']);
    second.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '200']);
    expect(server.quarantine.all()).toMatchObject([{ destination: { address: ADDRESSES[0] }, failures: 1 }]);
  });

  it('takes its late 2xx for what it is, and stops the other', async () => {
    const { server, caller, first, second } = await setUp();
    server.advance(6_100);
    second.answer('INVITE', 180);
    first.answer('INVITE', 200, { toTag: 'late' });
    expect(caller.kinds).toEqual(['100', '180', '200']);
    expect(second.kinds.at(-1)).toBe('CANCEL');
    second.answer('INVITE', 487);
    expect(caller.kinds).toEqual(['100', '180', '200']);
    expect(values(caller.last('200'), H.RecordRoute)).not.toEqual([]);
  });

  it('waits for the last address as long as timer B says', async () => {
    const { server, caller } = await setUp();
    server.advance(6_100);
    server.advance(31_000);
    expect(caller.kinds).toEqual(['100']);
    server.advance(1_200);
    expect(caller.kinds).toEqual(['100', '408']);
    expect(server.quarantine.size).toBe(2);
  });

  it('stays with an address that has said anything', async () => {
    const { server, second, first } = await setUp();
    first.answer('INVITE', 100);
    server.advance(60_000);
    expect(second.kinds).toEqual([]);
    expect(server.quarantine.size).toBe(0);
  });
});

describe('quarantine', () => {
  it('lets the next call begin with the address that lives, until the other is heard', async () => {
    const { server, first, second, call } = await setUp();
    server.advance(6_100);
    second.answer('INVITE', 486);
    await call();
    expect(second.kinds.at(-1)).toBe('INVITE');
    server.advance(6_100);
    // The other one has to do, and answers.
    first.answer('INVITE', 486);
    expect(server.quarantine.all()).toMatchObject([{ destination: { address: ADDRESSES[1] } }]);
  });

  it.each([
    ['503 with Retry-After', 503, ['Retry-After: 120 (busy)'], 1],
    ['503 alone', 503, [], 0],
    ['503 with nonsense', 503, ['Retry-After: soon'], 0],
    ['486', 486, [], 0],
  ])('after %s', async (_what, status, headers, size) => {
    const { server, first } = await setUp();
    first.answer('INVITE', status, { headers });
    expect(server.quarantine.size).toBe(size);
    if (size > 0) expect(server.quarantine.all()[0]!.until - server.clock.now()).toBe(120_000);
  });

  it('is not for a name with one address', async () => {
    const { server } = await setUp({ hosts: { 'pbx.example.com': ADDRESSES.slice(0, 1) } });
    server.advance(33_000);
    expect(server.quarantine.size).toBe(0);
  });

  it('is for addresses that refuse', async () => {
    const server = new ProxyUnderTest({ hosts: { 'pbx.example.com': ADDRESSES } });
    server.network.unreachable.add(ADDRESSES[0]);
    const caller = server.peer('192.0.2.7');
    const second = server.peer(ADDRESSES[1]);
    server.groups = [[target('sip:bob@pbx.example.com:5060')]];
    caller.request('INVITE');
    await server.settle();
    server.advance(100);
    expect(second.kinds).toEqual(['INVITE']);
    expect(server.quarantine.size).toBe(1);
  });
});

describe('a request other than INVITE', () => {
  it('is not sent a second time where the first address has it', async () => {
    const { server, first, second, call } = await setUp({ timers: { frTimeout: 5000 } });
    first.answer('INVITE', 486);
    await call('MESSAGE');
    first.answer('MESSAGE', 100);
    server.advance(6_000);
    expect(second.kinds).toEqual([]);
    expect(server.outcomes.at(-1)).toMatchObject({ status: 408 });
  });
});

describe('408', () => {
  it('from the next hop is an answer like any other', async () => {
    const { caller, first, second } = await setUp();
    first.answer('INVITE', 408);
    expect(second.kinds).toEqual([]);
    expect(caller.kinds).toEqual(['408']);
  });
});
