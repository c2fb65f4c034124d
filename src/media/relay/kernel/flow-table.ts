import { logLine } from '../../../base/channels.ts';
import type { Clock } from '../../../base/clock.ts';
import { type TimerWheel, WheelTimer } from '../../../base/timer-wheel.ts';
import type { FastRule } from '../packet-path.ts';
import { entryOf, Flow, mapOf, ruleOf } from './flow.ts';
import type { KernelPort } from './kernel-port.ts';
import { NextHops } from './next-hops.ts';
import type { KernelTools, Output } from './tools.ts';

/** Before flows are loaded, so that those of several calls share a child: in user space they lose nothing meanwhile. */
const GATHER_MS = 200;
/** A reading of the counters may take so much of the time until the next. */
const TEND_SHARE = 0.02;
/** After failures in a row, doubled each time. */
const FIRST_HOLD_MS = 5000;
const MOST_HOLD_MS = 300_000;
/** Before whatever else looks at what comes in, which sees only what is left. */
const PRIORITY = -150;

export interface FlowTableOptions {
  /** Its name in the kernel. */
  readonly table: string;
  readonly tools: KernelTools;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly trafficClass: number;
  /** Between readings of the counters, in ms; the longer, the longer a reading takes. So late silence may be noticed. */
  readonly tendMs: { readonly least: number; readonly most: number };
}

/**
 * The flows that the kernel forwards, in a table of the `netdev` family. What ports want is noted at once, and brought into
 * the kernel by one child of `nft` at a time; everything wanted meanwhile goes with the next.
 */
export class FlowTable implements AsyncDisposable {
  readonly #options: FlowTableOptions;
  readonly #hops: NextHops;
  readonly #flows = new Map<number, Flow>();
  /** Devices that have a chain, by their number. */
  readonly #devices = new Map<string, number>();
  readonly #loader = new WheelTimer(() => this.#kick());
  readonly #tender = new WheelTimer(() => this.#kick(true));
  readonly #leave = (): void => this.#options.tools.runNow('nft', this.#deletion);
  #lastId = 0;
  #isOpen = false;
  /** Whether the table is in the kernel. */
  #made = false;
  #due = false;
  #tendDue = false;
  #running = false;
  #closed = false;
  #work: Promise<void> = Promise.resolve();
  #tendMs: number;
  #failures = 0;
  #holdUntil = 0;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#hops = new NextHops(options.tools);
    this.#tendMs = options.tendMs.least;
  }

  /**
   * Makes the table, and tries whether the kernel knows all that flows need; then loads what was added meanwhile.
   * @returns why it cannot be had, and then nothing happens any more; undefined where it can
   */
  async open(): Promise<string | undefined> {
    const { table } = this.#options;
    const probe = (ip: string, address: string): string =>
      `add rule netdev ${table} probe @th,64,2 2 counter name probe ${ip} saddr set ${address} ` +
      `udp sport set 1 fwd ${ip} to ${address} device "lo"`;
    const reason = await this.#firstFault([
      () =>
        this.#load([
          ...this.#creation(),
          `add counter netdev ${table} probe`,
          `add chain netdev ${table} probe`,
          probe('ip', '192.0.2.1'),
          probe('ip6', '2001:db8::1'),
        ]),
      () => this.#counters(),
      () => this.#load([`delete chain netdev ${table} probe`, `delete counter netdev ${table} probe`]),
      () => this.#options.tools.run('ip', ['-json', 'link', 'show']),
    ]);
    if (reason !== undefined) {
      this.#closed = true;
      this.#flows.clear();
      await this.#options.tools.run('nft', this.#deletion);
      return reason;
    }
    process.once('exit', this.#leave);
    this.#isOpen = true;
    this.#made = true;
    this.#kick();
    return undefined;
  }

  add(port: KernelPort, via: KernelPort, rule: FastRule, ssrc: number): Flow {
    const flow = new Flow(++this.#lastId, port, via, rule, ssrc);
    if (this.#closed) return flow;
    this.#flows.set(flow.id, flow);
    this.#kickIn(GATHER_MS);
    return flow;
  }

  remove(flow: Flow, when: 'now' | 'soon'): void {
    flow.wanted = false;
    if (flow.state === 'waiting') this.#flows.delete(flow.id);
    else if (when === 'now') this.#kick();
    else this.#kickIn(GATHER_MS);
  }

  /** Waits until the kernel takes nothing for that port that nobody wants it to. */
  async free(port: number): Promise<void> {
    const isTaken = (flow: Flow): boolean =>
      !flow.wanted && flow.state === 'loaded' && (flow.port.port === port || flow.via.port === port);
    while (!this.#closed && [...this.#flows.values()].some(isTaken)) {
      this.#kick();
      await this.#work;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.wheel.cancel(this.#loader);
    this.#options.wheel.cancel(this.#tender);
    await this.#work;
    if (!this.#isOpen) return;
    await this.#options.tools.run('nft', this.#deletion);
    process.off('exit', this.#leave);
  }

  get #deletion(): string[] {
    return ['delete', 'table', 'netdev', this.#options.table];
  }

  #kickIn(ms: number): void {
    const { wheel, clock } = this.#options;
    if (!this.#closed) wheel.armBy(this.#loader, clock.now() + ms);
  }

  #kick(tend = false): void {
    if (tend) this.#tendDue = true;
    this.#due = true;
    if (this.#running || this.#closed || !this.#isOpen) return;
    this.#running = true;
    this.#work = this.#run();
  }

  async #run(): Promise<void> {
    // What else is wanted in the same turn comes along.
    await undefined;
    while (this.#due && !this.#closed) {
      this.#due = false;
      if (this.#tendDue) await this.#tend();
      if (!this.#closed && this.#options.clock.now() >= this.#holdUntil) await this.#bring();
    }
    this.#running = false;
    const { wheel } = this.#options;
    if (this.#flows.size > 0 && !this.#closed && !this.#tender.armed) wheel.arm(this.#tender, this.#tendMs);
  }

  /** Brings the kernel to what is wanted. */
  async #bring(): Promise<void> {
    const waiting = [...this.#flows.values()].filter(({ state }) => state === 'waiting');
    await this.#hops.resolve(waiting.flatMap(({ inward, outward }) => [inward, outward]));
    const lines = this.#made ? [] : this.#creation();
    const left: Flow[] = [];
    const forgotten: Flow[] = [];
    for (const flow of this.#flows.values()) {
      if (flow.state === 'loaded' && !flow.wanted) left.push(flow);
      else if (flow.state === 'counted') forgotten.push(flow);
    }
    const { table } = this.#options;
    for (const flow of left) lines.push(`delete element netdev ${table} ${mapOf(flow)} { ${flow.entry} }`);
    for (const { name } of forgotten) {
      lines.push(`delete chain netdev ${table} ${name}`, `delete counter netdev ${table} ${name}`);
    }
    for (const flow of waiting) if (flow.wanted) lines.push(...this.#additions(flow));
    if (lines.length === 0) return;
    const { ok, error } = await this.#load(lines);
    if (!ok) return this.#fail(error);
    this.#made = true;
    for (const flow of left) flow.state = 'left';
    for (const { id } of forgotten) this.#flows.delete(id);
    if (this.#failures > 1) logLine('info', 'relay', 'the kernel forwards media again');
    this.#failures = 0;
  }

  /** What loads a flow; nothing where there is no way that the kernel can go. */
  #additions(flow: Flow): string[] {
    const inward = this.#hops.get(flow.inward);
    const outward = this.#hops.get(flow.outward);
    if (inward === undefined || outward === undefined) return [];
    const { table, trafficClass } = this.#options;
    const { name } = flow;
    flow.state = 'loaded';
    flow.entry = entryOf(flow, inward);
    flow.hops = [inward, outward];
    return [
      ...this.#chainOf(inward.device),
      `add counter netdev ${table} ${name}`,
      `add chain netdev ${table} ${name}`,
      `add rule netdev ${table} ${name} ${ruleOf(flow, outward, trafficClass)}`,
      `add element netdev ${table} ${mapOf(flow)} { ${flow.entry} : goto ${name} }`,
    ];
  }

  #creation(): string[] {
    const { table } = this.#options;
    const map = (family: 4 | 6): string => {
      const address = `ipv${family}_addr`;
      return `add map netdev ${table} flows${family} { type ${address} . inet_service . ${address} . inet_service : verdict; }`;
    };
    return [`add table netdev ${table}`, map(4), map(6)];
  }

  #chainOf(device: string): string[] {
    if (this.#devices.has(device)) return [];
    const { table } = this.#options;
    const chain = `in${this.#devices.size}`;
    this.#devices.set(device, this.#devices.size);
    const find = (ip: string): string => `${ip} saddr . udp sport . ${ip} daddr . udp dport vmap`;
    // Of a packet in pieces only the first one has ports.
    return [
      `add chain netdev ${table} ${chain} { type filter hook ingress device "${device}" priority ${PRIORITY}; }`,
      `add rule netdev ${table} ${chain} ip protocol udp ip frag-off & 0x3fff == 0 ${find('ip')} @flows4`,
      `add rule netdev ${table} ${chain} ip6 nexthdr udp ${find('ip6')} @flows6`,
    ];
  }

  #load(lines: readonly string[]): Promise<Output> {
    return this.#options.tools.run('nft', ['-f', '-'], `${lines.join('\n')}\n`);
  }

  #counters(): Promise<Output> {
    return this.#options.tools.run('nft', ['-j', 'list', 'counters', 'table', 'netdev', this.#options.table]);
  }

  /** Runs one after the other. @returns what the first complained about that failed */
  async #firstFault(runs: readonly (() => Promise<Output>)[]): Promise<string | undefined> {
    for (const run of runs) {
      const { ok, error } = await run();
      if (!ok) return error;
    }
    return undefined;
  }

  /** Reads what was counted, and sees whether ways have changed. */
  async #tend(): Promise<void> {
    this.#tendDue = false;
    const { clock } = this.#options;
    const begun = clock.now();
    if (this.#made) {
      const ending = [...this.#flows.values()].filter(({ state }) => state === 'left');
      const { ok, text, error } = await this.#counters();
      if (!ok) return this.#fail(error);
      if (!this.#count(text)) return this.#fail('its table was changed by somebody else');
      for (const flow of ending) flow.state = 'counted';
    }
    const flows = [...this.#flows.values()].filter(({ wanted }) => wanted);
    await this.#hops.refresh(flows.flatMap(({ inward, outward }) => [inward, outward]));
    for (const flow of flows)
      if (flow.wanted && flow.state === 'loaded' && this.#hasMoved(flow)) flow.port.reload();
    const { least, most } = this.#options.tendMs;
    this.#tendMs = Math.min(Math.max((clock.now() - begun) / TEND_SHARE, least), most);
  }

  #hasMoved(flow: Flow): boolean {
    const now = [this.#hops.get(flow.inward), this.#hops.get(flow.outward)];
    return JSON.stringify(now) !== JSON.stringify(flow.hops);
  }

  /** @returns false where a counter is missing that must be there */
  #count(text: string): boolean {
    const now = this.#options.clock.now();
    const counted = countersIn(text);
    for (const flow of this.#flows.values()) {
      if (flow.state === 'waiting') continue;
      const counter = counted.get(flow.name);
      if (counter === undefined) return false;
      flow.count(counter.packets, counter.bytes, now);
    }
    return true;
  }

  /** Gives everything back to user space, and begins anew: at once, or after a while where that has just failed too. */
  async #fail(error: string): Promise<void> {
    const { tools, clock } = this.#options;
    this.#made = false;
    this.#devices.clear();
    await tools.run('nft', this.#deletion);
    await this.#hops.refresh([]);
    for (const flow of this.#flows.values()) {
      if (!flow.wanted) this.#flows.delete(flow.id);
      else if (flow.state !== 'waiting') flow.restart();
    }
    this.#failures++;
    if (this.#failures === 2)
      logLine('warn', 'relay', `media goes through user space for now: nft: ${error}`);
    const hold = this.#failures === 1 ? 0 : FIRST_HOLD_MS * 2 ** (this.#failures - 2);
    this.#holdUntil = clock.now() + Math.min(hold, MOST_HOLD_MS);
    this.#due ||= hold === 0;
    if (hold > 0) this.#kickIn(hold);
  }
}

interface Counter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

function countersIn(text: string): Map<string, Counter> {
  try {
    const { nftables } = JSON.parse(text) as { nftables: { counter?: Counter }[] };
    return new Map(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter]] : [])));
  } catch {
    return new Map();
  }
}
