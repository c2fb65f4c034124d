import type { Clock } from '../../../base/clock.ts';
import { type StreamKey as CommandKey, type RemoteMedia, splitTag } from '../../../wire/rtpproxy/command.ts';
import type { MediaSession } from '../../relay/media-session.ts';
import type { Endpoint } from '../../relay/packet-path.ts';
import type { Relay } from '../../relay/relay.ts';
import type { StreamKey } from '../../relay/update.ts';
import type { Notifier, NotifyTarget } from '../notifier.ts';
import type { SoundPorts } from '../sound-ports.ts';

/** Who is told of a session, and by which word. */
export interface Told {
  readonly target: NotifyTarget;
  readonly tag: string;
}

/** What commands work on. */
export interface CommandContext {
  readonly relay: Relay;
  readonly notifier: Notifier;
  readonly sound: SoundPorts;
  readonly clock: Clock;
  readonly told: WeakMap<MediaSession, Told>;
  /** rtpproxy's `-a`: everything is recorded. */
  readonly recordsAll: boolean;
}

/** @returns the streams that a command names, with the medium's number taken off the tags */
export function keyOf({ callId, fromTag, toTag }: CommandKey): StreamKey {
  const from = splitTag(fromTag);
  const to = toTag === undefined ? undefined : splitTag(toTag);
  return { callId, fromTag: from.tag, toTag: to?.tag, media: from.media ?? to?.media };
}

/** An address that a command says nothing of is left as it was. */
export function remoteOf({ address, port }: RemoteMedia): Endpoint | undefined {
  return address === undefined ? undefined : { address, port };
}
