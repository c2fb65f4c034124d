import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ULAW_SAMPLES } from '../../wire/rtp/g711.ts';
import { LegTimeline } from './leg-timeline.ts';
import { StereoMixer } from './stereo-mixer.ts';

const PACKET = 160;
/** The sample that a code of µ-law stands for, as both channels of the result are compared. */
const NOTHING = 0;

/** What a packet holds: its number, in codes whose samples all differ from silence. */
function codes(number: number): Uint8Array {
  return new Uint8Array(PACKET).fill(number % 120);
}

function sampleOf(number: number): number {
  return ULAW_SAMPLES[number % 120]!;
}

/** Collects what a mixer lets out. */
function collector() {
  const pieces: Buffer[] = [];
  const mixer = new StereoMixer((frames) => pieces.push(Buffer.from(frames)));
  const samples = (channel: 0 | 1) => {
    const all = Buffer.concat(pieces);
    return Array.from({ length: all.length / 4 }, (_, i) => all.readInt16LE(4 * i + 2 * channel));
  };
  return { mixer, samples };
}

describe('StereoMixer', () => {
  it('holds each party on its side, with losses as silence, whatever the order', () => {
    const order = fc
      .uniqueArray(fc.integer({ min: 0, max: 199 }), { minLength: 1, maxLength: 200 })
      // Out of order by no more than what the ring waits for: 40 packets.
      .map((all) => all.map((n) => ({ n, at: n + ((n * 7919) % 40) })).sort((a, b) => a.at - b.at));
    fc.assert(
      fc.property(order, order, (left, right) => {
        const { mixer, samples } = collector();
        const both = [
          ...left.map((one) => ({ ...one, channel: 'left' as const })),
          ...right.map((one) => ({ ...one, channel: 'right' as const })),
        ].sort((a, b) => a.at - b.at);
        for (const { n, at, channel } of both) {
          mixer.put(channel, n * PACKET, codes(n), ULAW_SAMPLES);
          mixer.advance(at * PACKET);
        }
        mixer.finish();
        expect(mixer.late).toBe(0);
        for (const [channel, sent] of [
          [0, left],
          [1, right],
        ] as const) {
          const heard = samples(channel);
          const there = new Set(sent.map(({ n }) => n));
          expect(heard).toHaveLength((1 + Math.max(...both.map(({ n }) => n))) * PACKET);
          for (let i = 0; i < heard.length; i += 53) {
            const n = Math.floor(i / PACKET);
            if (heard[i] !== (there.has(n) ? sampleOf(n) : NOTHING)) expect.fail(`frame ${i}: ${heard[i]}`);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts what comes after its time has left, and keeps the part that is in time', () => {
    const { mixer, samples } = collector();
    mixer.put('left', 0, codes(1), ULAW_SAMPLES);
    mixer.advance(8000 + 100);
    mixer.put('right', 0, codes(2), ULAW_SAMPLES);
    mixer.finish();
    expect(mixer.late).toBe(100);
    const right = samples(1);
    expect([right[99], right[100], right.length]).toEqual([NOTHING, sampleOf(2), PACKET]);
  });

  it('lets silence out while nobody speaks', () => {
    const { mixer } = collector();
    mixer.put('left', 0, codes(1), ULAW_SAMPLES);
    mixer.advance(100_000);
    expect(mixer.written).toBe(92_000);
  });

  it('fills the one sample that a stretched timeline leaves', () => {
    const { mixer, samples } = collector();
    mixer.put('left', 0, codes(1), ULAW_SAMPLES);
    mixer.put('left', PACKET + 1, codes(2), ULAW_SAMPLES);
    mixer.finish();
    expect(samples(0).slice(PACKET - 1, PACKET + 2)).toEqual([sampleOf(1), sampleOf(2), sampleOf(2)]);
  });
});

describe('LegTimeline', () => {
  /** A party whose clock makes `rate` samples a second of ours, whose packets take up to `jitter` samples. */
  function worstError(rate: number, jitter: number, packets: number): number {
    const timeline = new LegTimeline();
    let worst = 0;
    for (let n = 0; n < packets; n++) {
      const sent = Math.round((n * PACKET * 8000) / rate);
      const arrival = sent + ((n * 7919) % (jitter + 1));
      const position = timeline.place(1, 0xffff_f000 + n * PACKET, n === 0, arrival);
      worst = Math.max(worst, Math.abs(position! - sent));
    }
    return worst;
  }

  it('follows the timestamps, not the jitter, over their wrap', () => {
    expect(worstError(8000, 0, 1000)).toBe(0);
    expect(worstError(8000, 70, 20_000)).toBeLessThanOrEqual(70);
  });

  it.each([8002, 7998, 8010, 7990])('stays within 25 ms of a clock of %d for an hour', (rate) => {
    expect(worstError(rate, 100, 180_000)).toBeLessThan(200);
  });

  it('moves by a sample a packet at the most', () => {
    const timeline = new LegTimeline();
    let last = timeline.place(1, 0, true, 0)!;
    for (let n = 1; n < 20_000; n++) {
      const position = timeline.place(1, n * PACKET, false, Math.round(n * PACKET * 1.001))!;
      expect(Math.abs(position - last - PACKET)).toBeLessThanOrEqual(1);
      last = position;
    }
  });

  it('keeps the silence between spurts of talk', () => {
    const timeline = new LegTimeline();
    expect(timeline.place(1, 1000, true, 0)).toBe(0);
    expect(timeline.place(1, 1000 + 80_000, true, 80_010)).toBe(80_000);
  });

  it('begins anew with another source, and with a spurt whose timestamps stood still', () => {
    const timeline = new LegTimeline();
    timeline.place(1, 1000, true, 0);
    expect(timeline.place(2, 77, false, 400)).toBe(400);
    expect(timeline.place(2, 77 + PACKET, true, 400 + 80_000)).toBe(80_400);
  });

  it('leaves a late burst out, and follows timestamps that have jumped for good', () => {
    const timeline = new LegTimeline();
    timeline.place(1, 0, true, 0);
    // Ten packets that a stall held back for two seconds.
    for (let n = 1; n <= 10; n++) expect(timeline.place(1, n * PACKET, false, 16_000 + n)).toBeUndefined();
    expect(timeline.place(1, 101 * PACKET, false, 101 * PACKET)).toBe(101 * PACKET);
    const jumped = Array.from({ length: 30 }, (_, n) =>
      timeline.place(1, 5_000_000 + n * PACKET, false, 20_000 + n * PACKET),
    );
    expect(jumped.findIndex((position) => position !== undefined)).toBe(24);
    expect(jumped.at(-1)).toBe(20_000 + 29 * PACKET);
  });

  it('is never led far from the time of arrival', () => {
    const packet = fc.record({
      ssrc: fc.integer({ min: 0, max: 2 }),
      timestamp: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      marker: fc.boolean(),
      step: fc.integer({ min: 0, max: 100_000 }),
    });
    fc.assert(
      fc.property(fc.array(packet), (all) => {
        const timeline = new LegTimeline();
        let arrival = 0;
        for (const { ssrc, timestamp, marker, step } of all) {
          arrival += step;
          const position = timeline.place(ssrc, timestamp, marker, arrival) ?? arrival;
          expect(Math.abs(position - arrival)).toBeLessThanOrEqual(8001);
        }
      }),
    );
  });
});
