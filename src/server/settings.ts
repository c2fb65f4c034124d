import type { FrontDoorSettings } from '../core/front-door/front-door.ts';
import type { KeepAliveSettings } from '../core/nat/keepalive.ts';
import { DEFAULT_PROXY_SETTINGS, type ProxySettings } from '../core/proxy/proxy-environment.ts';
import type { SocketsOptions } from '../net/sockets.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { DEFAULT_MESSAGE_LIMITS } from '../wire/sip/verdict.ts';

/** The configuration, in the words of the floors below. */

export function socketLimits(config: ServerConfig): Pick<SocketsOptions, 'limits' | 'framing'> {
  const { limits } = config;
  return {
    limits: {
      maxConnections: limits.connections,
      maxPerSource: limits.connectionsPerSource,
      maxHalfOpen: limits.halfOpenConnections,
      idleMs: limits.idleConnection,
    },
    framing: { maxHeaderBytes: limits.headerSize, maxMessageBytes: limits.messageSize },
  };
}

export function proxySettings({ timers }: ServerConfig): ProxySettings {
  return { ...DEFAULT_PROXY_SETTINGS, timerC: timers.timerC, frInvTimeout: timers.frInvTimeout };
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

/** @returns undefined where no keep-alives are wanted */
export function keepAliveSettings({ nat }: ServerConfig): Partial<KeepAliveSettings> | undefined {
  if (!nat.keepAlive) return undefined;
  const { interval, method, lost } = nat.keepAlive;
  return { intervalMs: interval, datagrams: method, maxLost: lost };
}
