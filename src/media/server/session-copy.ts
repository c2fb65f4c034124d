import type { SideTap } from '../relay/side-tap.ts';
import type { StreamSide } from '../relay/stream-side.ts';

/**
 * The `C` sub-command: what comes in on both sides of a medium is sent to the two parties of another one too, who stop
 * hearing each other (a recorder that takes the two streams of a call). It lasts until either medium ends.
 * @param source the side whose packets leave by `outgoing`; those of its other side leave by `incoming`
 * @returns false where the two are one medium
 */
export function copySession(source: StreamSide, incoming: StreamSide, outgoing: StreamSide): boolean {
  if (source.stream === incoming.stream) return false;
  const undo: (() => void)[] = [];
  const end = () => {
    for (const it of undo.splice(0)) it();
  };
  for (const [from, to] of [
    [source, outgoing],
    [source.other, incoming],
  ] as const) {
    const tap: SideTap = {
      wantsAll: true,
      rtp: (bytes) => void to.send(bytes),
      rtcp: (bytes) => void to.sendRtcp(bytes),
      closed: end,
    };
    undo.push(from.attach(tap), to.attach({ wantsAll: false, closed: end }), to.claim());
  }
  return true;
}
