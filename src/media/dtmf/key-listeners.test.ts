import { describe, expect, it } from 'vitest';
import { buildTelephoneEvent } from '../../wire/rtp/telephone-event.ts';
import { OpenCall } from '../testing/open-call.ts';
import { rtpPacket } from '../testing/rtp.ts';
import { KeyListeners } from './key-listeners.ts';

describe('KeyListeners', () => {
  it('has one on each side: the last one asked for', async () => {
    const call = await OpenCall.make();
    const listeners = new KeyListeners(call.clock, call.wheel);
    const told: string[] = [];
    const listen = (name: string, payloadType: number, side = call.caller) =>
      listeners.listen({
        side,
        payloadType,
        hide: false,
        pressed: ({ event }) => told.push(`${name} ${event}`),
      });
    const press = (payloadType: number, sequenceNumber: number, side = call.caller) => {
      const header = { payloadType, sequenceNumber, timestamp: 1000 * sequenceNumber, ssrc: 7 };
      const event = { event: sequenceNumber, end: true, volume: 0, duration: 800 };
      call.speak(side, rtpPacket(header, buildTelephoneEvent(event)));
    };
    expect(listen('first', 101)).toBe(true);
    expect(listen('second', 96)).toBe(true);
    expect(listen('callee', 101, call.callee)).toBe(true);
    press(101, 1);
    press(96, 2);
    press(101, 3, call.callee);
    expect(told).toEqual(['second 2', 'callee 3']);
    // Down when the question comes again, up behind it.
    const event = { event: 7, end: false, volume: 0, duration: 800 };
    const header = { payloadType: 96, sequenceNumber: 4, timestamp: 9000, ssrc: 7 };
    call.speak(call.caller, rtpPacket(header, buildTelephoneEvent(event)));
    listen('third', 96);
    const up = buildTelephoneEvent({ ...event, end: true });
    call.speak(call.caller, rtpPacket({ ...header, sequenceNumber: 5 }, up));
    call.clock.advance(1000);
    expect(told.slice(2)).toEqual(['third 7']);
    call.relay.deleteAll();
    expect(listen('late', 101)).toBe(false);
  });
});
