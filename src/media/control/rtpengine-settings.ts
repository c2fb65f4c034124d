import type { NgEncoding } from '../../wire/ng/message.ts';
import type { LinkPatience } from './control-link.ts';
import type { IceTreatment } from './media-flags.ts';
import type { NodeSetSpec } from './node-spec.ts';

/** How rtpengine is commanded. Defaults are those of OpenSIPS. */
export interface RtpengineSettings extends Partial<LinkPatience> {
  readonly sets: readonly NodeSetSpec[];
  /** 0. */
  readonly defaultSet?: number | undefined;
  /** `rtpengine_disable_tout` in milliseconds; 60 s. `never`: until no other one is left. */
  readonly disableMs?: number | 'never' | undefined;
  /** `bencode`. */
  readonly encoding?: NgEncoding | undefined;
  /** What becomes of ICE where neither flags nor words say; `remove`. */
  readonly ice?: IceTreatment | undefined;
  /** Words of errors after which another relay is tried, beside {@link NO_ROOM}; compared without regard to case. */
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
