import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { answerTo, read, values } from '../proxy/testing/messages.ts';
import { calleeDialog, type Peer } from '../proxy/testing/peer.ts';
import { PUBLIC } from '../proxy/testing/proxy-under-test.ts';
import { CallUnderTest, type CallUnderTestOptions } from './testing/call-under-test.ts';

/** A call that this server has ended, and the BYEs that both parties got. */
async function hungUp(call: CallUnderTest): Promise<{ toCaller: string; toCallee: string }> {
  void call.server.dialogs.end(call.dialog, 'over');
  await call.server.settle();
  return { toCaller: call.caller.last('BYE'), toCallee: call.callee.last('BYE') };
}

/** A call between proxies that record their routes: one before this server, one behind it. */
function betweenProxies(behind: string, options: CallUnderTestOptions = {}) {
  const call = new CallUnderTest({ caller: '203.0.113.50', callee: '198.51.100.60', ...options });
  const { caller, callee } = call;
  caller.request('INVITE', {
    headers: ['Record-Route: <sip:203.0.113.50;lr>'],
    vias: ['SIP/2.0/UDP 203.0.113.77;branch=z9hG4bK-alice'],
    contact: 'sip:alice@203.0.113.77',
  });
  const answer = answerTo(callee.last('INVITE'), 200, { contact: 'sip:bob@198.51.100.77' });
  callee.send(answer.replace('Record-Route:', `Record-Route: ${behind}\r\nRecord-Route:`));
  caller.inDialog('ACK', { ...call.ofCaller, routes: call.ofCaller.routes.slice(1) });
  return call;
}

describe('a BYE of this server', () => {
  it('follows the route set to both parties', async () => {
    const { toCaller, toCallee } = await hungUp(betweenProxies('<sip:198.51.100.60;lr>'));
    expect(read(toCaller).requestUri).toBe('sip:alice@203.0.113.77');
    expect(values(toCaller, H.Route)).toEqual(['<sip:203.0.113.50;lr>']);
    expect(read(toCallee).requestUri).toBe('sip:bob@198.51.100.77');
    expect(values(toCallee, H.Route)).toEqual(['<sip:198.51.100.60;lr>']);
  });

  it('follows it by the rules of strict routers where one is next', async () => {
    const { toCallee } = await hungUp(betweenProxies('<sip:198.51.100.60>'));
    expect(read(toCallee).requestUri).toBe('sip:198.51.100.60');
    expect(values(toCallee, H.Route)).toEqual(['<sip:bob@198.51.100.77>']);
  });

  it('prints to each party the address that it knows', async () => {
    const call = new CallUnderTest({ caller: '10.0.0.7', callee: '198.51.100.1' }).establish();
    const { toCaller, toCallee } = await hungUp(call);
    expect(read(toCaller).topVia?.host).toBe('10.0.0.34');
    expect(read(toCallee).topVia?.host).toBe(PUBLIC);
    expect(toCallee).not.toContain('10.0.0.');
    // What the outside party knows the other's Contact by leads back here.
    const shown = read(call.callee.last('INVITE')).get(H.Contact);
    expect(shown).toContain(PUBLIC);
    expect(read(toCallee).get(H.Contact)).toBe(shown);
    expect(read(toCaller).get(H.Contact)).toBe(`<${call.callee.contact}>`);
  });

  it('prints what a script has had printed, to each leg its own', async () => {
    const call = new CallUnderTest({
      fork: {
        advertise: { host: '203.0.113.80' },
        onBranch: (branch) => {
          branch.advertise = { host: '203.0.113.81', port: 5081 };
        },
      },
    });
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 200);
    call.caller.inDialog('ACK', call.ofCaller, { to: call.server.listener() });
    const { toCaller, toCallee } = await hungUp(call);
    expect(read(toCaller).topVia?.host).toBe('203.0.113.80');
    expect(read(toCallee).topVia).toMatchObject({ host: '203.0.113.81', port: 5081 });
  });

  it('goes where a party behind a NAT was seen', async () => {
    const call = new CallUnderTest();
    const { server } = call;
    const caller = server.peer('192.0.2.8', { port: 31_000, believes: '192.168.1.5' });
    const callee = server.peer('198.51.100.8', { port: 32_000, believes: '192.168.1.5' });
    const binding = { transport: 'udp', address: '198.51.100.8', port: 32_000 } as const;
    server.groups = [[{ ...server.groups[0]![0]!, uri: callee.contact, source: binding }]];
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    void server.dialogs.end(call.dialog, 'over');
    await server.clock.advanceAsync(33_000);
    expect(read(caller.last('BYE')).requestUri).toBe(caller.contact);
    expect(read(callee.last('BYE')).requestUri).toBe(callee.contact);
  });

  it('goes by the connection that a party has open, and from the socket that it talks to', async () => {
    const call = new CallUnderTest({
      listeners: [`udp:10.0.0.34:5060 as ${PUBLIC}`, `tcp:10.0.0.34:5060 as ${PUBLIC}`, 'udp:10.0.0.34:5070'],
    });
    const { server } = call;
    const phone = (address: string, listener: string): Peer =>
      server.peer(address, { talksTo: server.listener(listener) });
    const caller = phone('192.0.2.9', 'tcp:10.0.0.34:5060');
    const callee = phone('198.51.100.9', 'udp:10.0.0.34:5070');
    server.options = { listener: 'udp:10.0.0.34:5070' };
    server.forkTo(callee);
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const before = server.network.sent.length;
    void server.dialogs.end(call.dialog, 'over');
    await server.clock.advanceAsync(32_500);
    const byes = server.network.sent.slice(before).filter(({ text }) => text.startsWith('BYE'));
    const ways = new Set(byes.map(({ from, to }) => `${from.name} ${to.address}`));
    expect([...ways].sort()).toEqual(['tcp:10.0.0.34:5060 192.0.2.9', 'udp:10.0.0.34:5070 198.51.100.9']);
  });

  it('goes to the Contact that a re-INVITE or UPDATE has told of', async () => {
    const call = new CallUnderTest().establish();
    const { server, caller, callee } = call;
    const moved = server.peer('192.0.2.99');
    moved.inDialog('UPDATE', call.ofCaller, { cseq: 2 });
    callee.answer('UPDATE', 200, { contact: 'sip:bob@198.51.100.1:5080' });
    expect(call.dialog.caller.target).toBe(moved.contact);
    expect(call.dialog.callee?.target).toBe('sip:bob@198.51.100.1:5080');
    caller.inDialog('INVITE', call.ofCaller, { cseq: 3, contact: caller.contact });
    callee.answer('INVITE', 491);
    expect(call.dialog.caller.target).toBe(moved.contact);
    void server.dialogs.end(call.dialog, 'over');
    await server.settle();
    expect(moved.kinds).toEqual(['200', 'BYE']);
  });

  it('that cannot be written harms nobody', async () => {
    const call = new CallUnderTest().establish();
    const { dialog, server } = call;
    const { clientsInUse } = server.layer.counters;
    await server.dialogs.end(dialog, 'over', [['X-Bad', 'a\r\nb']]);
    expect(server.layer.counters).toMatchObject({ clientsInUse, userFaults: 0 });
    expect(call.events.at(-1)).toBe('ended: server by server, over');
  });
});

describe('requests of both parties after one of this server', () => {
  it('acknowledge the right INVITE provisionally (RFC 3262)', async () => {
    const call = new CallUnderTest().establish();
    const { server, caller, callee } = call;
    void server.dialogs.send(call.dialog, 'callee', { method: 'OPTIONS' });
    await server.settle();
    caller.inDialog('INVITE', call.ofCaller, { cseq: 2 });
    expect(read(callee.last('INVITE')).cseq?.number).toBe(3);
    callee.answer('INVITE', 183, { headers: ['Require: 100rel', 'RSeq: 7'] });
    expect(read(caller.last('183')).cseq?.number).toBe(2);
    caller.inDialog('PRACK', call.ofCaller, { cseq: 3, headers: ['RAck: 7  2 INVITE'] });
    const prack = read(callee.last('PRACK'));
    expect([prack.cseq?.number, prack.header('RAck')]).toEqual([4, '7 3 INVITE']);
    callee.answer('PRACK', 200);
    expect(read(caller.last('200')).cseq?.number).toBe(3);
    callee.answer('INVITE', 488);
    expect(read(caller.last('488')).cseq?.number).toBe(2);
  });

  it('acknowledge the INVITE that they mean, whatever has gone meanwhile', async () => {
    const call = new CallUnderTest().establish();
    const { server, caller, callee } = call;
    caller.inDialog('INVITE', call.ofCaller, { cseq: 2 });
    callee.answer('INVITE', 200);
    void server.dialogs.send(call.dialog, 'callee', { method: 'OPTIONS' });
    await server.settle();
    caller.inDialog('INFO', call.ofCaller, { cseq: 3 });
    expect(read(callee.last('INFO')).cseq?.number).toBe(4);
    caller.inDialog('ACK', call.ofCaller, { cseq: 2 });
    expect(read(callee.last('ACK')).cseq?.number).toBe(2);
  });

  it('are refused by this server with their own number', async () => {
    const call = new CallUnderTest().establish();
    const { server, caller, callee } = call;
    void server.dialogs.send(call.dialog, 'callee', { method: 'OPTIONS' });
    await server.settle();
    caller.inDialog('INVITE', call.ofCaller, { cseq: 2 });
    callee.answer('INVITE', 503);
    expect(read(caller.last('500')).cseq?.number).toBe(2);
    expect(read(callee.last('ACK')).cseq?.number).toBe(3);
  });
});

describe('an early dialog', () => {
  it('knows its callee, takes UPDATE and PRACK of both parties, and moves to the 2xx', () => {
    const call = new CallUnderTest();
    const { caller, callee, server } = call;
    const seen: string[] = [];
    server.onRequest = (message, transaction) => {
      if (message.to?.tag !== undefined) return;
      server.dialogs.create(transaction)?.observe({
        onRequest: ({ request, direction }) => void seen.push(`${request.method} ${direction}`),
        onReply: ({ response }, { request }) => void seen.push(`${response.status} ${request.method}`),
      });
    };
    caller.request('INVITE');
    callee.answer('INVITE', 183, { headers: ['Require: 100rel', 'RSeq: 1'] });
    const early = { ...call.ofCaller };
    caller.inDialog('PRACK', early, { cseq: 2, headers: ['RAck: 1 1 INVITE'] });
    callee.answer('PRACK', 200);
    callee.inDialog('UPDATE', calleeDialog(callee.last('INVITE')), { cseq: 1 });
    caller.answer('UPDATE', 200);
    callee.answer('INVITE', 200, { contact: 'sip:bob@198.51.100.1:5099' });
    expect(seen).toEqual([
      '183 INVITE',
      'PRACK downstream',
      '200 PRACK',
      'UPDATE upstream',
      '200 UPDATE',
      '200 INVITE',
    ]);
    const [dialog] = server.dialogs.all();
    expect(dialog?.callee?.target).toBe('sip:bob@198.51.100.1:5099');
    expect(dialog?.callees).toHaveLength(1);
  });

  it('hears of branches that have failed', () => {
    const call = new CallUnderTest();
    const other = call.server.peer('198.51.100.2');
    call.server.forkTo(call.callee, other);
    const failed: string[] = [];
    call.server.onRequest = (_, transaction) => {
      call.server.dialogs.create(transaction)?.observe({
        onFailure: ({ branch, status }) => void failed.push(`${branch.index} ${status}`),
      });
    };
    call.caller.request('INVITE');
    other.answer('INVITE', 486);
    call.callee.answer('INVITE', 404);
    expect(failed).toEqual(['1 486', '0 404']);
  });
});
