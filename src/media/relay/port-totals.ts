import type { MediaPort, PortCounters, QualityCounters } from './packet-path.ts';

const NOTHING: PortCounters = {
  packetsIn: 0,
  octetsIn: 0,
  packetsOut: 0,
  octetsOut: 0,
  failed: 0,
  lastFast: undefined,
};

/** What a side's port has counted, together with the ports that were in its place before. */
export class PortTotals {
  #past = NOTHING;

  /** The port is not the side's any more. */
  retire(port: MediaPort): void {
    this.#past = this.with(port);
  }

  with(port: MediaPort | undefined): PortCounters {
    return port ? sum(this.#past, port.counters()) : this.#past;
  }
}

function sum(past: PortCounters, now: PortCounters): PortCounters {
  return {
    packetsIn: past.packetsIn + now.packetsIn,
    octetsIn: past.octetsIn + now.octetsIn,
    packetsOut: past.packetsOut + now.packetsOut,
    octetsOut: past.octetsOut + now.octetsOut,
    failed: past.failed + now.failed,
    lastFast: now.lastFast ?? past.lastFast,
    quality:
      past.quality && now.quality ? sumOfQuality(past.quality, now.quality) : (now.quality ?? past.quality),
  };
}

/** @param now of which the last estimate of jitter holds */
export function sumOfQuality(past: QualityCounters, now: QualityCounters): QualityCounters {
  const received = past.received + now.received;
  const average = (it: QualityCounters) => (it.averageJitter ?? it.jitter) * it.received;
  return {
    received,
    duplicates: past.duplicates + now.duplicates,
    lost: past.lost + now.lost,
    jitter: now.jitter,
    largestJitter: Math.max(past.largestJitter ?? past.jitter, now.largestJitter ?? now.jitter),
    averageJitter: received === 0 ? 0 : (average(past) + average(now)) / received,
    longestGapMs: Math.max(past.longestGapMs ?? 0, now.longestGapMs ?? 0),
  };
}
