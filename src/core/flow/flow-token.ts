import type { Advertise } from '../../advertise/advertise.ts';
import { ipFamily } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import type { Network } from '../../net/network.ts';

/** What tokens are made with, and found by. */
export interface FlowEnvironment {
  readonly advertise: Advertise;
  readonly network: Network;
  /** This run of this server: connections of another one are gone. */
  readonly loopSalt: string;
}

/** What a token leads to. */
export interface FoundFlow {
  /** Undefined where the flow is gone: its connection has closed, or its listener. */
  readonly flow: Flow | undefined;
  readonly address: string;
  readonly port: number;
}

/** No URI begins so, hence no sealed Contact is ever taken for a flow. */
const CONNECTION = '~c';
const DATAGRAM = '~d';

/**
 * The user part of a Path or Record-Route that leads over one flow (RFC 5626 §5.2). It is sealed under the server's key:
 * nobody else can make one, or read an address in it. That of a datagram flow outlives a restart.
 */
export function flowToken(flow: Flow, { advertise, loopSalt }: FlowEnvironment): string {
  const { listener, connectionId, remoteAddress, remotePort } = flow;
  const owner =
    connectionId > 0
      ? `${CONNECTION} ${loopSalt} ${connectionId}`
      : `${DATAGRAM} ${advertise.tags.tagOf(listener)}`;
  return advertise.tags.seal(`${owner} ${remoteAddress} ${remotePort}`);
}

/** @returns undefined for a token that this server did not make */
export function findFlow(token: string, env: FlowEnvironment): FoundFlow | undefined {
  const parts = env.advertise.tags.unseal(token)?.split(' ');
  if (parts?.[0] === CONNECTION && parts.length === 5) {
    const [, run, id, address, port] = parts as [string, string, string, string, string];
    const flow = run === env.loopSalt ? env.network.connection(Number(id)) : undefined;
    return { flow, address, port: Number(port) };
  }
  if (parts?.[0] === DATAGRAM && parts.length === 4) {
    const [, tag, address, port] = parts as [string, string, string, string];
    return { flow: datagramFlow(tag, address, Number(port), env), address, port: Number(port) };
  }
  return undefined;
}

function datagramFlow(
  tag: string,
  address: string,
  port: number,
  { advertise, network }: FlowEnvironment,
): Flow | undefined {
  const found = advertise.tags.listenerOf(tag);
  if (found === undefined || found === 'retired' || found.family !== ipFamily(address)) return undefined;
  return network.flowTo(found, { transport: found.transport, address, port });
}
