import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { SequentialIds } from '../base/ids.ts';
import { OverloadControl } from '../core/front-door/overload.ts';
import type { Flow } from '../net/flow.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { TransactionUser } from '../transaction/transaction-user.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { parseMessage } from '../wire/sip/parse.ts';
import { Gate } from './gate.ts';

const FLOW = { connectionId: 0 } as Flow;

function request(method: string): SipMessage {
  const lines = [
    'Via: SIP/2.0/UDP a;branch=z9hG4bKx',
    'To: <sip:a@b>',
    'From: <sip:a@b>;tag=1',
    'Call-ID: c',
  ];
  const text = [`${method} sip:a@b SIP/2.0`, ...lines, `CSeq: 1 ${method}`, '', ''].join('\r\n');
  const parsed = parseMessage(Buffer.from(text));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function setUp() {
  const passed: string[] = [];
  const again: string[] = [];
  const layer = { message: (bytes: Buffer) => again.push(bytes.toString('latin1').split(' ')[0]!) };
  const user = {
    request: ({ method }: SipMessage) => passed.push(method),
    ack: ({ method }: SipMessage) => passed.push(method),
  };
  const gate = new Gate(() => layer as unknown as TransactionLayer);
  const clock = new FakeClock();
  const load = () => ({ busy: 0, waitedMs: 0, lost: 0 });
  const overload = new OverloadControl({ clock, ids: new SequentialIds(), load, settings: undefined });
  const open = () => gate.open(user as unknown as TransactionUser, overload);
  return { gate, open, passed, again, overload };
}

describe('Gate', () => {
  it('lets what came before the program was there begin anew, in order', async () => {
    const { gate, open, passed, again, overload } = setUp();
    await using _ = overload;
    gate.request(request('INVITE'), FLOW);
    gate.ack(request('ACK'), FLOW);
    expect(again).toEqual([]);
    open();
    expect([again, passed]).toEqual([['INVITE', 'ACK'], []]);
    gate.request(request('OPTIONS'), FLOW);
    expect([again.length, passed]).toEqual([2, ['OPTIONS']]);
  });

  it('has a bound for them', async () => {
    const { gate, open, again, overload } = setUp();
    await using _ = overload;
    const options = request('OPTIONS');
    for (let i = 0; i < 5000; i++) gate.request(options, FLOW);
    open();
    expect([again.length, gate.lostEarly]).toEqual([4096, 904]);
  });
});
