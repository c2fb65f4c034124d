import type { MediaSession } from './media-session.ts';
import type { MediaStream } from './media-stream.ts';
import type { RelaySettings } from './relay-settings.ts';
import type { StreamSide } from './stream-side.ts';

/** @returns when the session ends if no packet comes any more, in ms of the clock */
export function endOfSilence(session: MediaSession, settings: RelaySettings): number {
  const streams = [...session.streams.values()];
  const ttl = defaultTtl(streams, settings);
  const ends = [0, 1].map((index) =>
    streams.reduce((latest, { sides }) => {
      const side = sides[index]!;
      const last = Math.max(session.touchedAt, heardAt(side) ?? 0);
      return Math.max(latest, last + (side.ttlMs ?? ttl));
    }, session.touchedAt),
  );
  return settings.silence === 'either' ? Math.min(...ends) : Math.max(...ends);
}

function defaultTtl(streams: readonly MediaStream[], settings: RelaySettings): number {
  if (!streams.some(({ complete }) => complete)) return settings.setupTtlMs;
  const held = streams.every(({ sides }) => sides.some(({ latch }) => latch.held));
  return held ? Math.max(settings.heldTtlMs, settings.ttlMs) : settings.ttlMs;
}

function heardAt({ heardAt: slow, rtpCounters }: StreamSide): number | undefined {
  const fast = rtpCounters.lastFast;
  return slow === undefined || (fast !== undefined && fast > slow) ? fast : slow;
}
