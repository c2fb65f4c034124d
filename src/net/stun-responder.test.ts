import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { newNetCounters } from './net-counters.ts';
import { StunResponder } from './stun-responder.ts';

const REQUEST = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');

describe('StunResponder', () => {
  it('answers so many a second and no more', () => {
    const clock = new FakeClock();
    const counters = newNetCounters();
    const stun = new StunResponder(clock, counters, 2);
    const answers = () => [1, 2, 3].map((port) => stun.answer(REQUEST, '192.0.2.1', port)?.length);
    expect(answers()).toEqual([32, 32, undefined]);
    clock.advance(1000);
    expect(answers()).toEqual([32, 32, undefined]);
    expect(stun.answer(REQUEST.subarray(1), '2001:db8::1', 1)).toBeUndefined();
    clock.advance(1000);
    expect(stun.answer(REQUEST, '2001:db8::1', 1)).toHaveLength(44);
    expect(counters).toMatchObject({ stunAnswered: 5, stunIgnored: 3 });
  });
});
