import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { TimerWheel, WheelTimer } from './timer-wheel.ts';

function fixture() {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const fired: { name: string; at: number }[] = [];
  const timer = (name: string) => new WheelTimer(() => fired.push({ name, at: clock.now() }));
  return { clock, wheel, fired, timer };
}

describe('TimerWheel', () => {
  it('fires at the first tick at or after the time, never early', () => {
    const { clock, wheel, fired, timer } = fixture();
    wheel.arm(timer('a'), 120);
    clock.advance(119);
    expect(fired).toEqual([]);
    clock.advance(31);
    expect(fired).toEqual([{ name: 'a', at: 150 }]);
  });

  it('fires a timer without delay at the next tick', () => {
    const { clock, wheel, fired, timer } = fixture();
    wheel.arm(timer('a'), 0);
    expect(fired).toEqual([]);
    clock.advance(50);
    expect(fired).toHaveLength(1);
  });

  it('moves a timer that is armed again, and forgets one that is cancelled', () => {
    const { clock, wheel, fired, timer } = fixture();
    const moved = timer('moved');
    const cancelled = timer('cancelled');
    wheel.arm(moved, 100);
    wheel.arm(cancelled, 100);
    wheel.arm(moved, 500);
    wheel.cancel(cancelled);
    wheel.cancel(cancelled);
    expect(wheel.size).toBe(1);
    clock.advance(400);
    expect(fired).toEqual([]);
    clock.advance(200);
    expect(fired).toEqual([{ name: 'moved', at: 500 }]);
    expect(moved.armed).toBe(false);
  });

  it('keeps timers that are longer than one turn of the wheel', () => {
    const { clock, wheel, fired, timer } = fixture();
    wheel.arm(timer('long'), 200_000);
    clock.advance(199_999);
    expect(fired).toEqual([]);
    clock.advance(51);
    expect(fired).toEqual([{ name: 'long', at: 200_000 }]);
  });

  it('lets a firing timer cancel and arm its neighbours', () => {
    const { clock, wheel, fired, timer } = fixture();
    const victim = timer('victim');
    const next = timer('next');
    const killer = new WheelTimer(() => {
      wheel.cancel(victim);
      wheel.arm(next, 50);
    });
    wheel.arm(killer, 50);
    wheel.arm(victim, 50);
    clock.advance(200);
    expect(fired).toEqual([{ name: 'next', at: 100 }]);
  });

  it('arms a timer by a time, unless it fires before that anyway', () => {
    const { clock, wheel, fired, timer } = fixture();
    const watched = timer('watched');
    wheel.armBy(watched, 500);
    wheel.armBy(watched, 900);
    wheel.armBy(watched, 200);
    clock.advance(1000);
    expect(fired).toEqual([{ name: 'watched', at: 200 }]);
  });

  it('stands still while nothing is armed', () => {
    const { clock, wheel, timer } = fixture();
    expect(clock.pendingTimers).toBe(0);
    wheel.arm(timer('a'), 50);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
    wheel.arm(timer('b'), 70);
    clock.advance(100);
    expect(wheel.size).toBe(0);
  });

  it('fires everything that fell due during a stall', () => {
    const clock = new FakeClock();
    const stalled = { now: () => late + clock.now(), wallNow: () => 0, setTimer: clock.setTimer.bind(clock) };
    let late = 0;
    const wheel = new TimerWheel(stalled);
    let fired = 0;
    for (let i = 0; i < 100; i++) wheel.arm(new WheelTimer(() => fired++), i * 1000);
    late = 1_000_000;
    clock.advance(100);
    expect(fired).toBe(100);
  });

  it('closes with nothing armed and no clock timer', () => {
    const { clock, wheel, fired, timer } = fixture();
    wheel.arm(timer('a'), 50);
    wheel.close();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(1000);
    expect(fired).toEqual([]);
  });

  it('agrees with a list of due times, whatever is armed and cancelled', () => {
    const step = fc.record({
      timer: fc.nat(9),
      action: fc.constantFrom('arm', 'cancel', 'advance'),
      ms: fc.nat(60_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new FakeClock();
        const wheel = new TimerWheel(clock);
        const due = new Map<number, number>();
        const timers = Array.from(
          { length: 10 },
          (_, i) =>
            new WheelTimer(() => {
              const expected = due.get(i)!;
              expect(clock.now()).toBeGreaterThanOrEqual(expected);
              expect(clock.now() - expected).toBeLessThanOrEqual(50);
              due.delete(i);
            }),
        );
        for (const { timer, action, ms } of steps) {
          if (action === 'arm') {
            wheel.arm(timers[timer]!, ms);
            due.set(timer, clock.now() + ms);
          } else if (action === 'cancel') {
            wheel.cancel(timers[timer]!);
            due.delete(timer);
          } else clock.advance(ms);
        }
        clock.advance(70_000);
        expect(due.size).toBe(0);
        expect(wheel.size).toBe(0);
      }),
    );
  });
});
