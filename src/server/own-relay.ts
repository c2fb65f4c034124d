import type { OpenRelayPort } from '../media/control/port-link.ts';

/** The media relay in this process, wherever its thread hangs. */
export interface OwnRelay {
  /** Opens another port to it. */
  readonly connect: OpenRelayPort;
  /** Called when it has broken and is there again: it knows of no call. */
  restarted: (() => void) | undefined;
}
