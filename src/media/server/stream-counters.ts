import type { Clock } from '../../base/clock.ts';
import type { QualityCounters } from '../relay/packet-path.ts';
import type { RelaySettings } from '../relay/relay-settings.ts';
import { endOfSilence } from '../relay/silence.ts';
import type { StreamSide } from '../relay/stream-side.ts';

/** RTP clock ticks in a millisecond: rtpproxy tells jitter in ticks, and sound on the telephone has 8000 a second. */
const TICKS = 8;

const QUALITY: Readonly<Record<string, (side: StreamSide) => string>> = {
  rtpa_nsent: (side) => whole(sum(side, ({ received, duplicates, lost }) => received - duplicates + lost)),
  rtpa_nrcvd: (side) => whole(sum(side, ({ received, duplicates }) => received - duplicates)),
  rtpa_ndups: (side) => whole(sum(side, ({ duplicates }) => duplicates)),
  rtpa_nlost: (side) => whole(sum(side, ({ lost }) => lost)),
  rtpa_perrs: ({ dropped: { malformed } }) => whole(malformed),
  rtpa_jlast: (side) => real((fastQuality(side) ?? side.quality.counters()).jitter * TICKS),
  rtpa_jmax: ({ quality }) => real(quality.largestJitter * TICKS),
  rtpa_javg: ({ quality }) => real(quality.averageJitter * TICKS),
  longest_ipi: ({ quality }) => real(quality.longestGapMs / 1000),
};

/**
 * A counter of a medium as `Q` tells it.
 * @param side of the party whose packets are meant (`ina`); the other one's are `ino`
 * @returns undefined for a name that there is not
 */
export function streamCounter(
  name: string,
  side: StreamSide,
  settings: RelaySettings,
  clock: Clock,
): string | undefined {
  switch (name) {
    case 'ttl': {
      const left = endOfSilence(side.stream.session, settings) - clock.now();
      return whole(Math.max(0, Math.ceil(left / 1000)));
    }
    case 'npkts_ina':
      return whole(side.ports?.rtp.counters().packetsIn ?? 0);
    case 'npkts_ino':
      return whole(side.other.ports?.rtp.counters().packetsIn ?? 0);
    case 'nrelayed':
      return whole(relayed(side) + relayed(side.other));
    case 'ndropped':
      return whole(dropped(side) + dropped(side.other));
  }
  return Object.hasOwn(QUALITY, name) ? QUALITY[name]!(side) : undefined;
}

/** Of what came by the relay, and of what fast rules took. */
function sum(side: StreamSide, value: (counters: QualityCounters) => number): number {
  const fast = fastQuality(side);
  return value(side.quality.counters()) + (fast ? value(fast) : 0);
}

/** undefined where no fast rule took anything */
function fastQuality(side: StreamSide): QualityCounters | undefined {
  const counters = side.ports?.rtp.counters();
  return counters?.lastFast === undefined ? undefined : counters.quality;
}

function relayed(side: StreamSide): number {
  return Math.max(0, (side.ports?.rtp.counters().packetsOut ?? 0) - side.played);
}

function dropped({ dropped: { malformed, strangers, watched, undeliverable } }: StreamSide): number {
  return malformed + strangers + watched + undeliverable;
}

/** As rtpproxy prints counts. */
export function whole(count: number): string {
  return String(count);
}

/** As rtpproxy prints what is not counted: with six digits. */
export function real(value: number): string {
  return value.toFixed(6);
}
