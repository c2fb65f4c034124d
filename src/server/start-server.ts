import { logLine } from '../base/channels.ts';
import { Server } from '../server.ts';
import type { RunningServer, ServerOptions } from './running-server.ts';
import { decideWorkers } from './workers/decide-workers.ts';
import { Supervisor } from './workers/supervisor.ts';

/**
 * Starts a server with as many workers as its configuration wishes and allows.
 * @returns it, and a notice for people where there are fewer
 * @throws ServerError with what keeps it from starting
 */
export async function startServer(
  options: ServerOptions,
): Promise<{ readonly server: RunningServer; readonly notice: string | undefined }> {
  const { count, notice } = decideWorkers(options.config);
  const server = count === 1 ? await Server.start(options) : await Supervisor.start(options, count);
  if (notice !== undefined) logLine('warn', 'workers', notice);
  return { server, notice };
}
