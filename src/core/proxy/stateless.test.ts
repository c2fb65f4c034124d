import { describe, expect, it } from 'vitest';
import type { Flow } from '../../net/flow.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { answerTo, branchOf, firstLine, read, values } from './testing/messages.ts';
import { calleeDialog, callerDialog, type Peer } from './testing/peer.ts';
import { ProxyUnderTest, target } from './testing/proxy-under-test.ts';

class StatelessUnderTest extends ProxyUnderTest {
  override request(message: SipMessage, flow: Flow): void {
    this.proxy.forwardStateless(message, flow, this.groups[0]![0]!);
  }
}

function between(callerTransport = 'udp', believes?: string) {
  const server = new StatelessUnderTest();
  const talksTo = server.listener(`${callerTransport}:10.0.0.34:5060`);
  const caller = server.peer('192.0.2.7', {
    port: 5080,
    talksTo,
    ...(believes === undefined ? {} : { believes }),
  });
  const callee = server.peer('198.51.100.1');
  server.forkTo(callee);
  return { server, caller, callee };
}

describe('without a transaction (RFC 3261 §16.11)', () => {
  it.each([
    ['udp', undefined],
    ['tcp', undefined],
    ['udp', '192.168.1.5'],
  ])('a request goes and its answer comes back over %s, believing in %s', (transport, believes) => {
    const { server, caller, callee } = between(transport, believes);
    caller.request('INVITE');
    expect(values(callee.last('INVITE'), H.Via)).toHaveLength(2);
    expect(read(callee.last('INVITE')).maxForwards).toBe(69);
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 486);
    expect(caller.kinds).toEqual(['180', '486']);
    expect(values(caller.last('486'), H.Via)).toHaveLength(1);
    expect(server.layer.counters).toMatchObject({ inUse: 0, clientsInUse: 0 });
    expect(server.wheel.size).toBe(0);
  });

  it('the same request gets the same branch, another one another', () => {
    const { caller, callee } = between();
    const first = caller.request('INVITE');
    caller.send(first);
    caller.request('INVITE');
    const branches = callee.inbox.map(branchOf);
    expect(branches[0]).toBe(branches[1]);
    expect(branches[2]).not.toBe(branches[0]);
  });

  it('a CANCEL follows its INVITE by the same branch', () => {
    const { caller, callee } = between();
    const invite = caller.request('INVITE');
    const forwarded = callee.last('INVITE');
    caller.request('OPTIONS', { branch: branchOf(invite) });
    expect(branchOf(callee.last('OPTIONS'))).toBe(branchOf(forwarded));
  });

  it('forged answers go nowhere', () => {
    const { server, caller, callee } = between();
    caller.request('INVITE');
    const good = answerTo(callee.last('INVITE'), 200);
    const victim = server.peer('203.0.113.99', { port: 5080 });
    callee.send(good.replace('received=192.0.2.7', 'received=203.0.113.99'));
    callee.send(good.replace(/;received=[^;\r]*/, '').replace('192.0.2.7:5080', '203.0.113.99:5080'));
    callee.send(good.replace('-st-', '-st-AAAA'));
    callee.send(good.replace('z9hG4bK-st-', 'z9hG4bK'));
    expect([...victim.inbox, ...caller.inbox]).toEqual([]);
    expect(server.strays).toBe(4);
    callee.send(good);
    expect(caller.kinds).toEqual(['200']);
  });

  it('answers without a second Via, or with one that cannot be read, go nowhere', () => {
    const { server, caller, callee } = between();
    caller.request('INVITE');
    const good = answerTo(callee.last('INVITE'), 200);
    const [, below] = values(good, H.Via);
    callee.send(good.replace(`Via: ${below}\r\n`, ''));
    callee.send(good.replace(`Via: ${below}`, 'Via: nonsense'));
    expect(caller.inbox).toEqual([]);
    expect(server.strays).toBe(2);
  });

  it('refuses what must not go on', () => {
    const { caller, callee } = between();
    caller.request('INVITE', { maxForwards: '0' });
    caller.request('INVITE', { headers: ['Route: <nonsense>'] });
    expect(caller.kinds).toEqual(['483', '400']);
    expect(callee.kinds).toEqual([]);
  });

  it('looks names up', async () => {
    const server = new StatelessUnderTest({ hosts: { 'pbx.example.com': ['198.51.100.1'] } });
    const caller = server.peer('192.0.2.7');
    const callee = server.peer('198.51.100.1');
    server.groups = [[target('sip:bob@pbx.example.com:5060')]];
    caller.request('OPTIONS');
    expect(callee.kinds).toEqual([]);
    await server.settle();
    expect(callee.kinds).toEqual(['OPTIONS']);
  });
});

describe('the ACK of a 2xx', () => {
  function answered(
    callerAddress: string,
    calleeAddress: string,
    calleeListener?: string,
  ): [ProxyUnderTest, Peer, Peer] {
    const server = new ProxyUnderTest();
    const caller = server.peer(callerAddress);
    const callee = server.peer(calleeAddress, { talksTo: server.listener(calleeListener) });
    server.forkTo(callee);
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    return [server, caller, callee];
  }

  it.each([
    ['192.0.2.7', '198.51.100.1', undefined],
    ['10.0.0.7', '198.51.100.1', undefined],
    ['192.0.2.7', '10.0.0.8', undefined],
    ['10.0.0.7', '10.0.0.8', undefined],
    ['192.0.2.7', '198.51.100.1', 'tcp:10.0.0.34:5060'],
    ['10.0.0.7', '198.51.100.1', 'tcp:10.0.0.34:5060'],
  ])('goes by its route set from %s to %s (%s)', (from, to, listener) => {
    const [server, caller, callee] = answered(from, to, listener);
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    expect(callee.kinds).toEqual(['INVITE', 'ACK']);
    const ack = callee.last('ACK');
    expect(firstLine(ack)).toBe(`ACK ${callee.contact} SIP/2.0`);
    expect(values(ack, H.Route)).toEqual([]);
    expect(values(ack, H.RecordRoute)).toEqual([]);
    expect(read(ack).topVia?.host).toBe(read(callee.last('INVITE')).topVia?.host);
    expect(server.network.sent.at(-1)?.from.name).toBe(callee.talksTo.name);
  });

  it('and that of a re-INVITE from the other side', () => {
    const [, caller, callee] = answered('10.0.0.7', '198.51.100.1');
    const dialog = calleeDialog(callee.last('INVITE'));
    callee.inDialog('INVITE', dialog);
    caller.answer('INVITE', 200);
    callee.inDialog('ACK', { ...dialog, target: callerTarget(callee.last('200')) });
    expect(caller.kinds).toEqual(['200', 'INVITE', 'ACK']);
  });

  it('stays in the path of the dialog where that is wanted', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('10.0.0.7');
    const callee = server.peer('198.51.100.1');
    server.request = (message, flow) =>
      server.proxy.forwardStateless(message, flow, target(callee.contact), {
        recordRoute: true,
        recordRouteParams: ';nat=yes',
      });
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const routes = callerDialog(caller.last('200')).routes.map((route) => route.slice(0, route.indexOf(';')));
    expect(routes).toEqual(['<sip:10.0.0.34', '<sip:99.88.44.33']);
    expect(callee.last('INVITE')).toContain(';nat=yes');
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    expect(callee.kinds).toEqual(['INVITE', 'ACK']);
  });
});

function callerTarget(answer: string): string {
  return callerDialog(answer).target;
}
