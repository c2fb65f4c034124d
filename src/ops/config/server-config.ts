import type { AdvertiseSettings } from '../../advertise/advertise.ts';
import type { DigestAlgorithm } from '../../core/auth/subscriber-store.ts';
import type { NodeSpec } from '../../media/control/node-spec.ts';
import type { ConnectionReuse } from '../../net/connections.ts';
import type { DatagramChoice } from '../../net/datagram-path.ts';
import type { ListenSpec } from '../../net/listen-spec.ts';
import type { TlsSettings } from '../../net/tls-settings.ts';
import type { WebSocketSettings } from '../../net/web-socket-settings.ts';
import type { AnchorPolicy } from '../../script/media/needs-relay.ts';
import type { LoadedScript } from '../../script/opensips/load-script.ts';
import type { MediaAddressSpec } from './media-address.ts';

/** Everything that can be configured, checked and with defaults filled in. Times are milliseconds. */
export interface ServerConfig {
  /** The file it came from, absolute; undefined where the defaults alone hold. */
  readonly file: string | undefined;
  readonly listen: readonly ListenSettings[];
  /** Undefined where there is no certificate. */
  readonly tls: TlsSettings | undefined;
  readonly webSocket: WebSocketSettings;
  readonly advertise: AdvertiseSettings;
  /** Absolute path of the data directory. */
  readonly data: string;
  /** Absolute path of the routes file; undefined for the shipped routes. */
  readonly routes: string | undefined;
  /** An OpenSIPS script that runs instead of routes, compiled; it is where the rest came from. */
  readonly script?: LoadedScript;
  readonly datagrams: DatagramChoice;
  /** How many threads signal, where nothing keeps them from it. */
  readonly workers: number;
  readonly limits: LimitSettings;
  readonly connectionReuse: ConnectionReuse;
  readonly timers: TimerSettings;
  readonly registrar: RegistrarSettings;
  readonly auth: AuthSettings;
  readonly nat: NatSettings;
  readonly dns: DnsConfig;
  readonly frontDoor: FrontDoorSettings;
  /** Undefined where nothing is refused for want of time. */
  readonly overload: OverloadConfig | undefined;
  readonly media: MediaConfig;
  readonly log: LogSettings;
}

export interface ListenSettings extends ListenSpec {
  /** Instead of those for all. */
  readonly tls?: TlsSettings | undefined;
}

export interface OverloadConfig {
  /** In ms. */
  readonly targetDelay: number;
}

export interface LimitSettings {
  /** Bytes of one message, header and body together. */
  readonly messageSize: number;
  /** Bytes of the start line and all header fields. */
  readonly headerSize: number;
  /** Header lines of one message. */
  readonly headers: number;
  readonly connections: number;
  readonly connectionsPerSource: number;
  readonly halfOpenConnections: number;
  readonly idleConnection: number;
  /** Bytes of the largest request that goes by UDP where TCP can be had. */
  readonly datagramRequest: number;
  readonly serverTransactions: number;
  readonly clientTransactions: number;
}

export interface TimerSettings {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
  readonly frTimeout: number;
  /** Until an INVITE goes to the next address, where there is one. */
  readonly nextHop: number;
  /** Undefined: timer C alone. */
  readonly frInvTimeout: number | undefined;
  readonly timerC: number;
}

/** Expiries in seconds, as the header fields carry them. */
export interface RegistrarSettings {
  readonly minExpires: number;
  readonly maxExpires: number;
  readonly defaultExpires: number;
  readonly maxContacts: number;
  /** What happens to one contact too many: 403, or it takes the place of the one written longest ago. */
  readonly whenFull: 'refuse' | 'replace-oldest';
  /** What becomes of a contact that is reached by its connection alone when that closes. */
  readonly onConnectionLost: 'remove' | 'keep';
  /** What Flow-Timer says, in seconds; undefined: nothing. */
  readonly flowTimer: number | undefined;
}

export interface AuthSettings {
  /** Undefined: the first domain. */
  readonly realm: string | undefined;
  readonly algorithms: readonly DigestAlgorithm[];
  /** How long a nonce is good for. */
  readonly nonceLife: number;
}

export interface NatSettings {
  /** Undefined: no keep-alives are sent. */
  readonly keepAlive: KeepAliveSettings | undefined;
}

export interface KeepAliveSettings {
  readonly interval: number;
  /** What a datagram contact gets; connections get a double CRLF. */
  readonly method: 'crlf' | 'zeros' | 'options';
  /** Unanswered OPTIONS after which a binding is removed. */
  readonly lost: number;
}

export interface DnsConfig {
  /** `address[:port]`; undefined: those of the system. */
  readonly servers: readonly string[] | undefined;
  readonly timeout: number;
  readonly deadline: number;
  readonly cache: DnsCacheConfig;
  readonly quarantine: QuarantineConfig;
}

export interface DnsCacheConfig {
  readonly longest: number;
  /** Of the answer that there is nothing. */
  readonly denial: number;
  readonly stale: number;
}

export interface QuarantineConfig {
  readonly first: number;
  readonly longest: number;
}

export interface FrontDoorSettings {
  /** Substrings of User-Agents that are dropped without an answer. */
  readonly scanners: readonly string[];
  /** Whether addresses of the inside networks are free of the limit. */
  readonly trustInside: boolean;
  /** Undefined: no limit. */
  readonly rate: RateSettings | undefined;
}

export interface RateSettings {
  /** Requests per second from one address, over time. */
  readonly perSecond: number;
  /** How many may come at once. */
  readonly burst: number;
}

export interface MediaConfig {
  /** What `call.anchorMedia()` means where a script says nothing. */
  readonly anchor: AnchorPolicy;
  /** The relay in this server; undefined where there is none. */
  readonly relay: MediaRelayConfig | undefined;
  /** The set that serves where a script names none; undefined: the own relay, else the first one. */
  readonly use: string | undefined;
  readonly rtpproxy: RtpproxyConfig;
  readonly rtpengine: RelaysConfig;
}

/** Relays that are commanded in one protocol. */
export interface RelaysConfig {
  readonly sets: readonly RelaySetConfig[];
  readonly timeout: number;
  /** How often a command is sent again. */
  readonly retries: number;
  readonly retryAfter: number;
}

export interface RtpproxyConfig extends RelaysConfig {
  /** Relays choose their address by the reader's. */
  readonly autobridge: boolean;
  /** Where relays tell what they have to tell, as they are told it; undefined: they tell nothing. */
  readonly notify: string | undefined;
  /** Where that is listened for; undefined: at {@link notify}. */
  readonly notifyOn: string | undefined;
}

export interface RelaySetConfig {
  readonly name: string;
  readonly nodes: readonly NodeSpec[];
}

export interface MediaRelayConfig {
  /** Undefined: those of the listeners. */
  readonly addresses: readonly MediaAddressSpec[] | undefined;
  /** Printed for media outside, whatever the listeners print; those of {@link addresses} go before it. */
  readonly advertise: readonly string[];
  readonly ports: { readonly min: number; readonly max: number } | readonly number[];
  readonly path: 'auto' | 'portable' | 'accelerated' | 'kernel';
  readonly timeout: number;
  readonly setupTimeout: number;
  readonly heldTimeout: number;
  readonly sessions: number;
  readonly learning: number;
  /** Absolute paths. */
  readonly recordings: string;
  readonly prompts: string;
  readonly capture: 'pcap' | 'rtpproxy' | 'none';
  readonly wav: boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogSettings {
  readonly level: LogLevel;
  /** Absolute path, or `stdout`. */
  readonly file: string;
}
