import { expect, it } from 'vitest';
import { collectGarbage } from '../proxy/testing/collect-garbage.ts';
import { calleeDialog, callerDialog } from '../proxy/testing/peer.ts';
import { CallUnderTest } from './testing/call-under-test.ts';

const CALLS = 600;

it(`keeps nothing of ${CALLS} calls with dialogs, whatever became of them`, async () => {
  const call = new CallUnderTest();
  const { server, caller, callee } = call;
  const { dialogs } = server;
  server.onRequest = (message, transaction) => {
    if (message.to?.tag !== undefined) return;
    dialogs.create(transaction, { lifetimeMs: 30_000, keepSdp: true })?.observe({
      onBranch: async () => {},
      onReply: async () => {},
    });
  };
  for (let number = 0; number < CALLS; number++) {
    for (const peer of server.peers) peer.inbox.length = 0;
    server.network.sent.length = 0;
    const invite = caller.request('INVITE', { callId: `call${number}`, fromTag: `a${number}` });
    await server.settle();
    callee.answer('INVITE', 180);
    await server.settle();
    const kind = number % 6;
    if (kind === 0) caller.cancel(invite);
    else if (kind === 1) callee.answer('INVITE', 603);
    else if (kind > 2) {
      callee.answer('INVITE', 200);
      await server.settle();
      const dialog = callerDialog(caller.last('200'));
      if (kind > 3) caller.inDialog('ACK', dialog);
      await server.settle();
      if (kind === 5) callee.inDialog('BYE', calleeDialog(callee.last('INVITE')));
      await server.settle();
    }
  }
  await server.clock.advanceAsync(400_000);
  expect(dialogs.counters).toMatchObject({ created: CALLS, confirmed: CALLS / 2, failed: CALLS / 2 });
  expect(dialogs.counters.ended).toBe(CALLS / 2);
  expect(dialogs.size).toBe(0);
  expect(server.layer.counters).toMatchObject({ inUse: 0, clientsInUse: 0, userFaults: 0, dropped: 0 });
  expect(server.wheel.size).toBe(0);
  expect(server.clock.pendingTimers).toBe(0);
});

it('frees what a dialog held', async () => {
  const call = new CallUnderTest().establish();
  call.send('BYE', 'caller');
  call.callee.answer('BYE', 200);
  const held = [new WeakRef(call.dialogs.pop()!), new WeakRef(call.server.transactions.shift()!)];
  call.server.transactions.length = 0;
  call.server.advance(400_000);
  await collectGarbage();
  expect(held.map((ref) => ref.deref())).toEqual([undefined, undefined]);
});
