import { dirname, join, resolve } from 'node:path';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import type { ParsedConfig } from './parsed-config.ts';
import type { KeepAliveSettings, RateSettings, ServerConfig } from './server-config.ts';

/** What holds where nothing is configured: the spelling is that of the file, so that documents can print it. */
export const DEFAULT_LISTEN: readonly string[] = [
  'udp:0.0.0.0:5060',
  'tcp:0.0.0.0:5060',
  'udp:[::]:5060',
  'tcp:[::]:5060',
];

const KEEP_ALIVE: KeepAliveSettings = { interval: 25_000, method: 'crlf', lost: 3 };
const RATE: RateSettings = { perSecond: 500, burst: 2_000 };

/** The tools that look for open servers, by what they call themselves. */
export const SCANNERS: readonly string[] = [
  'friendly-scanner',
  'friendly-request',
  'sipvicious',
  'sipcli',
  'sipsak',
  'sundayddr',
  'pplsip',
  'iwar',
  'sip-scan',
  'sipscan',
  'smap',
  'vaxsipuseragent',
  'vax-sip-useragent',
];

/**
 * Fills in what a file leaves out.
 * @param file the absolute path of the file: paths in it are relative to where it stands
 * @param workingDirectory what paths are relative to where there is no file
 */
export function withDefaults(
  parsed: ParsedConfig,
  file: string | undefined,
  workingDirectory: string,
): ServerConfig {
  const base = file === undefined ? workingDirectory : dirname(file);
  const data = resolve(base, parsed.data ?? 'viaduct-data');
  const { advertise = {}, limits = {}, timers = {}, registrar = {}, auth = {}, log = {} } = parsed;
  const inside = parsed.networks?.inside ?? 'auto';
  return {
    file,
    listen: parsed.listen ?? DEFAULT_LISTEN.map(defaultListener),
    advertise: {
      global: advertise.address,
      inside: inside === 'auto' ? undefined : inside === 'none' ? [] : inside,
      rules: advertise.to ?? [],
      aliases: parsed.aliases ?? [],
      domains: parsed.domains ?? [],
      compatibility: advertise.compatibility ?? 'viaduct',
    },
    data,
    routes: parsed.routes === undefined ? undefined : resolve(base, parsed.routes),
    limits: {
      messageSize: limits.messageSize ?? 65_536,
      headerSize: limits.headerSize ?? 32_768,
      headers: limits.headers ?? 512,
      connections: limits.connections ?? 10_000,
      connectionsPerSource: limits.connectionsPerSource ?? 512,
      halfOpenConnections: limits.halfOpenConnections ?? 256,
      idleConnection: limits.idleConnection ?? 4_000_000,
      serverTransactions: limits.serverTransactions ?? 200_000,
      clientTransactions: limits.clientTransactions ?? 200_000,
    },
    timers: {
      t1: timers.t1 ?? 500,
      t2: timers.t2 ?? 4_000,
      t4: timers.t4 ?? 5_000,
      frTimeout: timers.frTimeout ?? 32_000,
      frInvTimeout: timers.frInvTimeout ?? 120_000,
      timerC: timers.timerC ?? 200_000,
    },
    registrar: {
      minExpires: registrar.minExpires ?? 60,
      maxExpires: registrar.maxExpires ?? 7_200,
      defaultExpires: registrar.defaultExpires ?? 3_600,
      maxContacts: registrar.maxContacts ?? 10,
    },
    auth: {
      realm: auth.realm,
      algorithms: auth.algorithms ?? ['SHA-256', 'MD5'],
      nonceLife: auth.nonceLife ?? 300_000,
    },
    nat: { keepAlive: keepAlive(parsed) },
    frontDoor: { scanners: scanners(parsed), rate: rate(parsed) },
    log: {
      level: log.level ?? 'info',
      file:
        log.file === 'stdout'
          ? 'stdout'
          : log.file === undefined
            ? join(data, 'viaduct.log')
            : resolve(base, log.file),
    },
  };
}

function defaultListener(text: string): ListenSpec {
  const parsed = parseListenSpec(text);
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.message}`);
  return parsed.spec;
}

function keepAlive(parsed: ParsedConfig): KeepAliveSettings | undefined {
  const given = parsed.nat?.keepAlive ?? {};
  if (given === 'off') return undefined;
  return {
    interval: given.interval ?? KEEP_ALIVE.interval,
    method: given.method ?? KEEP_ALIVE.method,
    lost: given.lost ?? KEEP_ALIVE.lost,
  };
}

function scanners(parsed: ParsedConfig): readonly string[] {
  const given = parsed.frontDoor?.scanners ?? SCANNERS;
  return given === 'off' ? [] : given.map((name) => name.toLowerCase());
}

function rate(parsed: ParsedConfig): RateSettings | undefined {
  const given = parsed.frontDoor?.rate ?? {};
  if (given === 'off') return undefined;
  return { perSecond: given.perSecond ?? RATE.perSecond, burst: given.burst ?? RATE.burst };
}
