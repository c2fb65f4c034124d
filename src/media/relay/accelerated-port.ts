import type { IpFamily } from '../../base/ip.ts';
import type { AcceleratedPath } from './accelerated-path.ts';
import type { Endpoint, FastRule, MediaPort, PortCounters, PortUser } from './packet-path.ts';
import {
  ASIDE,
  COPIES,
  COUNT_FAILED,
  COUNTERS,
  DUPLICATES,
  FROM,
  HAS_SSRC,
  JITTER,
  JITTER_SAMPLES,
  JITTER_SUM,
  LARGEST_JITTER,
  LAST_FAST,
  LONGEST_GAP,
  LOST,
  OCTETS_IN,
  OCTETS_OUT,
  PACKETS_IN,
  PACKETS_OUT,
  RECEIVED,
  SSRC,
  TO,
  VIA,
  VIA_GENERATION,
} from './relay-thread.ts';

export class AcceleratedPort implements MediaPort {
  readonly address: string;
  readonly port: number;
  readonly family: IpFamily;
  /** Its place in the thread's tables, while it is open. */
  readonly index: number;
  user: PortUser | undefined = undefined;
  readonly #path: AcceleratedPath;
  /** What JavaScript itself has sent. */
  #packetsOut = 0;
  #octetsOut = 0;
  #failed = 0;
  #lastSource: Endpoint = { address: '', port: 0 };
  /** When the rule took its last packet by the thread's clock, and the same by the path's. */
  #lastSeen = 0;
  #lastFast: number | undefined = undefined;
  /** What was counted when it was closed. */
  #final: PortCounters | undefined = undefined;

  constructor(path: AcceleratedPath, index: number, { address, port }: Endpoint, family: IpFamily) {
    this.#path = path;
    this.index = index;
    this.address = address;
    this.port = port;
    this.family = family;
  }

  get open(): boolean {
    return this.#final === undefined;
  }

  setFast(rule: FastRule | undefined): void {
    if (!this.open) return;
    const { thread } = this.#path;
    const via = rule?.via;
    if (rule === undefined || !(via instanceof AcceleratedPort) || via.#path !== this.#path || !via.open) {
      thread.setRule(this.index, false);
      return;
    }
    const { words, generations } = thread;
    this.#path.write(FROM, rule.source, this.family);
    this.#path.write(TO, rule.to, via.family);
    words[VIA] = via.index;
    words[VIA_GENERATION] = generations[via.index]!;
    words[HAS_SSRC] = rule.ssrc === undefined ? 0 : 1;
    words[SSRC] = rule.ssrc ?? 0;
    words[COPIES] = rule.copies ? 1 : 0;
    words.fill(0, ASIDE, ASIDE + 4);
    for (const type of rule.aside ?? []) words[ASIDE + (type >>> 5)]! |= 1 << (type & 31);
    thread.setRule(this.index, true);
  }

  send(bytes: Buffer, to: Endpoint): void {
    if (!this.open) return;
    this.#path.write(TO, to, this.family);
    if (this.#path.thread.send(this.index, bytes) !== 0) {
      this.#failed++;
      return;
    }
    this.#packetsOut++;
    this.#octetsOut += bytes.length;
  }

  counters(): PortCounters {
    if (this.#final !== undefined) return this.#final;
    const { counters } = this.#path.thread;
    const at = this.index * COUNTERS;
    return {
      packetsIn: counters[at + PACKETS_IN]!,
      octetsIn: counters[at + OCTETS_IN]!,
      packetsOut: counters[at + PACKETS_OUT]! + this.#packetsOut,
      octetsOut: counters[at + OCTETS_OUT]! + this.#octetsOut,
      failed: counters[at + COUNT_FAILED]! + this.#failed,
      lastFast: this.#lastFastBy(counters[at + LAST_FAST]!),
      quality: {
        received: counters[at + RECEIVED]!,
        duplicates: counters[at + DUPLICATES]!,
        lost: counters[at + LOST]!,
        jitter: counters[at + JITTER]!,
        largestJitter: counters[at + LARGEST_JITTER]!,
        averageJitter: counters[at + JITTER_SUM]! / Math.max(1, counters[at + JITTER_SAMPLES]!),
        longestGapMs: counters[at + LONGEST_GAP]!,
      },
    };
  }

  close(): void {
    if (!this.open) return;
    this.#final = this.counters();
    this.#path.thread.closePort(this.index);
    this.#path.forget(this);
  }

  /** One object for as long as the source stays the same. */
  sourceOf(address: string, port: number): Endpoint {
    if (this.#lastSource.port !== port || this.#lastSource.address !== address) {
      this.#lastSource = { address, port };
    }
    return this.#lastSource;
  }

  deliver(bytes: Buffer, source: Endpoint, copy: boolean): void {
    if (copy) this.user?.copy(this, bytes, source);
    else this.user?.packet(this, bytes, source);
  }

  #lastFastBy(seen: number): number | undefined {
    if (seen !== this.#lastSeen) {
      this.#lastSeen = seen;
      const age = Number(process.hrtime.bigint()) / 1e6 - seen;
      this.#lastFast = this.#path.clock.now() - age;
    }
    return this.#lastFast;
  }
}
