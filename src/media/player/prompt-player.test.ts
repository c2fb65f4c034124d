import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TimerHandle } from '../../base/clock.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import {
  hasMarker,
  payload,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
} from '../../wire/rtp/rtp-header.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import { OpenCall } from '../testing/open-call.ts';
import { rtpPacket } from '../testing/rtp.ts';
import { PromptLibrary } from './prompt-library.ts';
import { PromptPlayer } from './prompt-player.ts';

/** Prompts of a byte for each millisecond, times eight. */
const NUMBERS = Buffer.from(Array.from({ length: 8 * 100 }, (_, i) => i >> 3));

async function setUp(clock?: FakeClock) {
  const call = await OpenCall.make();
  const directory = mkdtempSync(join(tmpdir(), 'viaduct-player-'));
  writeFileSync(join(directory, 'numbers.0'), NUMBERS);
  writeFileSync(join(directory, 'short.0'), NUMBERS.subarray(0, 8 * 50));
  writeFileSync(join(directory, 'frames.18'), Buffer.alloc(10 * 5, 7));
  const player = new PromptPlayer(new PromptLibrary({ directory }), clock ?? call.clock, new SequentialIds());
  const play = (side: StreamSide, prompt: string, count = 1, packetTime?: number, codecs = [8, 18, 0]) =>
    player.play({ side, prompt, count, codecs, packetTime });
  return { call, player, play };
}

/** Its timers fire late, as those of a process that stood still. */
class SlowClock extends FakeClock {
  late = 0;

  override setTimer(delayMs: number, fire: () => void): TimerHandle {
    return super.setTimer(delayMs + this.late, fire);
  }
}

function told(packet: Buffer) {
  return {
    type: payloadType(packet),
    marker: hasMarker(packet),
    sequence: sequenceNumber(packet),
    time: timestamp(packet),
    ms: [...payload(packet)!].filter((_, i) => i % 8 === 0),
  };
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function said(sequence: number, id = 7): Buffer {
  const header = { payloadType: 0, sequenceNumber: sequence, timestamp: 160 * sequence, ssrc: id };
  return rtpPacket(header, Buffer.alloc(160));
}

describe('PromptPlayer', () => {
  it('sends one packet each packet time, in a stream of its own', async () => {
    const { call, player, play } = await setUp();
    call.clock.advance(3);
    expect(await play(call.caller, 'numbers')).toBe(true);
    call.clock.advance(7 + 80);
    const packets = call.heard(call.caller);
    expect(packets.map(told)).toEqual([
      { type: 0, marker: true, sequence: 2, time: 3, ms: numbers(0, 20) },
      { type: 0, marker: false, sequence: 3, time: 163, ms: numbers(20, 40) },
      { type: 0, marker: false, sequence: 4, time: 323, ms: numbers(40, 60) },
      { type: 0, marker: false, sequence: 5, time: 483, ms: numbers(60, 80) },
      { type: 0, marker: false, sequence: 6, time: 643, ms: numbers(80, 100) },
    ]);
    expect(new Set(packets.map(ssrc))).toEqual(new Set([1]));
    expect(call.heard(call.callee)).toEqual([]);
    expect(player.counters).toEqual({ created: 1, destroyed: 0, packets: 5 });
    call.clock.advance(20);
    expect(player.counters).toEqual({ created: 1, destroyed: 1, packets: 5 });
    expect(call.heard(call.caller)).toHaveLength(5);
  });

  it('fills the last packet with silence, and goes from the end to the beginning without a gap', async () => {
    const { call, play } = await setUp();
    await play(call.caller, 'short', 2, 30);
    call.clock.advance(1000);
    const heard = call.heard(call.caller).map((packet) => told(packet).ms);
    expect(heard).toEqual([
      numbers(0, 30),
      [...numbers(30, 50), ...numbers(0, 10)],
      numbers(10, 40),
      [...numbers(40, 50), ...new Array(20).fill(0xff)],
    ]);
  });

  it('cuts the last packet of codecs whose frames cannot be filled up', async () => {
    const { call, play } = await setUp();
    await play(call.caller, 'frames', 1, 20, [18]);
    call.clock.advance(1000);
    expect(call.heard(call.caller).map((packet) => packet.length - 12)).toEqual([20, 20, 10]);
    expect(
      call
        .heard(call.caller)
        .map(timestamp)
        .map((time, _, [first]) => time - first!),
    ).toEqual([0, 160, 320]);
  });

  it('does not drift, and never bursts', async () => {
    const { call, player, play } = await setUp();
    await play(call.caller, 'short', -1);
    call.clock.advance(3_600_000);
    expect(call.heard(call.caller)).toHaveLength(180_001);
    expect(call.clock.pendingTimers).toBe(2);
    player.stop(call.caller);
    expect(call.clock.pendingTimers).toBe(1);
  });

  it('leaves out what a stall has made too late, and says so by timestamp and marker', async () => {
    const clock = new SlowClock();
    const { call, play } = await setUp(clock);
    await play(call.caller, 'short', -1);
    clock.advance(40);
    const before = call.heard(call.caller).length;
    clock.late = 1010;
    clock.advance(20);
    clock.late = 0;
    clock.advance(1020);
    const packets = call.heard(call.caller).map(told);
    const first = packets.findIndex(({ marker }, i) => i > 0 && marker);
    expect(first).toBeGreaterThan(0);
    expect(packets.length - before).toBeLessThan(3);
    expect(packets[first]!.sequence - packets[first - 1]!.sequence).toBe(1);
    expect(packets[first]!.time - packets[first - 1]!.time).toBeGreaterThanOrEqual(8000);
    expect(packets[first]!.ms[0]).toBe((packets[first - 1]!.ms.at(-1)! + 1) % 50);
  });

  it('holds back what the other party sends, and lets it through when the prompt is over', async () => {
    const { call, play } = await setUp();
    call.speak(call.callee, said(1));
    expect(call.heard(call.caller)).toHaveLength(1);
    await play(call.caller, 'numbers');
    call.speak(call.callee, said(2));
    call.speak(call.caller, said(1, 9));
    call.clock.advance(200);
    expect(call.heard(call.caller).filter((packet) => ssrc(packet) === 7)).toHaveLength(1);
    expect(call.heard(call.callee)).toHaveLength(1);
    call.speak(call.callee, said(3));
    expect(sequenceNumber(call.heard(call.caller).at(-1)!)).toBe(3);
  });

  it('replaces what plays, and stops', async () => {
    const { call, player, play } = await setUp();
    await play(call.caller, 'short', -1);
    call.clock.advance(100);
    await play(call.caller, 'numbers', -1);
    call.clock.advance(30);
    expect(new Set(call.heard(call.caller).map(ssrc)).size).toBe(2);
    expect(call.caller.claimed).toBe(true);
    player.stop(call.caller);
    const { length } = call.heard(call.caller);
    call.clock.advance(100);
    expect([call.heard(call.caller).length, call.caller.claimed]).toEqual([length, false]);
    expect(await play(call.caller, 'numbers', 0)).toBe(true);
    expect(player.counters.created).toBe(2);
  });

  it('obeys the last of two commands, however the disk answers', async () => {
    const { call, player, play } = await setUp();
    const both = [play(call.caller, 'short', -1), play(call.caller, 'numbers', -1)];
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(player.counters.created).toBe(1);
    const late = play(call.caller, 'short', -1);
    player.stop(call.caller);
    await late;
    expect([player.counters.created, call.caller.claimed]).toEqual([1, false]);
  });

  it('waits for a party that is on hold', async () => {
    const { call, play } = await setUp();
    call.caller.signal({ address: '0.0.0.0', port: 8000 }, false);
    await play(call.caller, 'numbers');
    call.clock.advance(5000);
    expect(call.heard(call.caller)).toEqual([]);
    call.caller.signal({ address: '192.0.2.10', port: 8000 }, false);
    call.clock.advance(20);
    expect(told(call.heard(call.caller)[0]!)).toMatchObject({ marker: true, ms: numbers(0, 20) });
  });

  it('ends with the call, and with the player', async () => {
    const { call, player, play } = await setUp();
    await play(call.caller, 'short', -1);
    call.relay.deleteAll();
    expect(player.counters).toMatchObject({ created: 1, destroyed: 1 });
    expect(await play(call.caller, 'numbers')).toBe(false);
    const [caller, callee] = await call.open('other', 'tag');
    await Promise.all([play(caller, 'short', -1), play(callee, 'numbers', -1)]);
    player[Symbol.dispose]();
    expect(player.counters).toMatchObject({ created: 3, destroyed: 3 });
    expect([caller.claimed, callee.claimed]).toEqual([false, false]);
  });

  it('says no to prompts that are not there', async () => {
    const { call, play } = await setUp();
    expect(await play(call.caller, 'nothing')).toBe(false);
    expect(call.caller.claimed).toBe(false);
  });
});
