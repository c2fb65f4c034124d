import { afterEach, beforeEach, expect, it } from 'vitest';
import { channels } from '../base/channels.ts';
import { DEFAULT_FRONT_DOOR } from '../core/front-door/front-door.ts';
import { newNetCounters } from '../net/net-counters.ts';
import { Refusals } from '../net/refusals.ts';
import { FakeNetwork } from '../transaction/testing/fake-network.ts';
import { TransactionCounters } from '../transaction/transaction-counters.ts';
import { UnreadRefusals } from './unread-refusals.ts';

const inside = new FakeNetwork('udp').peer('10.0.0.9', 5060);
const outside = new FakeNetwork('udp').peer('192.0.2.9', 5060);

let refusals: Refusals;
let overload: { share: number; counters: { refused: number; begun: number } };
let gate: { sendsSomeAway: boolean };
let frontDoor: { settings: typeof DEFAULT_FRONT_DOOR; allowance(address: string, most: number): number };
let left: number;
let unread: UnreadRefusals;
const transactions = new TransactionCounters();
const network = newNetCounters();

beforeEach(() => {
  refusals = new Refusals();
  overload = { share: 0.5, counters: { refused: 0, begun: 1 } };
  gate = { sendsSomeAway: true };
  left = 100;
  frontDoor = {
    settings: DEFAULT_FRONT_DOOR,
    allowance(address, most) {
      if (address === inside.remoteAddress) return Infinity;
      const taken = Math.min(left, most);
      left -= taken;
      return taken;
    },
  };
  unread = new UnreadRefusals({ refusals, overload, frontDoor, gate, transactions, network });
});

const listen = () => {};
afterEach(() => channels.wire.unsubscribe(listen));

it('refuses while some are sent away, and nobody traces', () => {
  unread.follow();
  expect([refusals.active, refusals.words[1]]).toEqual([true, 2 ** 31 - 1]);
  channels.wire.subscribe(listen);
  unread.follow();
  expect(refusals.active).toBe(false);
  channels.wire.unsubscribe(listen);
  unread.follow();
  expect(refusals.active).toBe(true);
  gate.sendsSomeAway = false;
  unread.follow();
  expect(refusals.active).toBe(false);
});

it('passes all on where there is no room for the names of scanners', () => {
  frontDoor.settings = {
    ...DEFAULT_FRONT_DOOR,
    scanners: Array.from({ length: 300 }, (_, n) => `scanner-${n}`),
  };
  unread.follow();
  expect(refusals.active).toBe(false);
  frontDoor.settings = { ...DEFAULT_FRONT_DOOR, scanners: ['SIP Scanner'] };
  unread.follow();
  expect(refusals.active).toBe(true);
  expect(Buffer.from(refusals.scanners.subarray(0, 12)).toString()).toBe('sip scanner\0');
});

it('allows a source as many as the front door lets it, and looks at it again then', () => {
  unread.refused(outside);
  expect(left).toBe(100);
  unread.follow();
  unread.refused(outside);
  expect(left).toBe(36);
  expect(unread.hasJudged(outside)).toBe(false);
  unread.refused(inside);
  expect(unread.hasJudged(inside)).toBe(true);
  for (let period = 0; period < 50; period++) unread.follow();
  expect(unread.hasJudged(inside)).toBe(false);
});

it('looks at all sources again when the front door has changed', () => {
  unread.follow();
  unread.refused(inside);
  frontDoor.settings = { ...DEFAULT_FRONT_DOOR, trustInside: false };
  unread.follow();
  expect(unread.hasJudged(inside)).toBe(false);
});

it('counts what was refused unseen as though it had been seen', () => {
  const before = network.datagramsIn;
  refusals.words[5] = 7;
  refusals.words[6] = 5;
  refusals.words[7] = 1;
  unread.count();
  unread.count();
  expect(overload.counters.refused).toBe(7);
  expect(network.datagramsIn - before).toBe(12);
  expect(network.datagramsOut).toBe(6);
  expect(network.datagramsFailed).toBe(1);
  expect([transactions.receivedRequests, transactions.localReplies, transactions.sendFailures]).toEqual([
    12, 7, 1,
  ]);
});
