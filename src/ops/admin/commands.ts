import { explain, explanationText } from '../../advertise/explain.ts';
import { ipFamily } from '../../base/ip.ts';
import { printedMediaText } from '../media-printed.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import type { Administered } from './administered.ts';
import { advertiseCommand } from './advertise-command.ts';
import { listenerRows } from './listener-rows.ts';
import { mediaCommand } from './media-command.ts';
import { registrationCommands } from './registration-commands.ts';
import { resolveCommands } from './resolve-command.ts';
import { scriptCommands } from './script-commands.ts';
import { spell } from './spell.ts';

/** The management commands of a running server. */
export function adminCommands(server: Administered): readonly AdminCommand[] {
  const commands: readonly AdminCommand[] = [
    {
      name: 'status',
      usage: '',
      summary: 'what runs, since when, and how much of it',
      run: () => status(server),
    },
    {
      name: 'listeners',
      usage: '',
      summary: 'the sockets, with what each prints inside and outside',
      run: () => listenerRows(server.advertise),
    },
    {
      name: 'statistics',
      usage: '[GROUP]',
      summary: 'counters since the start',
      run: ([group]) => statistics(server, group),
    },
    {
      name: 'workers',
      usage: '',
      summary: 'the threads that signal, and how busy they are',
      run: () => server.workerRows(),
    },
    ...registrationCommands(server),
    {
      name: 'explain',
      usage: 'ADDRESS',
      summary: 'what is printed to an address, and why',
      run: ([to]) => explained(server, to),
    },
    advertiseCommand(server),
    mediaCommand(server),
    ...resolveCommands(server),
    {
      name: 'reload',
      usage: '',
      summary: 'read configuration and routes again; open calls keep theirs',
      run: async () => (await server.reload()).join('\n') || 'nothing changed',
    },
    {
      name: 'stop',
      usage: '',
      summary: 'close down in order',
      run: () => {
        // After the answer has gone out.
        setImmediate(() => server.stop());
        return 'stopping';
      },
    },
    {
      name: 'help',
      usage: '',
      summary: 'this list',
      run: () =>
        [...commands, ...scriptCommands(server.script)].flatMap(({ name, usage, summary }) =>
          usage.split(' | ').map((way, index) => ({
            command: `${name} ${way}`.trim(),
            summary: index === 0 ? summary : '',
          })),
        ),
    },
  ];
  return commands;
}

async function status(server: Administered): Promise<Record<string, string | number>> {
  const { config, network, clock, startedAt } = server;
  return {
    version: server.version,
    node: process.version,
    pid: process.pid,
    uptime: spell(clock.now() - startedAt),
    workers: 1,
    listeners: network.listeners.length,
    connections: network.openConnections,
    registrations: await server.location.count(),
    memory: `${Math.round(process.memoryUsage.rss() / 1_048_576)} MB`,
    config: config.file ?? 'defaults',
    routes: config.routes ?? 'shipped',
    data: config.data,
    log: config.log.file,
  };
}

async function statistics(server: Administered, group: string | undefined): Promise<unknown> {
  const relay = await server.relayStatistics();
  const all: ReturnType<Administered['statistics']> = { ...server.statistics(), ...(relay && { relay }) };
  return statisticsOf(all, group);
}

/** As `statistics` answers: all counters as a list, or those of a group. */
export function statisticsOf(
  all: Readonly<Record<string, Readonly<Record<string, number>>>>,
  group: string | undefined,
): unknown {
  if (group === undefined) {
    return Object.entries(all).flatMap(([name, counters]) =>
      Object.entries(counters).map(([counter, value]) => ({ group: name, counter, value })),
    );
  }
  const counters = all[group];
  if (!counters)
    throw new CommandFault(`there is no group ${group}`, `one of ${Object.keys(all).join(', ')}`);
  return counters;
}

function explained(server: Administered, to: string | undefined): string {
  if (to === undefined || ipFamily(to) === 0) throw new CommandFault('an IP address is needed');
  const explanations = explain(server.advertise.policy, server.advertise.listeners, { to });
  if (explanations.length === 0) return `no listener reaches ${to}: none is of its address family`;
  const media = printedMediaText(server.config.media.relay, server.advertise, server.advertise.listeners, to);
  return [...explanations.map(explanationText), ...(media ? [media] : [])].join('\n\n');
}
