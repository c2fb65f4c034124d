import { describe, expect, it } from 'vitest';
import { encodeAlaw, PCMA } from '../../wire/rtp/g711.ts';
import { payloadType } from '../../wire/rtp/rtp-header.ts';
import { buildTelephoneEvent, keyEvent } from '../../wire/rtp/telephone-event.ts';
import { joined, keyTone, stillness } from '../../wire/rtp/testing/dtmf-sound.ts';
import type { FakePort } from '../relay/testing/fake-path.ts';
import { OpenCall } from '../testing/open-call.ts';
import { rtpPacket } from '../testing/rtp.ts';
import { KeyListener, type KeyListenerOptions } from './key-listener.ts';

async function setUp(options: KeyListenerOptions) {
  const call = await OpenCall.make();
  const told: string[] = [];
  const listener = new KeyListener(options, call.clock, call.wheel, ({ key, origin }) =>
    told.push(`${key} ${origin}`),
  );
  call.caller.attach(listener);
  let sequenceNumber = 0;
  /** Sends from the caller, 20 ms a packet. */
  const send = (payloadType: number, timestamp: number, content: Uint8Array) => {
    sequenceNumber++;
    call.speak(call.caller, rtpPacket({ payloadType, sequenceNumber, timestamp, ssrc: 7 }, content));
    call.clock.advance(20);
  };
  const event = (key: string, at: number, duration: number, end = false) =>
    send(options.payloadType, at, buildTelephoneEvent({ event: keyEvent(key)!, end, volume: 10, duration }));
  const sound = (samples: Int16Array, at: number) => {
    const codes = encodeAlaw(samples);
    for (let i = 0; i < codes.length; i += 160) send(PCMA, at + i, codes.subarray(i, i + 160));
  };
  return { call, told, listener, event, sound };
}

describe('KeyListener', () => {
  it('hears events of the payload type agreed on, which go on to the other party', async () => {
    const { call, told, event } = await setUp({ payloadType: 96 });
    for (const duration of [160, 320, 480]) event('3', 0, duration);
    expect(told).toEqual([]);
    for (let i = 0; i < 3; i++) event('3', 0, 640, true);
    expect(told).toEqual(['3 event']);
    expect(call.heard(call.callee)).toHaveLength(6);
  });

  it('asks the path for no more than the events, unless it listens for tones', async () => {
    const aside = await setUp({ payloadType: 101 });
    expect([aside.listener.wantsAll, aside.listener.payloadTypes]).toEqual([false, [101]]);
    aside.sound(keyTone('1', 200), 0);
    expect(aside.told).toEqual([]);
    expect((await setUp({ payloadType: 101, inBand: true })).listener.wantsAll).toBe(true);
  });

  it('keeps the events from the other party where asked, and nothing else', async () => {
    const { call, told, event, sound } = await setUp({ payloadType: 101, hide: true });
    for (const duration of [160, 320]) event('3', 0, duration);
    sound(stillness(40), 0);
    event('3', 0, 480, true);
    expect(told).toEqual(['3 event']);
    expect(call.heard(call.callee).map(payloadType)).toEqual([PCMA, PCMA]);
    const port = call.caller.ports!.rtp as FakePort;
    call.clock.advance(60_000);
    sound(stillness(40), 0);
    expect(port.rule?.aside).toEqual([101]);
  });

  it('tells a key whose end never comes when it has been silent for long', async () => {
    const { call, told, event } = await setUp({ payloadType: 101 });
    event('*', 0, 160);
    event('*', 0, 320);
    call.clock.advance(400);
    expect(told).toEqual([]);
    call.clock.advance(200);
    expect(told).toEqual(['* event']);
    event('*', 0, 640, true);
    call.clock.advance(2000);
    expect(told).toEqual(['* event']);
    expect(call.wheel.size).toBe(1);
  });

  it('tells a key that is down when the call ends', async () => {
    const { call, told, event } = await setUp({ payloadType: 101 });
    event('5', 0, 160);
    call.relay.deleteAll();
    expect(told).toEqual(['5 event']);
  });

  it('hears tones where asked, also when the party falls silent behind', async () => {
    const { call, told, sound } = await setUp({ payloadType: 101, inBand: true });
    sound(joined([keyTone('1', 100), stillness(60), keyTone('2', 100)]), 0);
    expect(told).toEqual(['1 tone']);
    call.clock.advance(1000);
    expect(told).toEqual(['1 tone', '2 tone']);
  });

  it('believes events alone once there are some, although the sound has the key too', async () => {
    const { told, event, sound } = await setUp({ payloadType: 101, inBand: true });
    sound(keyTone('7', 60), 0);
    event('7', 480, 160);
    sound(joined([keyTone('7', 100), stillness(100)]), 640);
    event('7', 480, 800, true);
    expect(told).toEqual(['7 event']);
  });

  it('tells no more keys than a person presses, and counts the rest', async () => {
    const { told, listener, event } = await setUp({ payloadType: 101 });
    for (let i = 0; i < 200; i++) event('1', 1000 * i, 160, true);
    expect(told.length).toBeGreaterThan(80);
    expect(told.length).toBeLessThan(130);
    expect(told.length + listener.suppressed).toBe(200);
  });
});
