import { dirname, join, resolve } from 'node:path';
import { DEFAULT_FRONT_DOOR } from '../../core/front-door/front-door.ts';
import { DEFAULT_OVERLOAD } from '../../core/front-door/overload.ts';
import { DEFAULT_KEEP_ALIVE } from '../../core/nat/keepalive.ts';
import { DEFAULT_PROXY_SETTINGS } from '../../core/proxy/proxy-environment.ts';
import { DEFAULT_REGISTRAR_LIMITS } from '../../core/registrar/update-bindings.ts';
import { DEFAULT_CONNECTION_LIMITS } from '../../net/connection-limits.ts';
import { DEFAULT_DNS } from '../../net/dns/dns-client.ts';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import { DEFAULT_DNS_CACHE } from '../../net/lookup-cache.ts';
import { DEFAULT_QUARANTINE } from '../../net/quarantine.ts';
import type { CertificateFiles, TlsSettings } from '../../net/tls-settings.ts';
import { DEFAULT_WEB_SOCKET } from '../../net/web-socket-settings.ts';
import { DEFAULT_TIMERS } from '../../transaction/timers.ts';
import { DEFAULT_FRAMER_LIMITS } from '../../wire/sip/framer.ts';
import { DEFAULT_MESSAGE_LIMITS } from '../../wire/sip/verdict.ts';
import { mediaConfig } from './media-defaults.ts';
import type { ParsedConfig, ParsedTls } from './parsed-config.ts';
import type {
  DnsConfig,
  KeepAliveSettings,
  OverloadConfig,
  RateSettings,
  ServerConfig,
} from './server-config.ts';
import { workerCount } from './workers-value.ts';

/** What holds where nothing is configured: the spelling is that of the file, so that documents can print it. */
export const DEFAULT_LISTEN: readonly string[] = [
  'udp:0.0.0.0:5060',
  'tcp:0.0.0.0:5060',
  'udp:[::]:5060',
  'tcp:[::]:5060',
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
  const { webSocket = {} } = parsed;
  const inside = parsed.networks?.inside ?? 'auto';
  return {
    file,
    listen:
      parsed.listen?.map((spec) => ({
        ...spec,
        tls: spec.tls && tlsSettings({ ...parsed.tls, ...spec.tls }, base, data),
      })) ?? DEFAULT_LISTEN.map(defaultListener),
    tls: parsed.tls && tlsSettings(parsed.tls, base, data),
    webSocket: {
      origins: webSocket.origins === 'any' ? undefined : webSocket.origins,
      pingMs: webSocket.ping ?? DEFAULT_WEB_SOCKET.pingMs,
      pongMs: webSocket.pong ?? DEFAULT_WEB_SOCKET.pongMs,
    },
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
    datagrams: parsed.datagrams ?? 'auto',
    workers: workerCount(parsed.workers ?? 1),
    limits: {
      messageSize: limits.messageSize ?? DEFAULT_MESSAGE_LIMITS.message,
      headerSize: limits.headerSize ?? DEFAULT_FRAMER_LIMITS.maxHeaderBytes,
      headers: limits.headers ?? DEFAULT_MESSAGE_LIMITS.headers,
      connections: limits.connections ?? DEFAULT_CONNECTION_LIMITS.maxConnections,
      connectionsPerSource: limits.connectionsPerSource ?? DEFAULT_CONNECTION_LIMITS.maxPerSource,
      halfOpenConnections: limits.halfOpenConnections ?? DEFAULT_CONNECTION_LIMITS.maxHalfOpen,
      idleConnection: limits.idleConnection ?? DEFAULT_CONNECTION_LIMITS.idleMs,
      datagramRequest: limits.datagramRequest ?? DEFAULT_PROXY_SETTINGS.datagramBytes,
      serverTransactions: limits.serverTransactions ?? 200_000,
      clientTransactions: limits.clientTransactions ?? 200_000,
    },
    connectionReuse: parsed.connectionReuse ?? 'authenticated',
    timers: {
      t1: timers.t1 ?? DEFAULT_TIMERS.t1,
      t2: timers.t2 ?? DEFAULT_TIMERS.t2,
      t4: timers.t4 ?? DEFAULT_TIMERS.t4,
      frTimeout: timers.frTimeout ?? DEFAULT_TIMERS.frTimeout,
      nextHop: timers.nextHop ?? DEFAULT_PROXY_SETTINGS.nextHopTimeout,
      frInvTimeout: timers.frInvTimeout,
      timerC: timers.timerC ?? DEFAULT_PROXY_SETTINGS.timerC,
    },
    registrar: {
      minExpires: registrar.minExpires ?? DEFAULT_REGISTRAR_LIMITS.minExpires,
      maxExpires: registrar.maxExpires ?? DEFAULT_REGISTRAR_LIMITS.maxExpires,
      defaultExpires: registrar.defaultExpires ?? DEFAULT_REGISTRAR_LIMITS.defaultExpires,
      maxContacts: registrar.maxContacts ?? DEFAULT_REGISTRAR_LIMITS.maxContacts,
      // A phone that comes back with another port each time would else lock itself out.
      whenFull: registrar.whenFull ?? 'replace-oldest',
      onConnectionLost: registrar.onConnectionLost ?? 'remove',
      flowTimer: registrar.flowTimer === 'off' ? undefined : (registrar.flowTimer ?? 120),
    },
    auth: {
      realm: auth.realm,
      // Many phones read only the first challenge (RFC 8760 puts the strongest there) and know only this algorithm.
      algorithms: auth.algorithms ?? ['MD5'],
      nonceLife: auth.nonceLife ?? 300_000,
    },
    nat: { keepAlive: keepAlive(parsed) },
    dns: dns(parsed),
    frontDoor: {
      scanners: scanners(parsed),
      trustInside: parsed.frontDoor?.trustInside ?? DEFAULT_FRONT_DOOR.trustInside,
      rate: rate(parsed),
    },
    overload: overload(parsed),
    media: mediaConfig(parsed.media ?? {}, base, data),
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

/** @returns undefined where there is no certificate */
function tlsSettings(given: ParsedTls, base: string, data: string): TlsSettings | undefined {
  const filesOf = (pair: CertificateFiles): CertificateFiles => ({
    certificate: resolve(base, pair.certificate),
    key: resolve(base, pair.key),
  });
  const servers = (given.servers ?? []).map(({ name, ...pair }) => ({ name, ...filesOf(pair) }));
  const own = given.certificate !== undefined && given.key !== undefined;
  const selfSigned = !own && given.selfSigned === true;
  let certificate: CertificateFiles | undefined = servers[0];
  if (own) certificate = filesOf({ certificate: given.certificate, key: given.key });
  else if (selfSigned) certificate = filesOf(selfSignedFiles(data));
  if (!certificate) return undefined;
  return {
    certificate: { certificate: certificate.certificate, key: certificate.key },
    servers,
    ca: given.ca === undefined ? undefined : resolve(base, given.ca),
    clientCertificates: given.clientCertificates ?? 'off',
    verifyServers: given.verifyServers ?? true,
    ...(given.clients && {
      clients: given.clients.map((client) => ({
        ...client,
        certificate: client.certificate && filesOf(client.certificate),
        ca: client.ca === undefined ? undefined : resolve(base, client.ca),
      })),
    }),
    minVersion: given.minVersion ?? 'TLSv1.2',
    ciphers: given.ciphers,
    selfSigned,
  };
}

function selfSignedFiles(data: string): CertificateFiles {
  return { certificate: join(data, 'self-signed.pem'), key: join(data, 'self-signed.key') };
}

function keepAlive(parsed: ParsedConfig): KeepAliveSettings | undefined {
  const given = parsed.nat?.keepAlive ?? {};
  if (given === 'off') return undefined;
  return {
    interval: given.interval ?? DEFAULT_KEEP_ALIVE.intervalMs,
    method: given.method ?? DEFAULT_KEEP_ALIVE.datagrams,
    lost: given.lost ?? DEFAULT_KEEP_ALIVE.maxLost,
  };
}

function dns(parsed: ParsedConfig): DnsConfig {
  const { servers, timeout, deadline, cache = {}, quarantine = {} } = parsed.dns ?? {};
  return {
    servers,
    timeout: timeout ?? DEFAULT_DNS.timeoutMs,
    deadline: deadline ?? DEFAULT_DNS.deadlineMs,
    cache: {
      longest: cache.longest ?? DEFAULT_DNS_CACHE.maxTtlMs,
      denial: cache.denial ?? DEFAULT_DNS_CACHE.maxDenialMs,
      stale: cache.stale ?? DEFAULT_DNS_CACHE.staleMs,
    },
    quarantine: {
      first: quarantine.first ?? DEFAULT_QUARANTINE.firstMs,
      longest: quarantine.longest ?? DEFAULT_QUARANTINE.longestMs,
    },
  };
}

function scanners(parsed: ParsedConfig): readonly string[] {
  const given = parsed.frontDoor?.scanners ?? DEFAULT_FRONT_DOOR.scanners;
  return given === 'off' ? [] : given.map((name) => name.toLowerCase());
}

function overload({ overload: given }: ParsedConfig): OverloadConfig | undefined {
  if (given === 'off') return undefined;
  return { targetDelay: given?.targetDelay ?? DEFAULT_OVERLOAD.targetDelayMs };
}

function rate(parsed: ParsedConfig): RateSettings | undefined {
  const given = parsed.frontDoor?.rate ?? {};
  if (given === 'off') return undefined;
  const { rate: usual } = DEFAULT_FRONT_DOOR;
  return {
    perSecond: given.perSecond ?? usual?.perSecond ?? 500,
    burst: given.burst ?? usual?.burst ?? 2000,
  };
}
