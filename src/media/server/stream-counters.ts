import type { Clock } from '../../base/clock.ts';
import type { QualityCounters } from '../relay/packet-path.ts';
import type { RelaySettings } from '../relay/relay-settings.ts';
import { endOfSilence } from '../relay/silence.ts';
import type { StreamSide } from '../relay/stream-side.ts';

/** RTP clock ticks in a millisecond: rtpproxy tells jitter in ticks, and sound on the telephone has 8000 a second. */
const TICKS = 8;

const QUALITY: Readonly<Record<string, (quality: QualityCounters) => string>> = {
  rtpa_nsent: ({ received, duplicates, lost }) => whole(received - duplicates + lost),
  rtpa_nrcvd: ({ received, duplicates }) => whole(received - duplicates),
  rtpa_ndups: ({ duplicates }) => whole(duplicates),
  rtpa_nlost: ({ lost }) => whole(lost),
  rtpa_jlast: ({ jitter }) => real(jitter * TICKS),
  rtpa_jmax: ({ largestJitter = 0 }) => real(largestJitter * TICKS),
  rtpa_javg: ({ averageJitter = 0 }) => real(averageJitter * TICKS),
  longest_ipi: ({ longestGapMs = 0 }) => real(longestGapMs / 1000),
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
      return whole(side.rtpCounters.packetsIn);
    case 'npkts_ino':
      return whole(side.other.rtpCounters.packetsIn);
    case 'nrelayed':
      return whole(relayed(side) + relayed(side.other));
    case 'rtpa_perrs':
      return whole(side.dropped.malformed);
    case 'ndropped':
      return whole(dropped(side) + dropped(side.other));
  }
  return Object.hasOwn(QUALITY, name) ? QUALITY[name]!(side.quality) : undefined;
}

function relayed(side: StreamSide): number {
  return Math.max(0, side.rtpCounters.packetsOut - side.played);
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
