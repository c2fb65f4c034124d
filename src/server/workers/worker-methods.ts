import type { MessagePort } from 'node:worker_threads';
import type { AdvertiseSettings, AdvertiseSnapshot } from '../../advertise/advertise.ts';
import type { RememberedAddress } from '../../advertise/remembered.ts';
import type { Listener } from '../../net/listener.ts';
import type { WorkerPlace } from '../../net/worker-place.ts';
import type { CommandOutcome } from '../../ops/admin/command-table.ts';
import type { LogLevel } from '../../ops/config/server-config.ts';
import type { CounterGroup } from '../statistics.ts';
import type { Portable } from './portable.ts';
import type { PortableConfig } from './portable-config.ts';

/** What a worker begins with. */
export interface WorkerStart {
  readonly place: WorkerPlace;
  readonly config: PortableConfig;
  readonly bootId: string;
  readonly loopSalt: string;
  readonly hasRelay: boolean;
  /** Counts of nonces, which all workers share. */
  readonly nonces: SharedArrayBuffer;
  /** The lock of whoever writes bindings: one word in memory that all share. */
  readonly writing: Int32Array;
  readonly peers: readonly PeerPort[];
  readonly printed: AdvertiseSnapshot;
  readonly present: Present;
}

/** A line to another worker. */
export interface PeerPort {
  readonly index: number;
  readonly port: MessagePort;
}

/** What is open, and printed; an administrator may have changed it since the configuration was read. */
export interface Present {
  readonly listeners: readonly Listener[];
  readonly advertise: Portable<AdvertiseSettings>;
}

/** What the main thread asks of a worker. */
export interface WorkerMethods {
  /** Puts everything together; requests are handled from {@link open} on. */
  start(): Promise<{ readonly datagrams: string }>;
  open(): void;
  /** Another worker is there from now on, in place of any of that index before it. */
  attach(index: number, port: MessagePort): void;
  detach(index: number): void;
  run(method: string, params: readonly string[]): Promise<CommandOutcome>;
  statistics(): Readonly<Record<string, CounterGroup>>;
  present(): Present;
  /** @returns a line for each change. Rejects where nothing has changed */
  reload(config: PortableConfig): Promise<readonly string[]>;
  /** Takes nothing new, and waits for what is under way. */
  runDry(): Promise<void>;
  /** Another worker has printed this address. */
  learn(address: RememberedAddress): void;
  relayRestarted(): void;
  stop(): Promise<void>;
}

/** What a worker asks of the main thread. */
export interface MainMethods {
  log(level: LogLevel, fields: object, text: string): void;
  setLogLevel(level: LogLevel): void;
  /** A new port to the media relay. */
  relayPort(): Promise<MessagePort>;
  printed(address: RememberedAddress): void;
  reload(): Promise<readonly string[]>;
  stopServer(): void;
}
