import type { Alias } from '../../advertise/alias.ts';
import type { DestinationRule } from '../../advertise/networks.ts';
import type { Order } from '../../advertise/precedence.ts';
import type { Cidr } from '../../base/ip.ts';
import type { NodeSpec } from '../../media/control/node-spec.ts';
import type { ConnectionReuse } from '../../net/connections.ts';
import type { DatagramChoice } from '../../net/datagram-path.ts';
import type { ListenSpec } from '../../net/listen-spec.ts';
import type { AddressParts } from '../../net/listener.ts';
import type { CertificateFiles, TlsSettings } from '../../net/tls-settings.ts';
import type { AnchorPolicy } from '../../script/media/needs-relay.ts';
import type {
  AuthSettings,
  DnsCacheConfig,
  KeepAliveSettings,
  LimitSettings,
  LogSettings,
  MediaRelayConfig,
  OverloadConfig,
  QuarantineConfig,
  RateSettings,
  RegistrarSettings,
  TimerSettings,
} from './server-config.ts';
import type { WorkersWish } from './workers-value.ts';

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** `tls` of a file: paths as written. */
export type ParsedTls = Given<Omit<TlsSettings, 'certificate'> & CertificateFiles>;

export type ParsedListen = ListenSpec & { readonly tls?: ParsedTls | undefined };

/** `media` of a file: paths as written. */
export type ParsedMedia = Given<{
  anchor: AnchorPolicy;
  relay: 'off' | Given<MediaRelayConfig>;
  use: string;
  rtpproxy: ParsedRelays & Given<{ autobridge: boolean; notify: string; notifyOn: string }>;
  rtpengine: ParsedRelays;
}>;

type ParsedRelays = Given<{
  sets: Readonly<Record<string, readonly NodeSpec[]>>;
  timeout: number;
  retries: number;
  retryAfter: number;
}>;

/** What a file says, read and checked; nothing is filled in yet. */
export type ParsedConfig = Given<{
  listen: readonly ParsedListen[];
  tls: ParsedTls;
  webSocket: Given<{ origins: 'any' | readonly string[]; ping: number; pong: number }>;
  advertise: Given<{ address: AddressParts; to: readonly DestinationRule[]; compatibility: Order }>;
  networks: Given<{ inside: 'auto' | 'none' | readonly Cidr[] }>;
  aliases: readonly Alias[];
  domains: readonly string[];
  data: string;
  routes: string;
  datagrams: DatagramChoice;
  workers: WorkersWish;
  limits: Given<LimitSettings>;
  timers: Given<TimerSettings>;
  connectionReuse: ConnectionReuse;
  registrar: Given<Omit<RegistrarSettings, 'flowTimer'> & { flowTimer: 'off' | number }>;
  auth: Given<AuthSettings>;
  nat: Given<{ keepAlive: 'off' | Given<KeepAliveSettings> }>;
  dns: Given<{
    servers: readonly string[];
    timeout: number;
    deadline: number;
    cache: Given<DnsCacheConfig>;
    quarantine: Given<QuarantineConfig>;
  }>;
  frontDoor: Given<{
    trustInside: boolean;
    scanners: 'off' | readonly string[];
    rate: 'off' | Given<RateSettings>;
  }>;
  overload: 'off' | Given<OverloadConfig>;
  media: ParsedMedia;
  log: Given<LogSettings>;
}>;
