import type { Alias } from '../../advertise/alias.ts';
import type { DestinationRule } from '../../advertise/networks.ts';
import type { Order } from '../../advertise/precedence.ts';
import type { Cidr } from '../../base/ip.ts';
import type { DatagramChoice } from '../../net/datagram-path.ts';
import type { ListenSpec } from '../../net/listen-spec.ts';
import type { AddressParts } from '../../net/listener.ts';
import type {
  AuthSettings,
  KeepAliveSettings,
  LimitSettings,
  LogSettings,
  RateSettings,
  RegistrarSettings,
  TimerSettings,
} from './server-config.ts';

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What a file says, read and checked; nothing is filled in yet. */
export type ParsedConfig = Given<{
  listen: readonly ListenSpec[];
  advertise: Given<{ address: AddressParts; to: readonly DestinationRule[]; compatibility: Order }>;
  networks: Given<{ inside: 'auto' | 'none' | readonly Cidr[] }>;
  aliases: readonly Alias[];
  domains: readonly string[];
  data: string;
  routes: string;
  datagrams: DatagramChoice;
  limits: Given<LimitSettings>;
  timers: Given<TimerSettings>;
  registrar: Given<RegistrarSettings>;
  auth: Given<AuthSettings>;
  nat: Given<{ keepAlive: 'off' | Given<KeepAliveSettings> }>;
  frontDoor: Given<{
    trustInside: boolean;
    scanners: 'off' | readonly string[];
    rate: 'off' | Given<RateSettings>;
  }>;
  log: Given<LogSettings>;
}>;
