import type { Advertise } from '../../advertise/advertise.ts';
import type { Clock } from '../../base/clock.ts';
import type { Dialogs } from '../../core/dialog/dialogs.ts';
import type { LocationStore, MaybePromise } from '../../core/registrar/location-store.ts';
import type { Registrar } from '../../core/registrar/registrar.ts';
import type { Quarantine } from '../../net/quarantine.ts';
import type { Resolver } from '../../net/resolver.ts';
import type { Sockets } from '../../net/sockets.ts';
import type { Anchoring } from '../../script/media/anchoring.ts';
import type { RunningProgram } from '../../script/opensips/runtime/running-program.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { WorkerRow } from './worker-row.ts';

/** The running server, as the management commands see it. */
export interface Administered {
  readonly version: string;
  readonly clock: Clock;
  /** What {@link Clock.now} said when it started. */
  readonly startedAt: number;
  /** Replaced by a reload. */
  readonly config: ServerConfig;
  readonly advertise: Advertise;
  readonly network: Sockets;
  readonly registrar: Registrar;
  readonly location: LocationStore;
  readonly resolver: Resolver;
  readonly quarantine: Quarantine;
  readonly dialogs: Dialogs;
  readonly media: Anchoring;
  /** The OpenSIPS script that runs, if one does; replaced by a reload. */
  readonly script: RunningProgram | undefined;
  /** Everything that is counted, by group and name. */
  statistics(): Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What the media relay in the server has counted; undefined where there is none. */
  relayStatistics(): Promise<Readonly<Record<string, number>> | undefined>;
  /**
   * Reads configuration and routes again; running transactions keep theirs.
   * @returns a line for each thing that changed, or that needs a restart
   * @throws ServerError CFG_… where something is wrong with them: then nothing changes
   */
  reload(): Promise<readonly string[]>;
  /** The threads that signal. */
  workerRows(): MaybePromise<readonly WorkerRow[]>;
  /** Closes down in order; the answer to the command is given first. */
  stop(): void;
}
