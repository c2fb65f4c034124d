import type { Advertise } from '../../../advertise/advertise.ts';
import type { Clock } from '../../../base/clock.ts';
import type { IdSource } from '../../../base/ids.ts';
import type { TimerWheel } from '../../../base/timer-wheel.ts';
import type { Authenticator } from '../../../core/auth/authenticator.ts';
import type { SubscriberStore } from '../../../core/auth/subscriber-store.ts';
import type { Dialogs } from '../../../core/dialog/dialogs.ts';
import type { Proxy as SipProxy } from '../../../core/proxy/proxy.ts';
import type { ProxyEnvironment } from '../../../core/proxy/proxy-environment.ts';
import type { LocationStore } from '../../../core/registrar/location-store.ts';
import type { Registrar } from '../../../core/registrar/registrar.ts';
import type { UserAgentClient } from '../../../core/ua/user-agent-client.ts';
import type { TransactionLayer } from '../../../transaction/transaction-layer.ts';

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
  /** The realm where a script gives none. */
  readonly realm: string;
  /** Absolute path of the data directory. */
  readonly data: string;
}
