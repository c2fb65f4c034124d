import { expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { SequentialIds } from '../base/ids.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { DEFAULT_FRONT_DOOR } from '../core/front-door/front-door.ts';
import { OverloadControl } from '../core/front-door/overload.ts';
import { isBehindNat } from '../core/nat/nat-test.ts';
import { loadAccelerator } from '../net/accelerator.ts';
import type { Flow } from '../net/flow.ts';
import { newNetCounters } from '../net/net-counters.ts';
import { wordOf4 } from '../net/packed-address.ts';
import { Refusals } from '../net/refusals.ts';
import { FakeNetwork } from '../transaction/testing/fake-network.ts';
import { DEFAULT_TIMERS } from '../transaction/timers.ts';
import { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { Gate } from './gate.ts';
import { UnreadRefusals } from './unread-refusals.ts';

const accelerator = loadAccelerator();
if (!accelerator) console.log('the datagram accelerator is not built here: refusals in C are skipped');

class CountingGate extends Gate {
  read = 0;

  override request(message: SipMessage, flow: Flow): void {
    this.read++;
    super.request(message, flow);
  }
}

/** One that has everything read. */
class ReadingGate extends CountingGate {
  override sendsAway(): undefined {
    return undefined;
  }
}

const ROUNDS = 40;
const FORMS: readonly (readonly [from: string, to: string])[] = [
  ['', ''],
  [';branch', ';rport;branch'],
  ['192.0.2.7:5060;branch', '192.0.2.7:5062;branch'],
  ['192.0.2.7:5060;branch', '10.0.0.1:5060;rport;branch'],
  ['192.0.2.7:5060;branch', 'phone.example.com:5060;branch'],
  [';branch', ';received=198.51.100.1;branch'],
  ['Via: ', 'v:  '],
  ['Max-Forwards', 'Via: SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKbelow\r\nMax-Forwards'],
  ['Max-Forwards', 'Contact: <sip:alice@192.0.2.7:5060>\r\nMax-Forwards'],
  ['Max-Forwards', 'Contact: <sip:alice@10.0.0.1:5060>\r\nMax-Forwards'],
  ['Max-Forwards', 'Contact: <sip:a@192.0.2.7:5060>, <sip:b@10.0.0.1>\r\nMax-Forwards'],
  ['Max-Forwards', 'Subject: a\r\n b\r\nMax-Forwards'],
  ['Max-Forwards', 'User-Agent: a scanner of doors\r\nMax-Forwards'],
  ['To: <sip:bob@example.com>', 'To: <sip:bob@example.com> '],
  ['To: <sip:bob@example.com>', 'To: <sip:bob@example.com>;tag=callee'],
  ['To: <sip:bob@example.com>', 'TO: "Bob, \\"B\\"" <sip:bob@example.com>;x'],
  ['INVITE sip:', 'INVITE urn:service:sos?'],
  ['INVITE sip:', 'INVITE tel:'],
  ['CSeq: 1 INVITE', 'CSeq: 1 INVITE\r\nCSeq: 2 INVITE'],
  ['z9hG4bK', ''],
];

function text(number: number, [from, to]: readonly [string, string]): string {
  const plain =
    `INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKcall${number}\r\n` +
    'From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\n' +
    `Call-ID: call${number}@192.0.2.7\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`;
  return plain.replace(from, to);
}

/**
 * What an overloaded server does with all forms, each often.
 * @param refusals by which the network does a part of it
 */
async function serve(kind: typeof CountingGate, refusals?: Refusals) {
  const clock = new FakeClock();
  const load = () => ({ busy: 1, ran: 1, waitedMs: 900, lost: 9 });
  await using overload = new OverloadControl({
    clock,
    ids: new SequentialIds(),
    load,
    settings: { targetDelayMs: 100 },
    refusals,
  });
  clock.advance(1200);
  const network = new FakeNetwork('udp');
  const gate = new kind(() => layer);
  const layer: TransactionLayer = new TransactionLayer({
    network: () => network,
    clock,
    wheel: new TimerWheel(clock),
    ids: new SequentialIds(),
    timers: DEFAULT_TIMERS,
    user: gate,
    limits: { serverTransactions: 5000, clientTransactions: 5000 },
    forceRport: isBehindNat,
    refusals,
  });
  const unread =
    refusals &&
    new UnreadRefusals({
      ...{ refusals, overload, gate, transactions: layer.counters, network: newNetCounters() },
      frontDoor: { settings: { ...DEFAULT_FRONT_DOOR, scanners: ['scanner'] }, allowance: () => Infinity },
    });
  const word = wordOf4('192.0.2.7');
  let inC = 0;
  const receive = (bytes: Buffer, flow: Flow): void => {
    const answer = refusals && accelerator?.refuse(refusals, bytes, word, flow.remotePort);
    if (answer === undefined) layer.message(bytes, flow);
    else inC++;
    if (answer) flow.send(answer);
  };
  const letIn: string[] = [];
  const scanner = (agent: string) => agent.includes('scanner');
  gate.open(
    {
      request: (message, flow) => {
        letIn.push(`${message.requestUri} ${message.topVia?.branch}`);
        layer.accept(message, flow);
      },
      ack: () => letIn.push('ACK'),
      cancel: () => {},
      strayResponse: () => {},
      malformed: () => {},
    },
    overload,
    {
      ignores: (message) => scanner(message.header('User-Agent') ?? ''),
      ignoresInvite: (bytes) => scanner(bytes.toString('latin1')),
    },
    unread,
  );
  unread?.follow();
  const near = network.peer('192.0.2.7', 5060);
  const moved = network.peer('192.0.2.7', 6060);
  for (let round = 0; round < ROUNDS; round++) {
    FORMS.forEach((form, index) => {
      for (const flow of [near, moved]) {
        const number = round * 1000 + index * 10 + (flow === near ? 0 : 1);
        const bytes = Buffer.from(text(number, form), 'latin1');
        receive(bytes, flow);
        // Comes again: refused again, or absorbed by its transaction.
        receive(bytes, flow);
      }
    });
  }
  unread?.count();
  const { receivedRequests, localReplies, uasTransactions, retransmissionsAbsorbed } = layer.counters;
  const counters = { receivedRequests, localReplies, uasTransactions, retransmissionsAbsorbed };
  return {
    sent: [near.sent, moved.sent],
    letIn,
    counters,
    refused: overload.counters.refused,
    read: gate.read,
    inC,
  };
}

it('sends INVITEs away unread as it does those that it reads', async () => {
  const unread = await serve(CountingGate);
  const read = await serve(ReadingGate);
  expect({ ...unread, read: 0 }).toEqual({ ...read, read: 0 });
  expect(unread.refused).toBeGreaterThan(500);
  expect(unread.letIn.length).toBeGreaterThan(100);
  expect(unread.read).toBeLessThan(read.read - 400);
});

it.skipIf(!accelerator)('refuses in C as it does where it reads', async () => {
  const refused = await serve(CountingGate, new Refusals());
  const read = await serve(ReadingGate);
  expect({ ...refused, read: 0, inC: 0 }).toEqual({ ...read, read: 0 });
  expect(refused.inC).toBeGreaterThan(300);
});
