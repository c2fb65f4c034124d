import { hostname } from 'node:os';
import { parseAddressParts } from '../../advertise/advertised-address.ts';
import { type Alias, parseAlias } from '../../advertise/alias.ts';
import { ServerError } from '../../base/errors.ts';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import type { AddressParts } from '../../net/listener.ts';
import type { RawValue, SocketLine } from '../../script/opensips/language/ast.ts';
import type { LoadedScript } from '../../script/opensips/load-script.ts';
import { withDefaults } from './defaults.ts';
import { type Diagnostic, diagnosticsText } from './diagnostic.ts';
import type { ParsedConfig } from './parsed-config.ts';
import type { ServerConfig } from './server-config.ts';

/** The largest request that goes by UDP: the script says by which transport, not the size. */
const ANY_DATAGRAM = 65_535;
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

/**
 * The configuration that the global part of a script, and the parameters of its modules, come to.
 * @param listen listeners of the command line, besides those of the script
 * @throws ServerError CFG_INVALID with every fault and its place
 */
export function scriptConfig(
  loaded: LoadedScript,
  listen: readonly ListenSpec[],
  workingDirectory: string,
): ServerConfig {
  const faults = new Places(loaded);
  const { settings } = loaded;
  const sockets = settings.sockets.flatMap((line) => faults.socket(line));
  const wanted = [...sockets, ...listen];
  const aliases = settings.aliases.flatMap((value) => faults.alias(value));
  const parsed: ParsedConfig = {
    listen: wanted.length > 0 ? wanted : defaultSockets(loaded),
    advertise: { address: faults.global(settings.advertisedAddress, settings.advertisedPort) },
    aliases: [...aliases, ...settings.sockets.flatMap(subdomains), ...autoAliases(settings.autoAliases)],
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
    ...wishes(loaded),
  };
  faults.check();
  return { ...withDefaults(parsed, undefined, workingDirectory), file: loaded.file, script: loaded };
}

/** What the modules want of the server. */
function wishes(loaded: LoadedScript): ParsedConfig {
  let timers = {};
  let tls: ParsedConfig['tls'];
  for (const [i, module] of loaded.modules.entries()) {
    const wish = module.configure?.(loaded.parameters[i] as never);
    if (wish?.timers) timers = { ...timers, ...wish.timers };
    if (wish?.tls) tls = { ...tls, ...wish.tls };
  }
  return { timers, ...(tls && { tls }) };
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

function subdomains({ acceptSubdomain, advertised, address }: SocketLine): readonly Alias[] {
  if (!acceptSubdomain) return [];
  const host = (advertised ?? address.slice(address.indexOf(':') + 1)).replace(/:[\d,-]+$/, '');
  return [{ transport: undefined, host, port: undefined, acceptSubdomain: true }];
}

/** The name of this machine; addresses are not looked up backwards, for anybody can write names there. */
function autoAliases(wanted: boolean): readonly Alias[] {
  return wanted ? [{ transport: undefined, host: hostname(), port: undefined, acceptSubdomain: false }] : [];
}

function levelOf(level: number): (typeof LEVELS)[number] {
  return level < 0 ? 'error' : level <= 1 ? 'warn' : level <= 3 ? 'info' : 'debug';
}

/** Reads values of a script, and collects what is wrong with them. */
class Places {
  readonly #loaded: LoadedScript;
  readonly #faults: Diagnostic[] = [];

  constructor(loaded: LoadedScript) {
    this.#loaded = loaded;
  }

  socket(line: SocketLine): readonly ListenSpec[] {
    const { address, advertised, tag, start } = line;
    const as = advertised === undefined ? '' : ` as ${bracketed(advertised)}`;
    const result = parseListenSpec(`${address}${as}${tag === undefined ? '' : ` name ${tag}`}`);
    if (result.ok) return [result.spec];
    this.#fault(start, result.message, result.hint);
    return [];
  }

  alias({ text, start }: RawValue): readonly Alias[] {
    const result = parseAlias(text);
    if (result.ok) return [result.alias];
    this.#fault(start, result.reason);
    return [];
  }

  global(address: RawValue | undefined, port: number | undefined): AddressParts | undefined {
    if (address === undefined) return port === undefined ? undefined : { port };
    const result = parseAddressParts(bracketed(address.text));
    if (result.ok) return port === undefined ? result.parts : { ...result.parts, port };
    this.#fault(address.start, result.reason);
    return undefined;
  }

  #fault(start: number, message: string, hint?: string): void {
    const { source } = this.#loaded;
    this.#faults.push({
      ...source.place(start),
      text: source.lineAt(start),
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  check(): void {
    if (this.#faults.length > 0) throw new ServerError('CFG_INVALID', diagnosticsText(this.#faults));
  }
}

/** A bare IPv6 address gets its brackets. */
function bracketed(text: string): string {
  return /^[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*$/.test(text) ? `[${text}]` : text;
}
