import { ServerError } from '../base/errors.ts';
import type { Administered } from '../ops/admin/administered.ts';
import { VERSION } from '../ops/version.ts';
import type { ServerHandle } from '../script/opensips/runtime/server-services.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * The server as the management commands of a script see it.
 * @param server undefined as long as it starts
 */
export function serverHandle(server: () => Administered | undefined, log: Surroundings['log']): ServerHandle {
  return {
    version: VERSION,
    statistics: () => server()?.statistics() ?? {},
    reload: async () => {
      const found = server();
      if (found === undefined) throw new ServerError('ADMIN_UNAVAILABLE', 'the server has not started yet');
      return await found.reload();
    },
    stop: () => server()?.stop(),
    setLogLevel: (level) => log.setLevel(level),
  };
}
