import { lookup } from 'node:dns/promises';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { PortPair } from '../relay/packet-path.ts';
import type { PortPool } from '../relay/port-pool.ts';
import { addressTowards } from '../relay/route.ts';

/** Where copies of packets go, and where they leave from. */
export interface CopyPorts {
  /** @param host a name, or an IP address @returns its address; undefined where the name is not known */
  resolve(host: string): Promise<string | undefined>;
  /** @returns the address of this machine that packets to there leave from */
  towards(address: string): Promise<string | undefined>;
  take(address: string): Promise<PortPair | undefined>;
  giveBack(address: string, pair: PortPair): void;
}

/** Copies leave from the relay's own ports. */
export function copyPorts(pool: PortPool): CopyPorts {
  return {
    async resolve(host) {
      if (ipFamily(host) !== 0) return canonicalHost(host);
      const found = await lookup(host).catch(() => undefined);
      return found?.address;
    },
    towards: addressTowards,
    take: (address) => pool.take(address),
    giveBack: (address, pair) => pool.giveBack(address, pair),
  };
}
