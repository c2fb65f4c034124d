import { logLine } from '../../../base/channels.ts';
import type { Clock } from '../../../base/clock.ts';
import type { IdSource } from '../../../base/ids.ts';
import type { TimerWheel } from '../../../base/timer-wheel.ts';
import type { PacketPath, PortPair } from '../packet-path.ts';
import { FlowTable } from './flow-table.ts';
import { KernelPort } from './kernel-port.ts';
import { removeOrphans, TableClaim, tableName } from './table-claim.ts';
import { type KernelTools, systemTools } from './tools.ts';

export interface KernelPathOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  /** The byte of IP headers that asks for a class of service. */
  readonly trafficClass: number;
  /** The shortest silence after which somebody may end a call, in ms. */
  readonly silenceMs: number;
  readonly tools?: KernelTools;
}

/** How late the kernel's packets are noticed in ms, where a longer silence means nothing: usually, and at the latest. */
const NOTICED_MS = 5000;
const LATEST_MS = 10_000;

/**
 * Lets the kernel's packet filter forward what rules name, over another path, which has all packets until a flow is loaded,
 * and all that is not plain RTP of the one source after that. Needs CAP_NET_ADMIN, `nft` and `ip`: where they are
 * missing, the other path does all by itself, and that is said once.
 */
export class KernelPath implements PacketPath {
  /** Resolves when it is known whether the kernel can be had. */
  readonly ready: Promise<boolean>;
  readonly #below: PacketPath;
  readonly #table: FlowTable;
  readonly #tools: KernelTools;
  #claim: TableClaim | undefined;
  #works = false;

  /** @param below the kernel path's own from now on */
  constructor(below: PacketPath, options: KernelPathOptions) {
    const { tools = systemTools, ids, silenceMs } = options;
    const table = tableName(ids);
    const tendMs = { least: Math.min(silenceMs / 4, NOTICED_MS), most: Math.min(silenceMs / 2, LATEST_MS) };
    this.#below = below;
    this.#tools = tools;
    this.#table = new FlowTable({ ...options, tools, table, tendMs });
    this.ready = this.#open(table);
  }

  get name(): PacketPath['name'] {
    return this.#works ? 'kernel' : this.#below.name;
  }

  async openPair(address: string, port: number): Promise<PortPair> {
    await this.#table.free(port);
    const { rtp, rtcp } = await this.#below.openPair(address, port);
    return { rtp: new KernelPort(rtp, this.#table), rtcp: new KernelPort(rtcp, this.#table) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ready;
    await this.#table[Symbol.asyncDispose]();
    await this.#claim?.[Symbol.asyncDispose]();
    await this.#below[Symbol.asyncDispose]();
  }

  async #open(table: string): Promise<boolean> {
    const reason = await this.#reason(table);
    this.#works = reason === undefined;
    const { name } = this.#below;
    if (!this.#works) logLine('warn', 'relay', `packets take the ${name} path: not the kernel's: ${reason}`);
    return this.#works;
  }

  /** @returns why the kernel cannot be had */
  async #reason(table: string): Promise<string | undefined> {
    if (process.platform !== 'linux') return 'only Linux has nftables';
    await removeOrphans(this.#tools);
    try {
      this.#claim = await TableClaim.make(table);
    } catch (error) {
      return String(error);
    }
    return this.#table.open();
  }
}
