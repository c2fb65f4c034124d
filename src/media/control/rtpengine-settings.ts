import type { NgEncoding } from '../../wire/ng/message.ts';
import type { FleetSettings } from './fleet-settings.ts';
import type { IceTreatment } from './media-flags.ts';

/** How rtpengine is commanded. */
export interface RtpengineSettings extends FleetSettings {
  /** `bencode`. */
  readonly encoding?: NgEncoding | undefined;
  /** What becomes of ICE where neither flags nor words say; `remove`. */
  readonly ice?: IceTreatment | undefined;
  /** What errors say after which another relay is tried, beside {@link NO_ROOM}; without regard to case. */
  readonly elsewhere?: readonly string[] | undefined;
}

/** Errors that say that a relay has no room for a call. */
export const NO_ROOM: readonly string[] = [
  'Parallel session limit reached',
  'Ran out of ports',
  'CPU usage limit exceeded',
  'Load limit exceeded',
  'Bandwidth limit exceeded',
];
