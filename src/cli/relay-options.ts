import { isIPv4 } from 'node:net';
import { DEFAULT_RECORDER_SETTINGS } from '../media/recorder/recorder.ts';
import type { PathChoice } from '../media/relay/choose-path.ts';
import type { MediaAddress } from '../media/relay/relay-settings.ts';
import { DEFAULT_RELAY_SETTINGS } from '../media/relay/relay-settings.ts';
import { CONTROL_PORT, type ControlAddress, parseControlAddress } from '../media/server/control-address.ts';
import { DEFAULT_TRAFFIC_CLASS, type RelayProgram } from '../media/server/relay-program.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { type AddressOptions, readAddresses } from './relay-addresses.ts';
import { LOG_LEVELS, type RelayLogLevel } from './relay-log.ts';

/** rtpproxy's options, as commander gives them. */
export interface RelayOptions {
  readonly l?: unknown;
  readonly s?: readonly string[];
  readonly A?: string;
  readonly m?: string;
  readonly M?: string;
  readonly T?: string;
  readonly W?: string;
  readonly L?: string;
  readonly r?: string;
  readonly S?: string;
  readonly R?: true;
  readonly P?: true;
  readonly a?: true;
  readonly i?: true;
  readonly F?: true;
  readonly f?: true;
  readonly d?: string;
  readonly n?: readonly string[];
  readonly u?: string;
  readonly w?: string;
  readonly p?: string;
  readonly t?: string;
  readonly c?: string;
  readonly b?: true;
  readonly 2?: true;
  readonly D?: true;
  readonly v?: true;
  readonly V?: true;
  readonly C?: true;
  readonly bridge_symmetric?: true;
  readonly force_asymmetric?: true;
  readonly no_resolve?: true;
  readonly no_redirect?: true;
  readonly overload_prot?: string | true;
  readonly nice?: string;
  readonly dso?: readonly string[];
  readonly config?: string;
  readonly ports?: string;
  readonly path?: string;
  readonly prompts?: string;
  readonly wav?: true;
  readonly maxSessions?: string;
}

/** What `viaduct relay` shall do. */
export interface RelayOrders {
  readonly program: RelayProgram;
  readonly doors: readonly ControlAddress[];
  /** Of unix sockets, as chmod takes it. */
  readonly socketMode: number | undefined;
  readonly user: { readonly user: string | undefined; readonly group: string | undefined } | undefined;
  readonly pidFile: string | undefined;
  readonly niceness: number | undefined;
  readonly logLevel: RelayLogLevel;
  /** What of the options does nothing here, and what may surprise. */
  readonly notices: readonly string[];
}

/** Descriptors of a medium: RTP and RTCP on both sides, and of RTP a connected one each where a thread forwards it. */
const DESCRIPTORS = 6;
/** For sockets of controllers, files and Node itself. */
const SPARE_DESCRIPTORS = 200;

/**
 * @param openFiles how many files the process may open; undefined where there is no telling
 * @throws CommandFault, ServerError NET_BAD_CONTROL_SOCKET
 */
export async function relayOrders(
  options: RelayOptions,
  listen: AddressOptions['listen'],
  openFiles: number | undefined,
): Promise<RelayOrders> {
  const notices: string[] = [];
  const addresses = await readAddresses({ listen, advertised: options.A, resolve: !options.no_resolve });
  const ttl = integer('-T', options.T ?? '60', 1, 1_000_000) * 1000;
  const setupTtl = options.W === undefined ? undefined : integer('-W', options.W, 1, 1_000_000) * 1000;
  if (options.S !== undefined && options.r === undefined) {
    throw new CommandFault(
      '-S is the spool of recordings, and there are none without -r',
      '-r /var/spool/calls',
    );
  }
  const level = options.d === undefined ? 'info' : logLevel(options.d, notices);
  noteIgnored(options, notices);
  return {
    program: {
      relay: {
        ...DEFAULT_RELAY_SETTINGS,
        addresses,
        ports: ports(options),
        ttlMs: ttl,
        setupTtlMs: setupTtl ?? Math.max(ttl, DEFAULT_RELAY_SETTINGS.setupTtlMs),
        silence: options.i ? 'either' : 'both',
        maxSessions: maxSessions(options, openFiles, notices),
        asymmetric: isAsymmetric(options, addresses),
      },
      path: pathOf(options.path),
      trafficClass: trafficClass(options.t),
      notifySockets: options.n ?? [],
      recordsAll: options.a === true,
      logsCommands: level === 'debug',
      sound: {
        recordings: {
          ...DEFAULT_RECORDER_SETTINGS,
          folders: options.r === undefined ? undefined : { directory: options.r, spool: options.S },
          capture: options.P ? 'pcap' : 'rtpproxy',
          rtcp: !options.R,
          wav: options.wav === true,
        },
        prompts: { directory: options.prompts },
      },
    },
    doors: (options.s ?? [`udp:127.0.0.1:${CONTROL_PORT}`]).map(parseControlAddress),
    socketMode: options.w === undefined ? undefined : octal(options.w),
    user: options.u === undefined ? undefined : userOf(options.u),
    pidFile: options.p === '/dev/null' ? undefined : options.p,
    niceness: options.nice === undefined ? undefined : integer('--nice', options.nice, -20, 19),
    logLevel: level,
    notices,
  };
}

/** Whether commands may come from other machines: then whoever reaches the port commands the relay. */
export function isRemote(door: ControlAddress): boolean {
  if (!('host' in door)) return false;
  const { host } = door;
  return host !== 'localhost' && host !== '::1' && !(isIPv4(host) && host.startsWith('127.'));
}

function isAsymmetric(options: RelayOptions, addresses: readonly MediaAddress[]): boolean {
  if (options.force_asymmetric) return true;
  // As rtpproxy has it: a bridge joins networks, in which nobody sits behind a NAT.
  return addresses.some(({ role }) => role !== undefined) && !options.bridge_symmetric;
}

function ports({ m, M, ports: list }: RelayOptions): RelayProgram['relay']['ports'] {
  if (list === undefined) {
    const min = integer('-m', m ?? '35000', 1, 65_535);
    const max = integer('-M', M ?? '65000', 1, 65_535);
    if (min + (min % 2) >= max)
      throw new CommandFault(`-m ${min} -M ${max}: no even port with its odd neighbour`);
    return { min, max };
  }
  if (m !== undefined || M !== undefined) throw new CommandFault('--ports takes the place of -m and -M');
  const all = list.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-', 2);
    const from = integer('--ports', first, 1, 65_535);
    const to = integer('--ports', last, from, 65_535);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  if (!all.some((port) => port % 2 === 0 && all.includes(port + 1))) {
    throw new CommandFault(`--ports ${list}: no even port with its odd neighbour`, '--ports 40000-40009');
  }
  return all;
}

function maxSessions(
  { maxSessions: given, L }: RelayOptions,
  openFiles: number | undefined,
  notices: string[],
): number {
  const limit = openFiles ?? Number.MAX_SAFE_INTEGER;
  if (L !== undefined) {
    const wanted = integer('-L', L, 1, Number.MAX_SAFE_INTEGER);
    if (wanted > limit) {
      notices.push(
        `-L ${wanted}: this process may open ${limit} files: raise ulimit -n, or LimitNOFILE= of systemd`,
      );
    }
  }
  const most =
    given === undefined ? DEFAULT_RELAY_SETTINGS.maxSessions : integer('--max-sessions', given, 1, 1_000_000);
  const possible = Math.max(1, Math.floor((limit - SPARE_DESCRIPTORS) / DESCRIPTORS));
  if (most <= possible) return most;
  notices.push(`${possible} sessions at a time, for this process may open ${limit} files: raise ulimit -n`);
  return possible;
}

function pathOf(text = 'auto'): PathChoice {
  const known: readonly PathChoice[] = ['auto', 'portable', 'accelerated', 'kernel'];
  const found = known.find((it) => it === text);
  if (!found) throw new CommandFault(`--path ${text}: there is no such path`, `one of ${known.join(', ')}`);
  return found;
}

/** -1 leaves it to the system. */
function trafficClass(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TRAFFIC_CLASS;
  return Math.max(0, integer('-t', text, -1, 255));
}

function logLevel(text: string, notices: string[]): RelayLogLevel {
  const [name = '', facility] = text.split(':', 2);
  const level = LOG_LEVELS[name.toUpperCase()];
  if (!level) {
    throw new CommandFault(
      `-d ${text}: there is no such level`,
      `one of ${Object.keys(LOG_LEVELS).join(', ')}`,
    );
  }
  if (facility !== undefined) {
    notices.push(`-d ${text}: lines go to the standard error, not to a facility of syslog`);
  }
  return level;
}

function userOf(text: string): RelayOrders['user'] {
  const [user = '', group] = text.split(':', 2);
  if (user === '' && !group)
    throw new CommandFault(`-u ${text}: neither a user nor a group`, '-u relay:relay');
  return { user: user === '' ? undefined : user, group: group === '' ? undefined : group };
}

function octal(text: string): number {
  if (!/^[0-7]{1,5}$/.test(text))
    throw new CommandFault(`-w ${text}: no access mode`, 'as for chmod: -w 0660');
  return Number.parseInt(text, 8);
}

function integer(option: string, text: string, least: number, most: number): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = most < 1_000_000 ? ` from ${least} to ${most}` : '';
  throw new CommandFault(`${option} ${text}: not a number${range}`);
}

/** Options of rtpproxy that have no meaning here, in words for whoever gave them. */
function noteIgnored(options: RelayOptions, notices: string[]): void {
  const ignored: readonly (readonly [boolean, string])[] = [
    [
      options.c !== undefined,
      '-c: scheduling is up to the system: see chrt(1), or CPUSchedulingPolicy= of systemd',
    ],
    [options.b === true, '-b: ports are taken at random, so that nobody can tell those of the next call'],
    [options[2] === true, '-2: packets are sent once'],
    [
      options.overload_prot !== undefined,
      '--overload_prot: sessions are refused with E98 when there are too many',
    ],
    [options.config !== undefined, `--config ${options.config}: the file is not read`],
  ];
  for (const [isGiven, text] of ignored) if (isGiven) notices.push(text);
  for (const module of options.dso ?? []) {
    const isBuiltIn = module.includes('catch_dtmf');
    notices.push(
      `--dso ${module}: ${isBuiltIn ? 'keys are heard without a module' : 'modules are not loaded'}`,
    );
  }
}
