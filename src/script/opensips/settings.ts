import { parseAddressParts } from '../../advertise/advertised-address.ts';
import { type Alias, parseAlias } from '../../advertise/alias.ts';
import { nearest } from '../../base/nearest.ts';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import type { AddressParts } from '../../net/listener.ts';
import type { CodeSettings } from './compile/statement-compiler.ts';
import { KNOWN_SETTINGS, type KnownSetting } from './known-settings.ts';
import type { RawValue, Script, Setting, SocketLine } from './language/ast.ts';
import type { Faults } from './language/faults.ts';

/** What the global part of a script says, checked. */
export interface ScriptSettings extends CodeSettings {
  readonly sockets: readonly ListenSpec[];
  /** Those of `alias`, and of sockets that accept subdomains. */
  readonly aliases: readonly Alias[];
  /** Names of the addresses that are listened on become aliases. */
  readonly autoAliases: boolean;
  readonly advertise: AddressParts | undefined;
  readonly mhomed: boolean;
  /** From -3 (alert) to 4 (debug). */
  readonly logLevel: number;
  readonly xlogLevel: number;
  /** `stderror_enabled`; undefined where nothing is said. */
  readonly stderr: boolean | undefined;
  /** Written into answers and requests of the server's own; undefined for none. */
  readonly serverHeader: string | undefined;
  readonly userAgentHeader: string | undefined;
  readonly maxConnections: number | undefined;
  /** Seconds. */
  readonly connectionLifetime: number | undefined;
  readonly dbDefaultUrl: string | undefined;
  readonly abortOnAssert: boolean;
}

/** Checks the settings of a script; everything wrong is told to `faults`. */
export function readSettings(script: Script, faults: Faults): ScriptSettings {
  const reader = new Reader(script.settings, faults);
  const debug = reader.flag('debug_mode') === true;
  const signature = reader.flag('server_signature') !== false;
  const logLevel = debug ? 4 : (reader.int('log_level') ?? 2);
  return {
    sockets: script.sockets.flatMap((line) => socket(line, faults)),
    aliases: [
      ...script.aliases.flatMap((value) => alias(value, faults)),
      ...script.sockets.flatMap(subdomains),
    ],
    autoAliases: reader.flag('auto_aliases') ?? false,
    advertise: advertised(reader.raw('advertised_address'), reader.raw('advertised_port'), faults),
    mhomed: reader.flag('mhomed') ?? false,
    logLevel,
    xlogLevel: reader.int('xlog_level') ?? 2,
    stderr: debug ? true : reader.flag('stderror_enabled'),
    serverHeader: signature ? reader.text('server_header') : undefined,
    userAgentHeader: reader.text('user_agent_header'),
    maxConnections: reader.int('tcp_max_connections'),
    connectionLifetime: reader.int('tcp_connection_lifetime'),
    dbDefaultUrl: reader.text('db_default_url'),
    maxWhileLoops: reader.int('max_while_loops') ?? 10_000,
    asserts: reader.flag('enable_asserts') ?? false,
    abortOnAssert: reader.flag('abort_on_assert') ?? false,
  };
}

class Reader {
  readonly #values = new Map<string, Setting>();
  readonly #faults: Faults;

  constructor(settings: readonly Setting[], faults: Faults) {
    this.#faults = faults;
    for (const setting of settings) this.#take(setting);
  }

  #take(setting: Setting): void {
    const { name, start } = setting;
    const known = Object.hasOwn(KNOWN_SETTINGS, name) ? KNOWN_SETTINGS[name] : undefined;
    if (known === undefined) {
      const near = nearest(name, Object.keys(KNOWN_SETTINGS));
      this.#faults.error(start, `there is no setting ${name}`, near && `did you mean ${near}?`);
      return;
    }
    if (known.older !== undefined) this.#faults.notice(start, `${name} is an older setting`, known.older);
    else if (known.noEffect !== undefined) {
      this.#faults.notice(start, `${name} has no effect: ${known.noEffect}`);
    }
    const wrong = kindFault(setting, known);
    if (wrong !== undefined) this.#faults.error(setting.valueStart, `${name}: ${wrong}`);
    else this.#values.set(known.means ?? name, setting);
  }

  int(name: string): number | undefined {
    const value = this.#values.get(name)?.value;
    return typeof value === 'number' ? value : value === undefined ? undefined : Number(value);
  }

  flag(name: string): boolean | undefined {
    const value = this.int(name);
    return value === undefined ? undefined : value !== 0;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.value;
    return value === undefined ? undefined : String(value);
  }

  raw(name: string): RawValue | undefined {
    const setting = this.#values.get(name);
    return setting && { text: String(setting.value), start: setting.valueStart };
  }
}

function kindFault({ value, quoted }: Setting, { kind }: KnownSetting): string | undefined {
  switch (kind) {
    case 'number':
      return typeof value === 'number' || /^-?\d+$/.test(value) ? undefined : 'a number is needed here';
    case 'flag':
      return typeof value === 'number' ? undefined : 'yes or no is needed here';
    case 'text':
      return typeof value === 'string' && quoted ? undefined : 'a string in quotes is needed here';
    default:
      return undefined;
  }
}

function socket({ address, advertised, tag, start }: SocketLine, faults: Faults): readonly ListenSpec[] {
  const as = advertised === undefined ? '' : ` as ${bracketed(advertised)}`;
  const result = parseListenSpec(`${address}${as}${tag === undefined ? '' : ` name ${tag}`}`);
  if (result.ok) return [result.spec];
  faults.error(start, result.message, result.hint);
  return [];
}

function alias({ text, start }: RawValue, faults: Faults): readonly Alias[] {
  const result = parseAlias(text);
  if (result.ok) return [result.alias];
  faults.error(start, result.reason);
  return [];
}

function subdomains({ acceptSubdomain, advertised, address }: SocketLine): readonly Alias[] {
  if (!acceptSubdomain) return [];
  const host = (advertised ?? address.slice(address.indexOf(':') + 1)).replace(/:[\d,-]+$/, '');
  return [{ transport: undefined, host, port: undefined, acceptSubdomain: true }];
}

function advertised(
  address: RawValue | undefined,
  port: RawValue | undefined,
  faults: Faults,
): AddressParts | undefined {
  const portPart = port && { port: Number(port.text) };
  if (portPart && !(portPart.port > 0 && portPart.port < 65_536)) {
    faults.error(port.start, `advertised_port: ${port.text} is no port`, 'ports go from 1 to 65535');
  }
  if (address === undefined) return portPart;
  const result = parseAddressParts(bracketed(address.text));
  if (result.ok) return { ...result.parts, ...portPart };
  faults.error(address.start, result.reason);
  return undefined;
}

/** A bare IPv6 address gets its brackets. */
function bracketed(text: string): string {
  return /^[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*$/.test(text) ? `[${text}]` : text;
}
