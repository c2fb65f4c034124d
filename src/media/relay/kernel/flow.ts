import { isNullAddress } from '../endpoint.ts';
import type { FastRule } from '../packet-path.ts';
import type { KernelPort } from './kernel-port.ts';
import type { Hop, Route } from './next-hops.ts';

/** Of IP and UDP, which nftables counts with the packet; IP options are as good as never there. */
const HEADERS = { 4: 28, 6: 48 } as const;
const ADDRESS = /^[0-9a-f.:]+$/;

/**
 * - `waiting` to be brought into the kernel, or for a way to its destination that the kernel can go
 * - `loaded`: the kernel may take packets at any time
 * - `left`: it takes none any more, but its counter still has to be read
 * - `counted`: what is left of it can go
 */
export type FlowState = 'waiting' | 'loaded' | 'left' | 'counted';

/** A rule of a port as the kernel has it, or shall have it. */
export class Flow {
  readonly id: number;
  readonly port: KernelPort;
  readonly via: KernelPort;
  readonly rule: FastRule;
  readonly ssrc: number;
  state: FlowState = 'waiting';
  wanted = true;
  /** What it was loaded as: its key in the map, and the ways to both parties. */
  entry = '';
  hops: readonly Hop[] = [];
  #packets = 0;
  #octets = 0;

  constructor(id: number, port: KernelPort, via: KernelPort, rule: FastRule, ssrc: number) {
    this.id = id;
    this.port = port;
    this.via = via;
    this.rule = rule;
    this.ssrc = ssrc;
  }

  /** Of its chain and its counter. */
  get name(): string {
    return `f${this.id}`;
  }

  /** By which the party that sends is reached, and so most likely comes. */
  get inward(): Route {
    return routeOf(this.rule.source.address, this.port);
  }

  get outward(): Route {
    return routeOf(this.rule.to.address, this.via);
  }

  /** The kernel has lost it. */
  restart(): void {
    this.state = 'waiting';
    this.#packets = 0;
    this.#octets = 0;
    this.port.resume();
  }

  /** Takes what the kernel has counted since it was loaded. @param bytes of whole packets */
  count(packets: number, bytes: number, now: number): void {
    const octets = bytes - packets * HEADERS[this.port.family];
    const more = packets - this.#packets;
    if (more <= 0) return;
    this.port.took(more, octets - this.#octets, now);
    this.via.gave(more, octets - this.#octets);
    this.#packets = packets;
    this.#octets = octets;
  }
}

/** Whether the kernel can do what a rule asks: RTP of one source, of one family, between other machines than this. */
export function isFit(rule: FastRule, port: KernelPort, via: KernelPort): boolean {
  return (
    rule.ssrc !== undefined &&
    !rule.copies &&
    port.family === via.family &&
    ADDRESS.test(rule.source.address) &&
    ADDRESS.test(rule.to.address)
  );
}

/** The key by which packets find it in its map. */
export function entryOf({ rule, port }: Flow, inward: Hop): string {
  const { address, port: number } = rule.source;
  return `${address} . ${number} . ${inward.source} . ${port.port}`;
}

/** The map in which a family's flows stand. */
export function mapOf({ port }: Flow): string {
  return `flows${port.family}`;
}

/**
 * What happens to a packet that was found by its addresses and ports. Whatever is not plain RTP of the one source falls
 * through, and reaches the socket: RTCP (RFC 5761 §4), another SSRC, types that are laid aside, what is cut short
 * or too long.
 */
export function ruleOf({ rule, port, via, ssrc, name }: Flow, hop: Hop, trafficClass: number): string {
  const ip = port.family === 4 ? 'ip' : 'ip6';
  const aside = rule.aside?.length ? `@th,73,7 != { ${[...new Set(rule.aside)].join(', ')} } ` : '';
  const mark = trafficClass === 0 ? '' : `${ip} dscp set ${trafficClass >> 2} `;
  return (
    `meta length <= ${hop.mtu} @th,64,2 2 @th,72,3 != 6 ${aside}@th,128,32 ${ssrc} counter name ${name} ${mark}` +
    `${ip} saddr set ${hop.source} ${ip} daddr set ${rule.to.address} ` +
    `udp sport set ${via.port} udp dport set ${rule.to.port} ` +
    `fwd ${ip} to ${hop.neighbour} device "${hop.device}"`
  );
}

function routeOf(to: string, { address }: KernelPort): Route {
  return { to, from: isNullAddress(address) ? undefined : address };
}
