import type { FrontDoorSettings } from '../core/front-door/front-door.ts';
import type { OverloadSettings } from '../core/front-door/overload.ts';
import type { KeepAliveSettings } from '../core/nat/keepalive.ts';
import { DEFAULT_PROXY_SETTINGS, type ProxySettings } from '../core/proxy/proxy-environment.ts';
import type { CacheSettings } from '../net/lookup-cache.ts';
import type { DnsNameServerOptions } from '../net/name-server.ts';
import type { QuarantineSettings } from '../net/quarantine.ts';
import type { SocketsOptions } from '../net/sockets.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { DEFAULT_MESSAGE_LIMITS } from '../wire/sip/verdict.ts';

/** The configuration, in the words of the floors below. */

export function socketLimits(
  config: ServerConfig,
): Pick<SocketsOptions, 'limits' | 'framing' | 'webSocket' | 'reuse'> {
  const { limits, webSocket, connectionReuse: reuse } = config;
  return {
    limits: {
      maxConnections: limits.connections,
      maxPerSource: limits.connectionsPerSource,
      maxHalfOpen: limits.halfOpenConnections,
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

export function frontDoorSettings({ frontDoor, limits }: ServerConfig): FrontDoorSettings {
  return {
    scanners: frontDoor.scanners,
    rate: frontDoor.rate,
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
