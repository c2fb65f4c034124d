import { hostname } from 'node:os';
import type { Alias } from '../../advertise/alias.ts';
import { ServerError } from '../../base/errors.ts';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import { isSecure } from '../../net/transport-name.ts';
import type { ServerWishes } from '../../script/opensips/frame/module.ts';
import type { LoadedScript } from '../../script/opensips/load-script.ts';
import { withDefaults } from './defaults.ts';
import type { ParsedConfig, ParsedListen } from './parsed-config.ts';
import type { ServerConfig } from './server-config.ts';

/** The largest request that goes by UDP: the script says by which transport, not the size. */
const ANY_DATAGRAM = 65_535;
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

/**
 * The configuration that the global part of a script, and the parameters of its modules, come to.
 * @param listen listeners of the command line, besides those of the script
 */
export function scriptConfig(
  loaded: LoadedScript,
  listen: readonly ListenSpec[],
  workingDirectory: string,
): ServerConfig {
  const { settings } = loaded;
  const { ports, tls, timers } = wishes(loaded);
  const written = [...withPorts(loaded, ports), ...listen];
  const wanted = written.map((spec): ParsedListen => {
    return isSecure(spec.transport) ? { ...spec, tls: tls?.(spec.host, spec.ports) } : spec;
  });
  const parsed: ParsedConfig = {
    listen: wanted.length > 0 ? wanted : defaultSockets(loaded),
    advertise: { address: settings.advertise },
    aliases: [...settings.aliases, ...autoAliases(settings.autoAliases)],
    limits: {
      connections: settings.maxConnections,
      idleConnection: settings.connectionLifetime && settings.connectionLifetime * 1000,
      datagramRequest: ANY_DATAGRAM,
    },
    // Whom to turn away is the script's to say.
    frontDoor: { scanners: 'off', rate: 'off' },
    nat: { keepAlive: 'off' },
    log: {
      level: levelOf(Math.max(settings.logLevel, settings.xlogLevel)),
      file: settings.stderr ? 'stdout' : undefined,
    },
    timers,
  };
  return { ...withDefaults(parsed, undefined, workingDirectory), file: loaded.file, script: loaded };
}

/** What the modules want of the server. */
function wishes(loaded: LoadedScript): Required<Pick<ServerWishes, 'timers' | 'ports'>> & ServerWishes {
  let timers = {};
  let ports: Ports = {};
  let tls: ServerWishes['tls'];
  for (const [i, module] of loaded.modules.entries()) {
    const wish = module.configure?.(loaded.parameters[i] as never);
    if (wish?.timers) timers = { ...timers, ...wish.timers };
    if (wish?.ports) ports = { ...ports, ...wish.ports };
    tls = wish?.tls ?? tls;
  }
  return { timers, ports, ...(tls && { tls }) };
}

type Ports = NonNullable<ServerWishes['ports']>;

/** The sockets of the script, with the ports of the modules where it writes none. */
function withPorts({ settings, script }: LoadedScript, ports: Ports): readonly ListenSpec[] {
  return settings.sockets.map((spec, i) => {
    const port = ports[spec.transport];
    const written = /:[\d,-]+$/.test(script.sockets[i]!.address.replace(/^[a-z]+:/, ''));
    return port === undefined || written ? spec : { ...spec, ports: [port] };
  });
}

/** OpenSIPS needs a socket; a script that has none is meant to get it from the command line. */
function defaultSockets({ modules }: LoadedScript): readonly ListenSpec[] {
  const transports = modules.flatMap(({ name }) => /^proto_(udp|tcp)$/.exec(name)?.[1] ?? []);
  const names = transports.length > 0 ? transports : ['udp'];
  return names.flatMap((transport) =>
    ['0.0.0.0', '[::]'].map((host) => {
      const result = parseListenSpec(`${transport}:${host}:5060`);
      if (!result.ok) throw new ServerError('CFG_INVALID', result.message);
      return result.spec;
    }),
  );
}

/** The name of this machine; addresses are not looked up backwards, for anybody can write names there. */
function autoAliases(wanted: boolean): readonly Alias[] {
  return wanted ? [{ transport: undefined, host: hostname(), port: undefined, acceptSubdomain: false }] : [];
}

function levelOf(level: number): (typeof LEVELS)[number] {
  return level < 0 ? 'error' : level <= 1 ? 'warn' : level <= 3 ? 'info' : 'debug';
}
