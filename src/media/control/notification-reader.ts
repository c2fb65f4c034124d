import { eventKey } from '../../wire/rtp/telephone-event.ts';
import { parseNotification } from '../../wire/rtpproxy/notification.ts';
import type { MediaListener } from './media-control.ts';

/**
 * Tells a listener what a line from a relay says: `T` and a tag for media that stopped, `Dd` and a tag for a key.
 * @param node the relay's name, where it is known
 * @returns whether it was one of ours; `I` is, and says nothing
 */
export function readNotification(
  line: string,
  node: string | undefined,
  listener: MediaListener | undefined,
): boolean {
  const notification = parseNotification(line);
  if (!notification) return false;
  const { tag } = notification;
  if (notification.kind === 'timeout') {
    if (tag === 'I') return true;
    if (!tag.startsWith('T') || tag.length === 1) return false;
    listener?.mediaStopped(tag.slice(1), node);
    return true;
  }
  if (!tag.startsWith('Dd') || tag.length === 2) return false;
  const { event, volume, duration, stream } = notification;
  const party = stream === 0 ? 'offerer' : stream === 1 ? 'answerer' : undefined;
  const key = { key: eventKey(event) ?? String(event), volume, duration, party } as const;
  listener?.mediaKey(tag.slice(2), key, node);
  return true;
}
