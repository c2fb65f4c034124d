import type { Clock } from '../../../base/clock.ts';
import type { IdSource } from '../../../base/ids.ts';
import type { TimerWheel } from '../../../base/timer-wheel.ts';
import type { PacketPath, PortPair } from '../packet-path.ts';
import { FlowTable } from './flow-table.ts';
import { KernelPort } from './kernel-port.ts';
import { removeOrphans, TableClaim } from './table-claim.ts';
import { type KernelTools, systemTools } from './tools.ts';

export interface KernelPathOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  /** The byte of IP headers that asks for a class of service. */
  readonly trafficClass: number;
  readonly tools?: KernelTools;
}

/**
 * Lets the kernel's packet filter forward what rules name, over another path, which has all packets until a flow is loaded,
 * and all that is not plain RTP of the one source after that. Needs CAP_NET_ADMIN, `nft` and `ip`.
 */
export class KernelPath implements PacketPath {
  readonly name = 'kernel';
  readonly #below: PacketPath;
  readonly #table: FlowTable;
  readonly #claim: TableClaim;

  private constructor(below: PacketPath, table: FlowTable, claim: TableClaim) {
    this.#below = below;
    this.#table = table;
    this.#claim = claim;
  }

  /** @returns the path, whose own `below` is from now on; or why the kernel cannot be had */
  static async open(below: PacketPath, options: KernelPathOptions): Promise<KernelPath | { reason: string }> {
    const { tools = systemTools, ids } = options;
    if (process.platform !== 'linux') return { reason: 'only Linux has nftables' };
    await removeOrphans(tools);
    const claim = await TableClaim.make(ids);
    const table = new FlowTable({ ...options, tools, table: claim.table });
    const reason = await table.make();
    if (reason === undefined) return new KernelPath(below, table, claim);
    await table[Symbol.asyncDispose]();
    await claim[Symbol.asyncDispose]();
    return { reason };
  }

  async openPair(address: string, port: number): Promise<PortPair> {
    await this.#table.free(port);
    const { rtp, rtcp } = await this.#below.openPair(address, port);
    return { rtp: new KernelPort(rtp, this.#table), rtcp: new KernelPort(rtcp, this.#table) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#table[Symbol.asyncDispose]();
    await this.#claim[Symbol.asyncDispose]();
    await this.#below[Symbol.asyncDispose]();
  }
}
