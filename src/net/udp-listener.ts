import { Backlog } from './backlog.ts';
import { BoundListener } from './bound-listener.ts';
import type { DatagramIo, DatagramOptions, DatagramSink, OpenDatagramIo } from './datagram-io.ts';
import type { Endpoint } from './endpoint.ts';
import type { Flow } from './flow.ts';
import type { Listener } from './listener.ts';
import type { NetCounters } from './net-counters.ts';
import type { NetworkSink } from './network.ts';
import type { StunResponder } from './stun-responder.ts';
import { traceMessage, traceRefused } from './trace.ts';

/** A power of two. */
const FLOWS = 4096;
const CR = 0x0d;
const LF = 0x0a;

export interface UdpOptions extends Pick<DatagramOptions, 'receiveBufferBytes' | 'reusePort' | 'refusals'> {
  readonly open: OpenDatagramIo;
  readonly stun: StunResponder;
}

/** A UDP socket and its flows (RFC 3261 §18). */
export class UdpListener implements Endpoint, DatagramSink {
  readonly listener: BoundListener;
  readonly backlog: Backlog;
  readonly #io: DatagramIo;
  readonly #stun: StunResponder;
  readonly #sink: NetworkSink;
  readonly #counters: NetCounters;
  /** The flows seen last, each in the one place that its peer has. */
  readonly #flows: (DatagramFlow | undefined)[] = new Array(FLOWS).fill(undefined);

  private constructor(
    listener: BoundListener,
    backlog: Backlog,
    io: DatagramIo,
    stun: StunResponder,
    sink: NetworkSink,
    counters: NetCounters,
  ) {
    this.listener = listener;
    this.backlog = backlog;
    this.#io = io;
    this.#stun = stun;
    this.#sink = sink;
    this.#counters = counters;
  }

  /** Binds the socket, or rejects with the system's error. */
  static async open(
    asked: Listener,
    options: UdpOptions,
    sink: NetworkSink,
    counters: NetCounters,
  ): Promise<UdpListener> {
    const { open, stun, ...socketOptions } = options;
    const { address, port, family } = asked;
    const backlog = new Backlog();
    let endpoint: UdpListener | undefined;
    const io = await open(
      { ...socketOptions, address, port, family },
      {
        datagram: (bytes, from, fromPort) => endpoint?.datagram(bytes, from, fromPort),
        sendFailed: (to, toPort, reason) => endpoint?.sendFailed(to, toPort, reason),
        overrun: (count) => {
          counters.datagramsOverrun += count;
          backlog.overrun(count);
        },
        waited: (ms) => backlog.waited(ms),
      },
    );
    endpoint = new UdpListener(new BoundListener(asked, io.port), backlog, io, stun, sink, counters);
    return endpoint;
  }

  flowTo(address: string, port: number): Flow {
    return this.#flow(address, port);
  }

  send(bytes: Buffer, flow: DatagramFlow): boolean {
    if (!this.#io.send(bytes, flow.remoteAddress, flow.remotePort)) {
      this.#counters.datagramsDropped++;
      return false;
    }
    this.#counters.datagramsOut++;
    traceMessage('out', bytes, flow);
    return true;
  }

  datagram(bytes: Buffer, address: string, port: number): void {
    this.#counters.datagramsIn++;
    const first = bytes[0];
    if (first === undefined || first === CR || first === LF || first === 0) {
      // Keep-alives of NAT devices and phones (RFC 5626 §4.4.1 leaves CRLF on UDP unanswered).
      if (isPadding(bytes)) {
        this.#counters.keepAlivesIn++;
        return;
      }
    }
    if (port === 0) {
      traceRefused('source port 0', 'udp', address, port);
      return;
    }
    if (first! < 4) {
      // The first two bits of STUN are 0 (RFC 8489 §5); no SIP message begins with a control character.
      const answer = this.#stun.answer(bytes, address, port);
      if (answer) this.#io.send(answer, address, port);
      return;
    }
    const flow = this.#flow(address, port);
    traceMessage('in', bytes, flow);
    this.#sink.message(bytes, flow);
  }

  sendFailed(address: string, port: number, reason: string): void {
    this.#counters.datagramsFailed++;
    this.#sink.flowFailed(new DatagramFlow(this, address, port), reason);
  }

  async close(): Promise<void> {
    await this.#io.close();
  }

  /** The same peer mostly comes again, and what settled transactions keep then keeps one flow for all. */
  #flow(address: string, port: number): DatagramFlow {
    let place = port;
    for (let i = 0; i < address.length; i++) place = Math.imul(place, 31) + address.charCodeAt(i);
    place &= FLOWS - 1;
    const known = this.#flows[place];
    if (known?.remotePort === port && known.remoteAddress === address) return known;
    const flow = new DatagramFlow(this, address, port);
    this.#flows[place] = flow;
    return flow;
  }
}

/** One peer as one UDP socket sees it: an address to send to, nothing more. */
class DatagramFlow implements Flow {
  readonly transport = 'udp';
  readonly connectionId = 0;
  readonly listener: BoundListener;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #endpoint: UdpListener;

  constructor(endpoint: UdpListener, remoteAddress: string, remotePort: number) {
    this.#endpoint = endpoint;
    this.listener = endpoint.listener;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  send(bytes: Buffer): boolean {
    return this.#endpoint.send(bytes, this);
  }
}

function isPadding(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte !== CR && byte !== LF && byte !== 0) return false;
  }
  return true;
}
