import type { NotifySocket } from '../../wire/rtpproxy/notification.ts';
import type { LinkPatience } from './control-link.ts';
import type { IceTreatment } from './media-flags.ts';
import type { NodeSetSpec } from './node-spec.ts';

/** How relays that speak rtpproxy's protocol are commanded. Defaults are those of OpenSIPS. */
export interface RtpproxySettings extends Partial<LinkPatience> {
  readonly sets: readonly NodeSetSpec[];
  /** `default_set`; 0. */
  readonly defaultSet?: number | undefined;
  /**
   * `rtpproxy_disable_tout` in milliseconds: how long a relay that failed is left alone; 60 s. `never`: until no other one
   * is left.
   */
  readonly disableMs?: number | 'never' | undefined;
  /** `rtpproxy_autobridge`: relays choose their address by the reader's. They do so anyway between IPv4 and IPv6. */
  readonly autobridge?: boolean | undefined;
  /** `nortpproxy_str` without its line end; `a=nortpproxy:yes`. '' sets and knows no mark. */
  readonly mark?: string | undefined;
  /** What becomes of ICE where the flags do not say; `remove`. */
  readonly ice?: IceTreatment | undefined;
  /** `rtpp_notify_socket`. */
  readonly notify?: NotifySettings | undefined;
}

export interface NotifySettings {
  /** Where to listen; undefined where something else does. */
  readonly listen?: NotifySocket | undefined;
  /** As relays are told it: `tcp:192.0.2.1:9999`, `unix:/run/notify.sock`, `tcp:%%CC_SELF%%:9999`. */
  readonly printed: string;
  /** Whether any user of this machine may write to a unix socket. */
  readonly anyUser?: boolean | undefined;
}

export const DEFAULT_PATIENCE: LinkPatience = { timeoutMs: 1000, tries: 5 };
export const DEFAULT_DISABLE_MS = 60_000;
export const DEFAULT_MARK = 'a=nortpproxy:yes';
