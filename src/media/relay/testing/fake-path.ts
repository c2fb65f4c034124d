import { ipFamily } from '../../../base/ip.ts';
import type {
  Endpoint,
  FastRule,
  MediaPort,
  PacketPath,
  PortCounters,
  PortPair,
  PortUser,
  QualityCounters,
} from '../packet-path.ts';

/** A port without a socket: a test gives it packets, and reads what it sent. */
export class FakePort implements MediaPort {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  user: PortUser | undefined;
  rule: FastRule | undefined;
  open = true;
  lastFast: number | undefined;
  quality: QualityCounters | undefined;
  readonly sent: { readonly bytes: Buffer; readonly to: Endpoint }[] = [];
  #packetsIn = 0;
  #octetsIn = 0;

  constructor(address: string, port: number) {
    this.address = address;
    this.port = port;
    this.family = ipFamily(address) || 4;
  }

  setFast(rule: FastRule | undefined): void {
    this.rule = rule;
  }

  send(bytes: Buffer, to: Endpoint): void {
    this.sent.push({ bytes: Buffer.from(bytes), to });
  }

  /** A packet arrives; no fast rule is tried. */
  arrive(bytes: Buffer, address: string, port: number): void {
    this.#packetsIn++;
    this.#octetsIn += bytes.length;
    this.user?.packet(this, bytes, { address, port });
  }

  counters(): PortCounters {
    const octetsOut = this.sent.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return {
      packetsIn: this.#packetsIn,
      octetsIn: this.#octetsIn,
      packetsOut: this.sent.length,
      octetsOut,
      failed: 0,
      lastFast: this.lastFast,
      quality: this.quality,
    };
  }

  close(): void {
    this.open = false;
  }
}

/** Opens {@link FakePort}s; ports of `occupied` are another program's, addresses of `missing` not this machine's. */
export class FakePath implements PacketPath {
  readonly name = 'portable';
  readonly ports: FakePort[] = [];
  readonly occupied: Set<number> = new Set();
  readonly missing: Set<string> = new Set();
  closed = false;

  async openPair(address: string, port: number): Promise<PortPair> {
    if (this.missing.has(address)) throw failure('EADDRNOTAVAIL');
    if (this.occupied.has(port) || this.open.some((it) => it.port === port && it.address === address)) {
      throw failure('EADDRINUSE');
    }
    const rtp = new FakePort(address, port);
    const rtcp = new FakePort(address, port + 1);
    this.ports.push(rtp, rtcp);
    return { rtp, rtcp };
  }

  get open(): FakePort[] {
    return this.ports.filter(({ open }) => open);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
