import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CSeqShift } from './cseq-shift.ts';

describe('CSeqShift', () => {
  it('changes nothing while nobody else sends', () => {
    const shift = new CSeqShift();
    expect([5, 5, 6, 9].map((number) => shift.forwarded(number))).toEqual([5, 5, 6, 9]);
    expect(shift.of(6)).toBe(6);
  });

  it('raises what comes after requests of our own, no more than is needed', () => {
    const shift = new CSeqShift();
    shift.forwarded(5);
    expect([shift.next(), shift.next()]).toEqual([6, 7]);
    expect(shift.forwarded(6)).toBe(8);
    expect(shift.forwarded(7)).toBe(9);
    expect(shift.next()).toBe(10);
    // The other party has left room itself.
    expect(shift.forwarded(20)).toBe(22);
  });

  it('keeps what an earlier number went on as, for its ACK', () => {
    const shift = new CSeqShift();
    shift.forwarded(1);
    shift.next();
    expect(shift.forwarded(2)).toBe(3);
    shift.next();
    expect(shift.forwarded(3)).toBe(5);
    expect([shift.of(1), shift.of(2), shift.of(3)]).toEqual([1, 3, 5]);
  });

  it('counts from one where the party was never sent anything', () => {
    const shift = new CSeqShift();
    expect(shift.next()).toBe(1);
    expect(shift.forwarded(1)).toBe(2);
  });

  it('stays below 2³¹', () => {
    const shift = new CSeqShift();
    expect(shift.forwarded(2 ** 31 - 1)).toBe(2 ** 31 - 1);
    expect(shift.next()).toBe(2 ** 31 - 1);
  });

  it('goes on from a request that was sent with a higher number', () => {
    const shift = new CSeqShift();
    shift.forwarded(5);
    expect(shift.raise(5, 1)).toBe(6);
    expect([shift.of(5), shift.forwarded(6), shift.sent]).toEqual([6, 7, 7]);
    expect(shift.raise(6, 2)).toBe(9);
    expect([shift.of(5), shift.of(6), shift.next(), shift.forwarded(7)]).toEqual([6, 9, 10, 11]);
  });

  it('never sends a number twice or out of order, and outlives a restart', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('own'), fc.integer({ min: 1, max: 3 })), { maxLength: 60 }),
        (steps) => {
          let shift = new CSeqShift();
          let received = 0;
          let last = 0;
          for (const step of steps) {
            if (step !== 'own') received += Number(step);
            const sent = step === 'own' ? shift.next() : shift.forwarded(received);
            expect(sent).toBeGreaterThan(last);
            last = sent;
            if (step !== 'own') expect(shift.of(received)).toBe(sent);
            shift = CSeqShift.restored(JSON.parse(JSON.stringify(shift.snapshot())));
          }
        },
      ),
    );
  });
});
