import { formatHostPort } from '../../../base/ip.ts';
import type { OpenConnection } from '../../../net/network.ts';
import { CommandError, type CommandSpec, textParam } from '../frame/command.ts';
import type { CoreState } from './core-state.ts';

function connectionsOf({ context }: CoreState): readonly OpenConnection[] {
  return context.services.environment.network.connections?.() ?? [];
}

function remoteOf({ remoteAddress, remotePort }: OpenConnection): string {
  return formatHostPort(remoteAddress, remotePort);
}

/** Commands on connections. */
export const tcpCommands: Readonly<Record<string, CommandSpec<CoreState>>> = {
  'tcp:list': {
    describe: 'Lists the open connections: all, or those of one transport.',
    params: ['proto?'],
    aliases: ['list_tcp_conns'],
    run: (state, params) => {
      const proto = params.proto === undefined ? 'any' : textParam(params, 'proto').toLowerCase();
      if (!['any', 'tcp', 'tls', 'ws', 'wss'].includes(proto)) throw new CommandError(400, 'Bad protocol');
      const meant = connectionsOf(state).filter(({ transport }) => proto === 'any' || transport === proto);
      return {
        Connections: meant.map((connection) => ({
          ID: connection.connectionId,
          Type: connection.transport,
          State: 0,
          Remote: remoteOf(connection),
          Local: formatHostPort(connection.listener.address, connection.listener.port),
        })),
      };
    },
  },
  'tcp:close': {
    describe: 'Closes the connections with a remote `address:port`.',
    params: ['ipport'],
    run: (state, params) => {
      const remote = textParam(params, 'ipport');
      const meant = connectionsOf(state).filter((connection) => remoteOf(connection) === remote);
      if (meant.length === 0) throw new CommandError(404, 'Connection not found');
      for (const connection of meant) connection.close('closed by a command');
      return 'OK';
    },
  },
};
