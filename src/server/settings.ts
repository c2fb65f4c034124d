import type { FrontDoorSettings } from '../core/front-door/front-door.ts';
import type { OverloadSettings } from '../core/front-door/overload.ts';
import type { KeepAliveSettings } from '../core/nat/keepalive.ts';
import { DEFAULT_PROXY_SETTINGS, type ProxySettings } from '../core/proxy/proxy-environment.ts';
import type { CacheSettings } from '../net/lookup-cache.ts';
import type { DnsNameServerOptions } from '../net/name-server.ts';
import type { QuarantineSettings } from '../net/quarantine.ts';
import type { SocketsOptions } from '../net/sockets.ts';
import type { WorkerPlace } from '../net/worker-place.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import type { TransactionLimits } from '../transaction/transaction-layer.ts';
import { DEFAULT_MESSAGE_LIMITS } from '../wire/sip/verdict.ts';

/** The configuration, in the words of the floors below. */

/** Of what all workers may have together, the part of one. */
function partOf(place: WorkerPlace | undefined, whole: number): number {
  return Math.ceil(whole / (place?.count ?? 1));
}

export function transactionLimits(
  { limits }: ServerConfig,
  place: WorkerPlace | undefined,
): TransactionLimits {
  return {
    serverTransactions: partOf(place, limits.serverTransactions),
    clientTransactions: partOf(place, limits.clientTransactions),
  };
}

export function socketLimits(
  config: ServerConfig,
  place: WorkerPlace | undefined,
): Pick<SocketsOptions, 'limits' | 'framing' | 'webSocket' | 'reuse'> {
  const { limits, webSocket, connectionReuse: reuse } = config;
  return {
    limits: {
      maxConnections: partOf(place, limits.connections),
      maxPerSource: limits.connectionsPerSource,
      maxHalfOpen: partOf(place, limits.halfOpenConnections),
      idleMs: limits.idleConnection,
    },
    framing: { maxHeaderBytes: limits.headerSize, maxMessageBytes: limits.messageSize },
    webSocket,
    reuse,
  };
}

export function proxySettings({ timers, limits, registrar, script }: ServerConfig): ProxySettings {
  return {
    ...DEFAULT_PROXY_SETTINGS,
    // An OpenSIPS script says itself what is to be hidden and mended.
    ...(script && { hideInside: false, fixContact: false }),
    timerC: timers.timerC,
    frInvTimeout: timers.frInvTimeout,
    nextHopTimeout: timers.nextHop,
    datagramBytes: limits.datagramRequest,
    flowTimer: registrar.flowTimer,
  };
}

export function frontDoorSettings(
  { frontDoor, limits }: ServerConfig,
  place: WorkerPlace | undefined,
): FrontDoorSettings {
  const { rate } = frontDoor;
  return {
    scanners: frontDoor.scanners,
    // What comes from one address is spread over the workers by calls and users.
    rate: rate && { perSecond: partOf(place, rate.perSecond), burst: partOf(place, rate.burst) },
    trustInside: frontDoor.trustInside,
    limits: {
      ...DEFAULT_MESSAGE_LIMITS,
      message: limits.messageSize,
      body: limits.messageSize,
      headers: limits.headers,
    },
  };
}

/** @returns undefined where nothing is refused for want of time */
export function overloadSettings({ overload }: ServerConfig): OverloadSettings | undefined {
  return overload && { targetDelayMs: overload.targetDelay };
}

export function nameServerSettings({
  dns,
}: ServerConfig): Pick<DnsNameServerOptions, 'servers' | 'settings'> {
  return { servers: dns.servers, settings: { timeoutMs: dns.timeout, deadlineMs: dns.deadline } };
}

export function dnsCacheSettings({ dns }: ServerConfig): Partial<CacheSettings> {
  const { longest, denial, stale } = dns.cache;
  return { maxTtlMs: longest, maxDenialMs: denial, staleMs: stale };
}

export function quarantineSettings({ dns }: ServerConfig): Partial<QuarantineSettings> {
  return { firstMs: dns.quarantine.first, longestMs: dns.quarantine.longest };
}

/** @returns undefined where no keep-alives are wanted */
export function keepAliveSettings({ nat }: ServerConfig): Partial<KeepAliveSettings> | undefined {
  if (!nat.keepAlive) return undefined;
  const { interval, method, lost } = nat.keepAlive;
  return { intervalMs: interval, datagrams: method, maxLost: lost };
}
