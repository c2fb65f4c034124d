import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channels } from '../../base/channels.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import type { Load } from '../../net/load-meter.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import { OverloadControl } from './overload.ts';

const PERIOD = 100;
const IDLE: Load = { busy: 0.3, ran: 0.3, waitedMs: 0, lost: 0 };
/** By connections alone, or on the portable path of datagrams. */
const BUSY: Load = { busy: 1, ran: 1, waitedMs: undefined, lost: 0 };
const BEHIND: Load = { busy: 1, ran: 1, waitedMs: 80, lost: 0 };

let clock: FakeClock;
let load: Load;
let overload: OverloadControl;
let logged: string[];

const hear = (line: unknown) => logged.push((line as { text: string }).text);

beforeEach(() => {
  clock = new FakeClock();
  load = IDLE;
  logged = [];
  channels.log.subscribe(hear);
  overload = new OverloadControl({
    clock,
    ids: new SequentialIds(),
    load: () => load,
    settings: { targetDelayMs: 50 },
  });
});

afterEach(async () => {
  channels.log.unsubscribe(hear);
  await overload[Symbol.asyncDispose]();
});

function request(
  method: string,
  number: number,
  parts: { to?: string; uri?: string; more?: string; branch?: string } = {},
) {
  const text =
    `${method} ${parts.uri ?? 'sip:bob@example.com'} SIP/2.0\r\n` +
    `Via: SIP/2.0/UDP 192.0.2.1${parts.branch ?? `;branch=z9hG4bK${number}`}\r\nMax-Forwards: 70\r\n` +
    `From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>${parts.to ?? ''}\r\n` +
    `Call-ID: ${number}@192.0.2.1\r\nCSeq: 1 ${method}\r\n${parts.more ?? ''}Content-Length: 0\r\n\r\n`;
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function periods(count: number, what: Load): void {
  load = what;
  clock.advance(count * PERIOD);
}

function refusedOf(messages: readonly SipMessage[]): number {
  return messages.filter((message) => overload.refusal(message) !== undefined).length;
}

const invites = (count: number, from = 0) =>
  Array.from({ length: count }, (_, number) => request('INVITE', from + number));

describe('overload control', () => {
  it('refuses nothing while the server keeps up', () => {
    periods(50, { busy: 0.9, ran: 0.9, waitedMs: 20, lost: 0 });
    periods(50, { busy: 0.7, ran: 0.7, waitedMs: 0, lost: 3 });
    periods(50, { busy: 1, ran: 1, waitedMs: 5, lost: 0 });
    expect(overload.active).toBe(false);
    expect(refusedOf(invites(1000))).toBe(0);
  });

  it('does not take a thread for busy that others keep from its processor', () => {
    periods(50, { ...BUSY, ran: 0.4 });
    expect(overload.active).toBe(false);
    periods(10, BEHIND);
    periods(100, { ...BUSY, ran: 0.4 });
    expect(overload.share).toBe(1);
    expect(overload.active).toBe(false);
  });

  it('takes a single long pause for what it is', () => {
    periods(4, BEHIND);
    periods(1, IDLE);
    periods(4, BEHIND);
    expect(overload.active).toBe(false);
  });

  it.each([
    ['messages wait', BEHIND, 5],
    ['messages are lost', { busy: 0.9, ran: 0.9, waitedMs: 0, lost: 5 }, 5],
    ['the thread is never idle, and nobody tells how long messages wait', BUSY, 10],
  ])('begins when %s', (_what, sample, count) => {
    periods(count - 1, sample);
    expect(overload.active).toBe(false);
    periods(1, sample);
    expect(overload.active).toBe(true);
    expect(overload.share).toBeLessThan(1);
  });

  it('begins sooner when messages wait longer and longer', () => {
    for (const waitedMs of [60, 90]) periods(1, { ...BEHIND, waitedMs });
    expect(overload.active).toBe(false);
    periods(1, { ...BEHIND, waitedMs: 130 });
    expect(overload.active).toBe(true);
  });

  it('takes what is made up for after a pause for no overload', () => {
    for (const waitedMs of [40, 200, 150, 100, 60]) periods(1, { ...BEHIND, waitedMs });
    expect(overload.active).toBe(false);
  });

  it('lets all in again while the thread is never idle, as long as messages wait for little', () => {
    periods(10, BEHIND);
    periods(150, { busy: 1, ran: 1, waitedMs: 4, lost: 0 });
    expect(overload.share).toBe(1);
    expect(overload.active).toBe(false);
  });

  it('knows by its own timer that the event loop is late', () => {
    load = { busy: 1, ran: 1, waitedMs: 0, lost: 0 };
    const late = new LateClock(70);
    const loop = new OverloadControl({
      clock: late,
      ids: new SequentialIds(),
      load: () => load,
      settings: { targetDelayMs: 50 },
    });
    late.advance(5 * (PERIOD + 70));
    expect(loop.active).toBe(true);
    expect(loop.load.waitedMs).toBe(70);
  });

  it('lets less in from period to period until the strain is gone, and then more again', () => {
    periods(6, BEHIND);
    const first = overload.share;
    periods(1, BEHIND);
    const least = overload.share;
    expect(least).toBeLessThan(first);
    periods(1, IDLE);
    expect(overload.share).toBeCloseTo(least * 1.25);
    periods(200, BEHIND);
    expect(overload.share).toBe(0.02);
  });

  it('has a queue worked off in half a second, neither slower nor faster', () => {
    periods(6, { ...BEHIND, waitedMs: 400 });
    const { share } = overload;
    periods(1, { ...BEHIND, waitedMs: 390 });
    const less = overload.share;
    expect(less).toBeLessThan(share);
    periods(1, { ...BEHIND, waitedMs: 200 });
    expect(overload.share).toBeGreaterThan(less);
  });

  it('takes the growth of a queue over the time that has passed, a long pause included', () => {
    const late = new LateClock(400);
    const paused = new OverloadControl({
      clock: late,
      ids: new SequentialIds(),
      load: () => load,
      settings: { targetDelayMs: 50 },
    });
    load = BEHIND;
    late.advance(5 * (PERIOD + 400));
    const { share } = paused;
    load = { ...BEHIND, waitedMs: 90 };
    late.advance(PERIOD + 400);
    expect(paused.share).toBeGreaterThan(0.8 * share);
  });

  it('settles where load and capacity meet', () => {
    const offered = 2;
    load = IDLE;
    for (let i = 0; i < 100; i++) {
      const work = offered * (overload.active ? overload.share : 1);
      const busy = Math.min(1, work);
      periods(1, { busy, ran: busy, waitedMs: work > 1 ? 60 : 0, lost: 0 });
    }
    expect(offered * overload.share).toBeGreaterThan(0.85);
    expect(offered * overload.share).toBeLessThanOrEqual(1);
  });

  it('lets in about the share that it says', () => {
    periods(6, BEHIND);
    const refused = refusedOf(invites(2000)) / 2000;
    expect(Math.abs(1 - refused - overload.share)).toBeLessThan(0.04);
    expect(overload.counters.refused).toBe(refused * 2000);
  });

  it('refuses a request again when it comes again, though more is let in meanwhile', () => {
    periods(8, BEHIND);
    const sent = invites(200);
    const refused = sent.filter((message) => overload.refusal(message) !== undefined);
    periods(60, IDLE);
    expect(overload.active).toBe(false);
    expect(refusedOf(refused)).toBe(refused.length);
    expect(refusedOf(sent) - refused.length).toBe(0);
    expect(refusedOf(invites(200, 1000))).toBe(0);
    periods(400, IDLE);
    expect(refusedOf(refused)).toBe(0);
  });

  it('lets in a share of requests without a branch, too', () => {
    periods(6, BEHIND);
    const refused = refusedOf(
      Array.from({ length: 1000 }, (_, number) => request('INVITE', number, { branch: '' })),
    );
    expect(Math.abs(1 - refused / 1000 - overload.share)).toBeLessThan(0.06);
  });

  it('never refuses what belongs to a call, nor a call for help', () => {
    periods(200, BEHIND);
    const calls = Array.from({ length: 300 }, (_, number) => [
      request('INVITE', number, { to: ';tag=2' }),
      request('BYE', number, { to: ';tag=2' }),
      request('INVITE', number, { uri: 'urn:service:sos' }),
      request('INVITE', number, { uri: 'urn:Service:SOS.fire' }),
    ]).flat();
    expect(refusedOf(calls)).toBe(0);
  });

  it('would rather keep those who are registered than take new ones', () => {
    periods(30, BEHIND);
    const credentials = { more: 'Authorization: Digest username="bob"\r\n' };
    const known = refusedOf(
      Array.from({ length: 1000 }, (_, number) => request('REGISTER', number, credentials)),
    );
    const fresh = refusedOf(Array.from({ length: 1000 }, (_, number) => request('REGISTER', 5000 + number)));
    expect(known).toBeLessThan(fresh);
    expect(known).toBeGreaterThan(0);
  });

  it('says when to come again, not to all the same', () => {
    periods(200, BEHIND);
    const times = new Set(invites(500).map((message) => overload.refusal(message)));
    times.delete(undefined);
    expect([...times].map(Number).sort()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('says once that it begins, and once that it is over', () => {
    periods(50, BEHIND);
    const refused = refusedOf(invites(100));
    periods(200, IDLE);
    expect(refused).toBeGreaterThan(0);
    expect(logged).toEqual([
      'there is more to do than can be done: new requests are refused',
      'new requests are let in again',
    ]);
    expect(overload.counters.begun).toBe(1);
  });

  it('ends at once where it is switched off', () => {
    periods(8, BEHIND);
    const sent = invites(100);
    expect(refusedOf(sent)).toBeGreaterThan(0);
    overload.update(undefined);
    expect(refusedOf(sent)).toBe(0);
    expect(overload.active).toBe(false);
    periods(50, BEHIND);
    expect(refusedOf(invites(100, 7000))).toBe(0);
  });
});

/** Fires every timer later than it was asked to. */
class LateClock extends FakeClock {
  readonly #late: number;

  constructor(late: number) {
    super();
    this.#late = late;
  }

  override setTimer(delayMs: number, fire: () => void) {
    return super.setTimer(delayMs + this.#late, fire);
  }
}
