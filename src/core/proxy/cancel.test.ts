import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { branchOf, firstLine, read, values } from './testing/messages.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions, target } from './testing/proxy-under-test.ts';

function ringing(options: ProxyUnderTestOptions = {}) {
  const server = new ProxyUnderTest(options);
  const caller = server.peer('192.0.2.7');
  const callee = server.peer('198.51.100.1');
  server.forkTo(callee);
  return { server, caller, callee };
}

describe('a CANCEL', () => {
  it('is answered at once, and goes on with everything of its INVITE', () => {
    const { caller, callee } = ringing();
    const invite = caller.request('INVITE', { headers: ['Reason: SIP;cause=1'] });
    callee.answer('INVITE', 180);
    caller.cancel(invite, ['Reason: SIP;cause=600;text="Busy elsewhere"']);
    expect(caller.kinds).toEqual(['180', '200']);
    const [sent, cancel] = [callee.last('INVITE'), callee.last('CANCEL')];
    expect(firstLine(cancel)).toBe(`CANCEL ${callee.contact} SIP/2.0`);
    expect(values(cancel, H.Via)).toEqual(values(sent, H.Via).slice(0, 1));
    expect(read(cancel).get(H.Reason)).toBe('SIP;cause=600;text="Busy elsewhere"');
    callee.answer('CANCEL', 200);
    callee.answer('INVITE', 487);
    expect(caller.kinds).toEqual(['180', '200', '487']);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(branchOf(callee.last('ACK'))).toBe(branchOf(sent));
  });

  it('waits for a provisional answer', () => {
    const { caller, callee } = ringing();
    caller.cancel(caller.request('INVITE'));
    expect(callee.kinds).toEqual(['INVITE']);
    callee.answer('INVITE', 100);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL']);
  });

  it('ends with 487 where the callee never answers it', () => {
    const { server, caller, callee } = ringing();
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 180);
    caller.cancel(invite);
    server.advance(33_000);
    expect(caller.kinds).toEqual(['180', '200', '487']);
    expect(server.outcomes[0]).toMatchObject({ status: 487, cancelled: true, timedOut: false });
  });

  it('begins no further group, and tries no further address', () => {
    const { server, caller, callee } = ringing();
    const other = server.peer('198.51.100.2');
    server.groups = [...server.groups, [target(other.contact)]];
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 180);
    caller.cancel(invite);
    callee.answer('INVITE', 503);
    expect(other.kinds).toEqual([]);
    expect(caller.kinds).toEqual(['180', '200', '487']);
  });

  it('comes too late for a 2xx on its way', () => {
    const { caller, callee } = ringing();
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 180);
    caller.cancel(invite);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['180', '200', '200']);
    expect(read(caller.inbox[2]!).cseq?.method).toBe('INVITE');
  });

  it('does nothing after the final answer', () => {
    const { caller, callee } = ringing();
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 200);
    caller.cancel(invite);
    expect(callee.kinds).toEqual(['INVITE']);
    expect(caller.kinds).toEqual(['200', '200']);
  });

  it('of no INVITE of ours is refused', () => {
    const { caller, callee } = ringing();
    const invite = caller.request('INVITE');
    caller.cancel(invite.replace('branch=z9', 'branch=z9hG4bKother-z9'));
    expect(caller.kinds).toEqual(['481']);
    expect(callee.kinds).toEqual(['INVITE']);
  });

  it('with a Reason that would break out of its line goes on without', () => {
    const { caller, callee } = ringing();
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 180);
    caller.cancel(invite, ['Reason: SIP\rVia: evil']);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL']);
    expect(read(callee.last('CANCEL')).has(H.Reason)).toBe(false);
  });

  it('comes while a name is looked up', async () => {
    const { server, caller, callee } = ringing({ hosts: { 'pbx.example.com': ['198.51.100.1'] } });
    server.groups = [[target('sip:bob@pbx.example.com:5060')]];
    caller.cancel(caller.request('INVITE'));
    expect(caller.kinds).toEqual(['200', '487']);
    await server.settle();
    server.advance(100);
    expect(callee.kinds).toEqual([]);
    expect(server.layer.counters.clientsInUse).toBe(0);
  });
});

describe('waiting no longer', () => {
  it('timer C ends an INVITE that rings and rings', () => {
    const { server, caller, callee } = ringing();
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    server.advance(180_000);
    expect(callee.kinds).toEqual(['INVITE']);
    server.advance(6_000);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL']);
    expect(caller.kinds).toEqual(['180', '408']);
  });

  it('each provisional answer but 100 gives it more time', () => {
    const { server, caller, callee } = ringing();
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    server.advance(100_000);
    callee.answer('INVITE', 183);
    server.advance(100_000);
    callee.answer('INVITE', 100);
    expect(callee.kinds).toEqual(['INVITE']);
    server.advance(86_000);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL']);
  });

  it('the group timeout ends an INVITE that nobody has heard of', () => {
    const { server, caller, callee } = ringing();
    server.options = { timeoutMs: 3000 };
    caller.request('INVITE');
    server.advance(3100);
    expect(caller.kinds.at(-1)).toBe('408');
    expect(callee.kinds).not.toContain('CANCEL');
    callee.answer('INVITE', 180);
    expect(callee.kinds.at(-1)).toBe('CANCEL');
    expect(caller.kinds).not.toContain('180');
  });

  it('the group timeout comes while a name is looked up', async () => {
    const { server, caller } = ringing({ hosts: { 'pbx.example.com': ['198.51.100.1'] } });
    server.groups = [[target('sip:bob@pbx.example.com:5060')]];
    server.options = { timeoutMs: 1000 };
    caller.request('INVITE');
    server.advance(1100);
    expect(caller.kinds.at(-1)).toBe('408');
    await server.settle();
    expect(server.network.sent.filter(({ to }) => to.address === '198.51.100.1')).toEqual([]);
  });
});
