import type { MediaFlags } from '../../media/control/media-flags.ts';
import type { PressedKey } from '../api/media.ts';
import type { AnchorPolicy } from './needs-relay.ts';
import type { RelaySet } from './relay-sets.ts';

/** How the media of one call are taken through a relay; checked. */
export interface AnchorSettings {
  readonly relay: RelaySet;
  readonly policy: AnchorPolicy;
  /** The one relay that may have it, by its name. */
  readonly pin: string | undefined;
  /** An IP address that both parties are told, whatever the precedence says. */
  readonly address: string | undefined;
  readonly flags: MediaFlags;
  /** What becomes of a call for which no relay can be had: it is refused, or goes on with its media as they are. */
  readonly without: 'refuse' | 'pass';
  /** Recorded from the answer on. */
  readonly record: boolean;
  readonly onKey: ((key: PressedKey) => void) | undefined;
  /** Instead of ending the call when no more media come. */
  readonly onTimeout: (() => void) | undefined;
}
