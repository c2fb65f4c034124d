import type { Advertise } from '../advertise/advertise.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';

export interface ServerOptions {
  readonly config: ServerConfig;
  /** Reads the configuration again, for a reload. Throws ServerError CFG_… where it is wrong. */
  readonly reread: () => Promise<ServerConfig>;
}

/** A server as whoever started it sees it. */
export interface RunningServer extends AsyncDisposable {
  readonly advertise: Advertise;
  /** Resolves when somebody has asked the server to stop; its owner then disposes of it. */
  readonly stopped: Promise<void>;
  /**
   * Reads configuration and routes again; who asks meanwhile waits.
   * @returns a line for each thing that changed, or that needs a restart
   * @throws ServerError CFG_… where something is wrong with them: then nothing changes
   */
  reload(): Promise<readonly string[]>;
  /** Opens the log anew, after it was moved away. */
  reopenLog(): void;
  stop(): void;
  /** Takes nothing new, waits for what is under way, and stops; after 30 s in any case. */
  drain(): Promise<void>;
}
