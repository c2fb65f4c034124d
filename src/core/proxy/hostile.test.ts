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

it(`takes ${ROUNDS} damaged messages of a call without a fault, and forgets them all`, async () => {
  const server = new ProxyUnderTest();
  const caller = server.peer('10.0.0.7');
  const callee = server.peer('198.51.100.1');
  server.forkTo(callee);
  const invite = caller.request('INVITE', { headers: ['Supported: 199'] });
  const ringing = callee.answer('INVITE', 183);
  const ok = callee.answer('INVITE', 200);
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
  server.advance(600_000);
  expect(server.layer.counters).toMatchObject({ userFaults: 0, inUse: 0, clientsInUse: 0 });
  expect(server.layer.counters.uasTransactions).toBeGreaterThan(ROUNDS / 20);
  expect(server.wheel.size).toBe(0);
});
