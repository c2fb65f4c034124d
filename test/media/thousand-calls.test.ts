import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { NO_MODIFIERS } from '../../src/wire/rtpproxy/modifiers.ts';
import { Peer, rtp } from './peer.ts';
import { openRelay, paths } from './relay-paths.ts';

const RELAY = '127.0.0.1';
const ROUNDS = 4;
const CALLS = 250;

/** What this process has open, as the kernel and Node see it. */
function resources() {
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
  return { descriptors: readdirSync('/proc/self/fd').length, sockets };
}

/** Sockets are closed by another thread, or at the end of a turn of Node's loop. */
async function expectNoMoreThan(wanted: ReturnType<typeof resources>) {
  while (resources().descriptors > wanted.descriptors || resources().sockets > wanted.sockets)
    await setImmediate();
  expect(resources()).toEqual(wanted);
}

describe.each(paths)('a thousand calls over the %s path', (_name, openPath) => {
  it('leave no socket, timer or descriptor behind, nor what a call was', async () => {
    await using caller = await Peer.open('127.0.0.2');
    await using callee = await Peer.open('127.0.0.3');
    const clock = new FakeClock();
    const wheel = new TimerWheel(clock);
    // Whatever is opened once for all is open before counting, and the sockets of the test before are gone.
    await openPath(clock)[Symbol.asyncDispose]();
    await setImmediate();
    await setImmediate();
    const before = resources();
    const relay = openRelay({ path: openPath(clock), clock, wheel });
    const open = resources();

    const call = async (callId: string) => {
      const question = { callId, fromTag: 'f', modifiers: NO_MODIFIERS };
      const offer = await relay.update({ ...question, create: true, remote: caller });
      const answer = await relay.update({ ...question, toTag: 't', create: false, remote: callee });
      if (!offer.ok || !answer.ok) throw new Error('no port');
      for (const sequence of [1, 2]) {
        await caller.say(rtp(`${callId} there ${sequence}`, { sequence }), {
          address: RELAY,
          port: answer.port,
        });
        await callee.untilHeard(`${callId} there ${sequence}`);
        await callee.say(rtp(`${callId} back ${sequence}`, { sequence }), {
          address: RELAY,
          port: offer.port,
        });
        await caller.untilHeard(`${callId} back ${sequence}`);
      }
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < CALLS; i++) await call(`${round}-${i}`);
      expect(relay.pool.counters).toMatchObject({ open: 2 * CALLS, draining: 0 });
      expect(resources().descriptors).toBeGreaterThanOrEqual(open.descriptors + 4 * CALLS);
      // Half of them end by a command, the others in silence.
      for (let i = 0; i < CALLS; i += 2)
        expect(relay.delete({ callId: `${round}-${i}`, fromTag: 'f' })).toBe(true);
      await clock.advanceAsync(63_500);
      expect(relay.sessionCount).toBe(0);
      expect(relay.pool.counters).toMatchObject({ open: 0, draining: 0 });
      await clock.advanceAsync(100);
      expect([wheel.size, clock.pendingTimers]).toEqual([0, 0]);
      await expectNoMoreThan(open);
    }
    expect(relay.counters).toMatchObject({ created: 1000, destroyed: 1000, complete: 1000, timedOut: 500 });
    expect(relay.totals()).toMatchObject({ received: 4000, relayed: 4000, dropped: 0 });
    await relay[Symbol.asyncDispose]();
    await expectNoMoreThan(before);
  });
});
