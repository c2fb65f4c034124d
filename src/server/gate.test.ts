import { expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { SequentialIds } from '../base/ids.ts';
import { OverloadControl } from '../core/front-door/overload.ts';
import { incoming, LayerUnderTest, read } from '../transaction/testing/layer-under-test.ts';
import type { TransactionUser } from '../transaction/transaction-user.ts';
import { Gate } from './gate.ts';

/** A server that has been far behind for 20 seconds. */
async function overloaded() {
  const t = new LayerUnderTest('udp');
  const clock = new FakeClock();
  const settings = { targetDelayMs: 100 };
  const load = () => ({ busy: 1, ran: 1, waitedMs: 900, lost: 9 });
  const overload = new OverloadControl({ clock, ids: new SequentialIds(), load, settings });
  clock.advance(20_000);
  const heard: string[] = [];
  const user: TransactionUser = {
    request: (message) => heard.push(message.method),
    ack: () => heard.push('ACK'),
    cancel: () => heard.push('CANCEL'),
    strayResponse: () => {},
    malformed: () => {},
  };
  const gate = new Gate(() => t.layer);
  const flooders = new Set<number>();
  gate.open(user, overload, {
    ignores: (_message, flow) => flooders.has(flow.remotePort),
    ignoresInvite: (_bytes, flow) => flooders.has(flow.remotePort),
  });
  return { t, gate, heard, overload, flooders };
}

const number = (text: string, n: number) => text.replace('z9hG4bKcall', `z9hG4bKcall${n}x`);

it('answers what is new by 503 with Retry-After while there is too much, and lets pass what belongs to calls', async () => {
  const { t, gate, heard, overload } = await overloaded();
  await using _ = overload;
  for (let n = 0; n < 300; n++) {
    gate.request(read(number(incoming('INVITE'), n)), t.near);
    gate.request(read(number(incoming('BYE', undefined, ';tag=callee'), n)), t.near);
    gate.ack(read(number(incoming('ACK', undefined, ';tag=callee'), n)), t.near);
    gate.cancel(read(number(incoming('CANCEL'), n)), t.near, undefined);
  }
  const count = (method: string) => heard.filter((it) => it === method).length;
  expect([count('BYE'), count('ACK'), count('CANCEL')]).toEqual([300, 300, 300]);
  expect(t.near.sent.length).toBeGreaterThan(250);
  expect(t.near.sent.length + count('INVITE')).toBe(300);
  for (const text of t.near.sent) {
    expect(text).toMatch(/^SIP\/2\.0 503 /);
    expect(Number(read(text).header('Retry-After'))).toBeGreaterThan(1);
  }
  expect(t.layer.counters.uasTransactions).toBe(0);
});

it('answers no flood, however much there is to do', async () => {
  const { t, gate, heard, overload, flooders } = await overloaded();
  await using _ = overload;
  flooders.add(t.near.remotePort);
  for (let n = 0; n < 300; n++) gate.request(read(number(incoming('INVITE'), n)), t.near);
  expect(heard.length).toBeLessThan(50);
  expect(t.near.sent).toEqual([]);
});

it('turns away all that is new while the server drains', async () => {
  const { t, gate, heard, overload } = await overloaded();
  await using _ = overload;
  overload.update(undefined);
  gate.drain();
  gate.request(read(incoming('INVITE')), t.near);
  gate.request(read(incoming('INVITE', undefined, ';tag=callee')), t.near);
  expect(heard).toEqual(['INVITE']);
  expect([gate.turnedAway, read(t.near.sent[0]!).status]).toEqual([1, 503]);
});
