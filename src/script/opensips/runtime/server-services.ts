import type { Advertise } from '../../../advertise/advertise.ts';
import type { Clock } from '../../../base/clock.ts';
import type { IdSource } from '../../../base/ids.ts';
import type { TimerWheel } from '../../../base/timer-wheel.ts';
import type { Authenticator } from '../../../core/auth/authenticator.ts';
import type { NonceCounts } from '../../../core/auth/nonce-counts.ts';
import type { SubscriberStore } from '../../../core/auth/subscriber-store.ts';
import type { Dialogs } from '../../../core/dialog/dialogs.ts';
import type { Proxy as SipProxy } from '../../../core/proxy/proxy.ts';
import type { ProxyEnvironment } from '../../../core/proxy/proxy-environment.ts';
import type { LocationStore } from '../../../core/registrar/location-store.ts';
import type { Registrar } from '../../../core/registrar/registrar.ts';
import type { UserAgentClient } from '../../../core/ua/user-agent-client.ts';
import type { OpenRelayPort } from '../../../media/control/port-link.ts';
import type { OpenDatagramIo } from '../../../net/datagram-io.ts';
import type { TransactionLayer } from '../../../transaction/transaction-layer.ts';
import type { Anchoring } from '../../media/anchoring.ts';
import type { MediaEnvironment } from '../../media/media-environment.ts';

/** What modules that relay media work on. */
export interface MediaServices {
  /** Of the calls that are anchored, and the relays of the configuration. */
  readonly anchoring: Anchoring;
  readonly environment: MediaEnvironment;
  /** Opens a line to the relay in this server, where there is one. */
  readonly openPort?: OpenRelayPort | undefined;
  /** How sockets for commands are opened, where it is not the system's way. */
  readonly openUdp?: OpenDatagramIo | undefined;
}

/** The server as a whole, for management commands. */
export interface ServerHandle {
  readonly version: string;
  /** Everything that is counted, by group and name. */
  statistics(): Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Reads configuration and script again. @throws ServerError CFG_… where something is wrong: then nothing changes */
  reload(): Promise<readonly string[]>;
  stop(): void;
  setLogLevel(level: 'debug' | 'info' | 'warn' | 'error'): void;
}

/**
 * What of the server the modules of a script may use. `server.ts` fills it; a module that needs more adds a field here
 * and there. Fields that a set-up may lack are optional.
 */
export interface ServerServices {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  readonly layer: TransactionLayer;
  /** Network, resolver, quarantine, proxy settings. */
  readonly environment: ProxyEnvironment;
  readonly advertise: Advertise;
  readonly proxy: SipProxy;
  readonly dialogs: Dialogs;
  readonly registrar: Registrar;
  readonly location: LocationStore;
  readonly subscribers: SubscriberStore;
  readonly authenticator: Authenticator;
  /** Requests of the server's own. */
  readonly client: UserAgentClient;
  /** Where several workers run the script, what their nonces have in common: a secret, and the uses that all count. */
  readonly nonces?: { readonly key: string; readonly counts: NonceCounts } | undefined;
  /** The realm where a script gives none. */
  readonly realm: string;
  /** Relays and the calls that use them; undefined in a set-up without media. */
  readonly media?: MediaServices | undefined;
  /** Undefined where no whole server is around. */
  readonly server?: ServerHandle | undefined;
  /** Absolute path of the data directory. */
  readonly data: string;
}
