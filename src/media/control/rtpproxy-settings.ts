import type { NotifySocket } from '../../wire/rtpproxy/notification.ts';
import type { FleetSettings } from './fleet-settings.ts';
import type { IceTreatment } from './media-flags.ts';

/** How relays that speak rtpproxy's protocol are commanded. */
export interface RtpproxySettings extends FleetSettings {
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

export const DEFAULT_MARK = 'a=nortpproxy:yes';
