import type { NetworkInterfaceInfo } from 'node:os';
import type { AdvertiseSnapshot } from '../advertise/advertise.ts';
import type { RememberedAddress } from '../advertise/remembered.ts';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { NonceCounts } from '../core/auth/nonce-counts.ts';
import type { SubscriberStore } from '../core/auth/subscriber-store.ts';
import type { LocationStore } from '../core/registrar/location-store.ts';
import type { DatagramPath } from '../net/datagram-path.ts';
import type { Listener } from '../net/listener.ts';
import type { WorkerPeers, WorkerPlace } from '../net/worker-place.ts';
import type { LogLevel } from '../ops/config/server-config.ts';
import type { OwnRelay } from './own-relay.ts';

/** What a signalling server finds around it: whatever a server has once, and what outlives it. */
export interface Surroundings {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** To be opened. */
  readonly listeners: readonly Listener[];
  readonly location: LocationStore;
  readonly subscribers: SubscriberStore;
  /** Secret; signs nonces and tags. */
  readonly key: Buffer;
  /** Different in every run of the server: connections of another one are gone. */
  readonly bootId: string;
  readonly loopSalt: string;
  /** What earlier runs printed. */
  readonly printed: AdvertiseSnapshot | undefined;
  readonly relay: OwnRelay | undefined;
  readonly log: { setLevel(level: LogLevel): void };
  /** Hears of printed addresses that are to be remembered. */
  readonly tellPrinted?: (address: RememberedAddress) => void;
  /** Where several workers signal, what they have of each other. */
  readonly workers?: WorkerSurroundings;
}

export interface WorkerSurroundings {
  readonly place: WorkerPlace;
  readonly peers: WorkerPeers;
  readonly nonceCounts: NonceCounts;
  readonly datagrams: DatagramPath;
}
