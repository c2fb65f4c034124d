import type { MediaStream } from './media-stream.ts';
import type { StreamSide } from './stream-side.ts';

/** Packets of RTP and RTCP alike, the others of RTP alone. */
export interface RelayTotals {
  received: number;
  /** Sent on to the other party. */
  relayed: number;
  dropped: number;
  /** Packets that parties sent, by their sequence numbers. */
  expected: number;
  /** Of these came. */
  unique: number;
  duplicates: number;
  malformed: number;
  /** Of streams whose packet time is changed (modifier `z`). */
  resizedIn: number;
  resizedOut: number;
  resizedLate: number;
}

/** Counted since the start; a medium of a call is what rtpproxy calls a session. */
export class RelayCounters {
  created = 0;
  destroyed = 0;
  timedOut = 0;
  /** Media whose both sides were opened. */
  complete = 0;
  /** Media that were not made, for there are too many. */
  refused = 0;
  /** Of media that were complete and are over: with packets of no party, and of one. */
  withoutRtp = 0;
  oneWayRtp = 0;
  withoutRtcp = 0;
  oneWayRtcp = 0;
  /** How long media that are over have lasted. */
  durationMs = 0;
  readonly #ended: RelayTotals = noTotals();

  ended(stream: MediaStream, now: number): void {
    this.destroyed++;
    this.durationMs += now - stream.startedAt;
    addStream(this.#ended, stream);
    if (!stream.complete) return;
    const rtp = stream.sides.filter(({ rtpCounters }) => rtpCounters.packetsIn > 0).length;
    const rtcp = stream.sides.filter(({ rtcpCounters }) => rtcpCounters.packetsIn > 0).length;
    if (rtp === 0) this.withoutRtp++;
    else if (rtp === 1) this.oneWayRtp++;
    if (rtcp === 0) this.withoutRtcp++;
    else if (rtcp === 1) this.oneWayRtcp++;
  }

  /** @param live the media that are not over */
  totals(live: Iterable<MediaStream>): RelayTotals {
    const totals = { ...this.#ended };
    for (const stream of live) addStream(totals, stream);
    return totals;
  }
}

function noTotals(): RelayTotals {
  return {
    received: 0,
    relayed: 0,
    dropped: 0,
    expected: 0,
    unique: 0,
    duplicates: 0,
    malformed: 0,
    resizedIn: 0,
    resizedOut: 0,
    resizedLate: 0,
  };
}

function addStream(totals: RelayTotals, { sides }: MediaStream): void {
  for (const side of sides) addSide(totals, side);
}

function addSide(totals: RelayTotals, side: StreamSide): void {
  const { malformed, strangers, watched, undeliverable } = side.dropped;
  for (const { packetsIn, packetsOut } of [side.rtpCounters, side.rtcpCounters]) {
    totals.received += packetsIn;
    totals.relayed += packetsOut;
  }
  totals.relayed -= side.played;
  totals.dropped += malformed + strangers + watched + undeliverable;
  totals.malformed += malformed;
  totals.resizedIn += side.resized.taken;
  totals.resizedOut += side.resized.made;
  totals.resizedLate += side.resized.discarded;
  const { received, duplicates, lost } = side.quality;
  totals.expected += received - duplicates + lost;
  totals.unique += received - duplicates;
  totals.duplicates += duplicates;
}
