import type { IpFamily } from '../../../base/ip.ts';
import type { Endpoint, FastRule, MediaPort, PortCounters, PortUser } from '../packet-path.ts';
import { type Flow, isFit } from './flow.ts';
import type { FlowTable } from './flow-table.ts';

/** A port of the path below, whose rule the kernel takes over where it can. */
export class KernelPort implements MediaPort, PortUser {
  readonly address: string;
  readonly port: number;
  readonly family: IpFamily;
  user: PortUser | undefined = undefined;
  readonly #below: MediaPort;
  readonly #table: FlowTable;
  /** Of other ports, whose packets leave by this one. */
  readonly #passing = new Set<Flow>();
  #flow: Flow | undefined = undefined;
  #rule: FastRule | undefined = undefined;
  #open = true;
  #packetsIn = 0;
  #octetsIn = 0;
  #packetsOut = 0;
  #octetsOut = 0;
  #lastIn: number | undefined = undefined;

  constructor(below: MediaPort, table: FlowTable) {
    this.#below = below;
    this.#table = table;
    this.address = below.address;
    this.port = below.port;
    this.family = below.family;
    below.user = this;
  }

  setFast(rule: FastRule | undefined): void {
    if (!this.#open) return;
    this.#drop('now');
    const via = rule?.via;
    const known = rule !== undefined && via instanceof KernelPort && via.#open;
    this.#rule = known ? { ...rule, via: via.#below } : undefined;
    this.#below.setFast(this.#rule);
    if (known && isFit(rule, this, via)) this.#offer(rule, via);
  }

  send(bytes: Buffer, to: Endpoint): void {
    this.#below.send(bytes, to);
  }

  counters(): PortCounters {
    const below = this.#below.counters();
    const { lastFast = this.#lastIn } = below;
    return {
      packetsIn: below.packetsIn + this.#packetsIn,
      octetsIn: below.octetsIn + this.#octetsIn,
      packetsOut: below.packetsOut + this.#packetsOut,
      octetsOut: below.octetsOut + this.#octetsOut,
      failed: below.failed,
      lastFast: lastFast === undefined ? undefined : Math.max(lastFast, this.#lastIn ?? lastFast),
      quality: below.quality,
    };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#drop('soon');
    for (const flow of [...this.#passing]) flow.port.#drop('soon');
    this.#below.close();
  }

  packet(_port: MediaPort, bytes: Buffer, source: Endpoint): void {
    this.user?.packet(this, bytes, source);
  }

  copy(_port: MediaPort, bytes: Buffer, source: Endpoint): void {
    this.user?.copy(this, bytes, source);
  }

  /** The kernel forwarded what came here. */
  took(packets: number, octets: number, now: number): void {
    this.#packetsIn += packets;
    this.#octetsIn += octets;
    this.#lastIn = now;
  }

  /** The kernel sent from here. */
  gave(packets: number, octets: number): void {
    this.#packetsOut += packets;
    this.#octetsOut += octets;
  }

  /** The way to a party has changed. */
  reload(): void {
    const flow = this.#flow;
    if (flow === undefined) return;
    this.#drop('now');
    this.#offer(flow.rule, flow.via);
  }

  /** The kernel gives packets back while the rule stays: for the port below they begin anew. */
  resume(): void {
    if (this.#open) this.#below.setFast(this.#rule);
  }

  #offer(rule: FastRule, via: KernelPort): void {
    this.#flow = this.#table.add(this, via, rule, rule.ssrc!);
    via.#passing.add(this.#flow);
  }

  #drop(when: 'now' | 'soon'): void {
    const flow = this.#flow;
    if (flow === undefined) return;
    this.#flow = undefined;
    flow.via.#passing.delete(flow);
    this.#table.remove(flow, when);
  }
}
