import { expect, it } from 'vitest';
import type { RequestEdit } from './fork-options.ts';
import { collectGarbage } from './testing/collect-garbage.ts';
import { calleeDialog, callerDialog } from './testing/peer.ts';
import { ProxyUnderTest, pair, target } from './testing/proxy-under-test.ts';

const CALLS = 1000;

it(`keeps nothing of ${CALLS} calls that were answered, refused, cancelled or not heard`, () => {
  const server = new ProxyUnderTest();
  const caller = server.peer('10.0.0.7');
  const [one, two] = [server.peer('198.51.100.1'), server.peer('198.51.100.2')];
  server.groups = [[target(one.contact), target(two.contact)], [target('sip:voicemail@198.51.100.3')]];
  server.options = { timeoutMs: 20_000 };
  for (let call = 0; call < CALLS; call++) {
    for (const peer of server.peers) peer.inbox.length = 0;
    server.network.sent.length = 0;
    const invite = caller.request('INVITE', { callId: `call${call}`, fromTag: `a${call}` });
    two.answer('INVITE', 180);
    if (call % 4 === 0) {
      one.answer('INVITE', 200);
      caller.inDialog('ACK', callerDialog(caller.last('200')));
      one.inDialog('BYE', calleeDialog(one.last('INVITE')));
      caller.answer('BYE', 200);
    } else if (call % 4 === 1) {
      one.answer('INVITE', 603);
      two.answer('INVITE', 487);
    } else if (call % 4 === 2) {
      caller.cancel(invite);
      two.answer('INVITE', 487);
    }
  }
  expect(server.layer.counters.uasTransactions).toBeGreaterThan(CALLS);
  server.advance(400_000);
  expect(server.outcomes).toHaveLength(CALLS);
  expect(server.layer.counters).toMatchObject({ inUse: 0, clientsInUse: 0, userFaults: 0, dropped: 0 });
  expect(server.wheel.size).toBe(0);
  expect(server.clock.pendingTimers).toBe(0);
});

it('frees what a finished call held', async () => {
  const { server, caller, callee } = pair();
  caller.request('INVITE');
  callee.answer('INVITE', 486);
  const held = [new WeakRef(server.transactions.pop()!), new WeakRef(server.outcomes.pop()!)];
  server.advance(400_000);
  await collectGarbage();
  expect(held.map((ref) => ref.deref())).toEqual([undefined, undefined]);
});

it('lets go of what only requests need as soon as a call is answered', async () => {
  const { server, caller, callee } = pair();
  const edits: WeakRef<object>[] = [];
  const replies: number[] = [];
  const ask = (): void => {
    const edit: RequestEdit = (it) => it.append('X-Edited', '1');
    edits.push(new WeakRef(edit));
    server.options = { edit, onReply: ({ response }) => void replies.push(response.status) };
    caller.request('INVITE');
    server.options = {};
  };
  ask();
  expect(callee.last('INVITE')).toContain('X-Edited: 1');
  callee.answer('INVITE', 200);
  await collectGarbage();
  expect(edits.map((ref) => ref.deref())).toEqual([undefined]);
  expect(server.layer.counters.inUse).toBe(1);
  callee.answer('INVITE', 200);
  expect(replies).toEqual([200, 200]);
});
