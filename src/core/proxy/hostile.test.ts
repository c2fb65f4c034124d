import { expect, it } from 'vitest';
import { calleeDialog, callerDialog } from './testing/peer.ts';
import { ProxyUnderTest } from './testing/proxy-under-test.ts';

const ROUNDS = 3000;
const BITS = [
  '\r',
  '\n',
  '\0',
  '\r\n',
  '\r\n ',
  ' ',
  '"',
  '<',
  '>',
  ',',
  ';',
  ':',
  '@',
  '?',
  '=',
  '%',
  '[',
  ']',
  'ÿ',
  '99999999999',
  '-1',
  ';lr',
  ';r2',
  ';vt=',
  ';vc=AAAA',
  ';org=AAAA',
  ';maddr=::1',
  ';received=x',
  ';rport=99999',
  ';transport=sctp',
  'sips:',
  'tel:',
];

/** The same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Makes a dialog of whatever is an INVITE, looks at all of it, and sends something of its own now and then. */
function keepDialogs(server: ProxyUnderTest): void {
  const { dialogs } = server;
  let count = 0;
  server.onRequest = (_, transaction) => {
    dialogs.create(transaction, { lifetimeMs: 60_000, keepSdp: true })?.observe({
      onBranch: (branch) => branch.addEdit((edit) => edit.setBody(Buffer.from('v=0'), 'application/sdp')),
      onReply: async ({ edit }) => void edit.append('X-Seen', '1'),
    });
    const dialog = dialogs.of(transaction);
    if (!dialog) return;
    count++;
    if (count % 7 === 0) void dialogs.end(dialog, 'enough');
    else if (count % 5 === 0) void dialogs.send(dialog, 'callee', { method: 'OPTIONS' });
    else if (count % 5 === 1) void dialogs.send(dialog, 'caller', { method: 'INVITE' });
  };
}

it.each([false, true])(
  `takes ${ROUNDS} damaged messages of a call without a fault, and forgets them all; dialogs kept: %s`,
  async (kept) => {
    const server = new ProxyUnderTest();
    if (kept) keepDialogs(server);
    const caller = server.peer('10.0.0.7');
    const callee = server.peer('198.51.100.1');
    server.forkTo(callee);
    const invite = caller.request('INVITE', { headers: ['Supported: 199'] });
    const ringing = callee.answer('INVITE', 183);
    const ok = callee.answer('INVITE', 200);
    await server.settle();
    const [here, there] = [callerDialog(caller.last('200')), calleeDialog(callee.last('INVITE'))];
    const fromCaller = [
      invite,
      caller.cancel(invite),
      caller.inDialog('ACK', here),
      caller.inDialog('BYE', here),
    ];
    const fromCallee = [ringing, ok, callee.inDialog('INVITE', there), callee.inDialog('BYE', there)];
    const pick = random(1);
    const damaged = (text: string): string => {
      let out = text.replaceAll('z9hG4bK-', () => `z9hG4bK-${pick(4)}`);
      for (let i = pick(3); i >= 0; i--) {
        const at = pick(out.length);
        out = out.slice(0, at) + BITS[pick(BITS.length)] + out.slice(at + pick(6));
      }
      return out;
    };
    for (let round = 0; round < ROUNDS; round++) {
      if (pick(2) === 0) caller.send(damaged(fromCaller[pick(4)]!));
      else callee.send(damaged(fromCallee[pick(4)]!));
      for (const peer of server.peers) peer.inbox.length = 0;
      server.network.sent.length = 0;
      if (round % 100 === 0) {
        await server.settle();
        server.advance(1000);
      }
    }
    await server.settle();
    await server.clock.advanceAsync(600_000);
    server.network.drain();
    expect(server.dialogs.counters.confirmed > 0).toBe(kept);
    expect(server.dialogs.size).toBe(0);
    expect(server.layer.counters).toMatchObject({ userFaults: 0, inUse: 0, clientsInUse: 0 });
    expect(server.layer.counters.uasTransactions).toBeGreaterThan(ROUNDS / 20);
    expect(server.wheel.size).toBe(0);
  },
);
