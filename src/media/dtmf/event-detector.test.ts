import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTelephoneEvent, keyEvent } from '../../wire/rtp/telephone-event.ts';
import { rtpPacket } from '../testing/rtp.ts';
import { EventDetector } from './event-detector.ts';
import type { KeyPress } from './key-press.ts';

/** One packet of an event, as a test writes it. */
interface Sent {
  readonly key: string;
  readonly at: number;
  readonly duration: number;
  readonly end?: boolean;
  readonly marker?: boolean;
  readonly ssrc?: number;
  readonly sequence?: number;
}

function bytesOf(
  { key, at, duration, end = false, marker = false, ssrc = 7 }: Sent,
  sequence: number,
): Buffer {
  const header = { payloadType: 101, sequenceNumber: sequence, timestamp: at, ssrc, marker };
  return rtpPacket(header, buildTelephoneEvent({ event: keyEvent(key) ?? 99, end, volume: 10, duration }));
}

/** A press as phones send it: a packet each 20 ms, the last one three times. */
function press(key: string, at: number, packets = 5): Sent[] {
  const rising = Array.from({ length: packets }, (_, i) => ({
    key,
    at,
    duration: 160 * (i + 1),
    marker: i === 0,
  }));
  return [
    ...rising,
    ...Array.from({ length: 3 }, () => ({ key, at, duration: 160 * (packets + 1), end: true })),
  ];
}

function heard(packets: readonly (Sent | 'pause')[], first = 65_530): string[] {
  const told: KeyPress[] = [];
  const detector = new EventDetector((key) => told.push(key));
  for (const [i, packet] of packets.entries()) {
    if (packet === 'pause') detector.release();
    else detector.push(bytesOf(packet, packet.sequence ?? first + i));
  }
  detector.release();
  return told.map(({ key, duration }) => `${key} ${duration}`);
}

describe('EventDetector', () => {
  it('tells a press once, when it ends, with volume and duration', () => {
    const told: KeyPress[] = [];
    const detector = new EventDetector((key) => told.push(key));
    for (const [i, packet] of press('#', 4000).entries()) {
      detector.push(bytesOf(packet, i));
      expect(detector.pressed).toBe(i < 5);
    }
    expect(told).toEqual([
      { key: '#', event: 11, volume: 10, duration: 960, durationMs: 120, origin: 'event' },
    ]);
  });

  it('tells equal keys apart by their timestamps, over the wrap of both counters', () => {
    expect(heard([...press('5', 0xffff_ff00), ...press('5', 2000), ...press('5', 4000)])).toEqual([
      '5 960',
      '5 960',
      '5 960',
    ]);
  });

  it('tells each press once whatever is lost, doubled or late, in the order pressed', () => {
    const keys = fc.array(fc.constantFrom(...'0123456789*#ABCD!'), { minLength: 1, maxLength: 12 });
    const fate = fc.record({
      lost: fc.boolean(),
      doubled: fc.boolean(),
      delay: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(keys, fc.infiniteStream(fate), (pressed, fates) => {
        const sent = pressed.flatMap((key, k) => press(key, k * 3000).map((packet) => ({ ...packet, k })));
        const arriving = sent.flatMap((packet, i) => {
          const { lost, doubled, delay } = fates.next().value!;
          // One of each press comes through: the second one, in its place.
          const kept = packet.duration === 320;
          if (lost && !kept) return [];
          const one = { ...packet, sequence: 65_530 + i, when: i + (kept ? 0 : delay / 2) };
          return doubled ? [one, { ...one, when: i + 2 }] : [one];
        });
        arriving.sort((a, b) => a.when - b.when);
        const told = heard(arriving).map((text) => text.split(' ')[0]);
        expect(told).toEqual(pressed);
      }),
    );
  });

  it('tells a press whose start was lost, and one whose end was', () => {
    expect(heard(press('1', 0).slice(-1))).toEqual(['1 960']);
    expect(heard([...press('1', 0).slice(0, 5), ...press('2', 3000)])).toEqual(['1 800', '2 960']);
    expect(heard([...press('1', 0).slice(0, 5), 'pause', ...press('1', 0).slice(-3)])).toEqual(['1 800']);
  });

  it('joins the segments of a long press (RFC 4733 §2.5.1.3)', () => {
    const long = [
      { key: '9', at: 1000, duration: 800, marker: true },
      { key: '9', at: 1000, duration: 65_000 },
      { key: '9', at: 1000, duration: 0xffff },
      { key: '9', at: 1000 + 0xffff, duration: 400 },
      { key: '9', at: 1000 + 0xffff, duration: 0xffff },
      { key: '9', at: 1000 + 2 * 0xffff, duration: 800 },
      // Late, from the segment before.
      { key: '9', at: 1000 + 0xffff, duration: 0xffff, sequence: 65_534 },
      { key: '9', at: 1000 + 2 * 0xffff, duration: 1000, end: true },
      { key: '9', at: 1000 + 2 * 0xffff, duration: 1000, end: true },
    ];
    expect(heard(long)).toEqual([`9 ${2 * 0xffff + 1000}`]);
    // The last packet of the first segment is lost.
    expect(heard(long.filter(({ at, duration }) => at !== 1000 || duration !== 0xffff))).toEqual([
      `9 ${2 * 0xffff + 1000}`,
    ]);
  });

  it('bears with senders that count the timestamp up within a press', () => {
    const counting = press('4', 0).map((packet, i) => ({ ...packet, at: 160 * i }));
    expect(heard(counting)).toEqual(['4 960']);
    const again = press('4', 4000).map((packet, i) => ({ ...packet, at: 4000 + 160 * i }));
    expect(heard([...counting, ...again])).toEqual(['4 960', '4 960']);
  });

  it('bears with timestamps that jump back, and with another source', () => {
    expect(heard([...press('1', 3_000_000_000), ...press('2', 5)])).toEqual(['1 960', '2 960']);
    expect(heard([...press('1', 0).slice(0, 3), ...press('1', 0).map((it) => ({ ...it, ssrc: 8 }))])).toEqual(
      ['1 480', '1 960'],
    );
  });

  it('passes over events that are no keys, and packets that are cut off', () => {
    expect(heard([{ key: 'none', at: 0, duration: 1, end: true }])).toEqual([]);
    const told: KeyPress[] = [];
    new EventDetector((key) => told.push(key)).push(bytesOf(press('1', 0).at(-1)!, 0).subarray(0, 15));
    expect(told).toEqual([]);
  });
});
