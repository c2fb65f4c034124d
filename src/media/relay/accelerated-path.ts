import { getSystemErrorName } from 'node:util';
import type { Clock } from '../../base/clock.ts';
import { PackedAddresses, textOf6, writeBytes6 } from '../../net/packed-address.ts';
import { AcceleratedPort } from './accelerated-port.ts';
import type { Endpoint, PacketPath, PortPair } from './packet-path.ts';
import {
  COPY,
  HEAD,
  HEAD_WORDS,
  OF_GENERATION,
  OF_KIND,
  OF_LENGTH,
  OF_PORT,
  OF_SOURCE,
  OF_SOURCE_PORT,
  type RelayAddon,
  type RelayThread,
  TAIL,
  TO,
} from './relay-thread.ts';

/** Of each socket: seconds of one voice, so that little that is stale is kept, and a picture's burst finds room. */
const RECEIVE_BUFFER_BYTES = 128 * 1024;

export interface AcceleratedPathOptions {
  readonly clock: Clock;
  /** The byte of IP headers that asks for a class of service. */
  readonly trafficClass: number;
}

/** {@link PacketPath} by a thread of C; see `native/relay.c`. */
export class AcceleratedPath implements PacketPath {
  readonly name = 'accelerated';
  readonly clock: Clock;
  readonly thread: RelayThread;
  readonly #trafficClass: number;
  readonly #ports = new Map<number, AcceleratedPort>();
  readonly #addresses = new PackedAddresses();
  readonly #wordBytes: Uint8Array;
  readonly #headBytes: Uint8Array;
  /** The last view on each slot of the ring: packets of one codec are of one length, so that it serves again. */
  readonly #views: Buffer[] = [];
  #open = true;

  constructor(addon: RelayAddon, options: AcceleratedPathOptions) {
    this.clock = options.clock;
    this.#trafficClass = options.trafficClass;
    this.thread = addon.open(() => this.#takeStrays());
    this.#wordBytes = new Uint8Array(this.thread.words.buffer);
    this.#headBytes = new Uint8Array(this.thread.heads.buffer);
  }

  async openPair(address: string, port: number): Promise<PortPair> {
    const rtp = this.#openPort(address, port);
    try {
      return { rtp, rtcp: this.#openPort(address, port + 1) };
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  /** Writes an endpoint for the thread to read, at one of its places. */
  write(at: number, { address, port }: Endpoint, family: number): void {
    const { words } = this.thread;
    words[at] = port;
    if (family === 4) words[at + 1] = this.#addresses.wordOf4(address);
    else writeBytes6(address, this.#wordBytes, (at + 1) * 4);
  }

  forget(port: AcceleratedPort): void {
    this.#ports.delete(port.index);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const port of [...this.#ports.values()]) port.close();
    this.thread.close();
  }

  #openPort(address: string, port: number): AcceleratedPort {
    const family = address.includes(':') ? 6 : 4;
    this.write(TO, { address, port }, family);
    let index: number;
    try {
      index = this.thread.openPort(family, this.#trafficClass, RECEIVE_BUFFER_BYTES);
    } catch (error) {
      throw withCode(error, `${address} ${port}`);
    }
    const opened = new AcceleratedPort(this, index, { address, port }, family);
    this.#ports.set(index, opened);
    return opened;
  }

  #takeStrays(): void {
    const { state, heads, generations } = this.thread;
    // What comes meanwhile calls again.
    const head = Atomics.load(state, HEAD);
    const slots = heads.length / HEAD_WORDS;
    for (let tail = state[TAIL]!; tail !== head; ) {
      const slot = (tail >>> 0) % slots;
      const at = slot * HEAD_WORDS;
      const index = heads[at + OF_PORT]!;
      const port = this.#ports.get(index);
      tail = (tail + 1) | 0;
      try {
        if (port !== undefined && heads[at + OF_GENERATION]! >>> 0 === generations[index]) {
          const bytes = this.#view(slot, slots, heads[at + OF_LENGTH]!);
          port.deliver(bytes, this.#source(at, port), heads[at + OF_KIND] === COPY);
        }
      } finally {
        Atomics.store(state, TAIL, tail);
      }
    }
  }

  #view(slot: number, slots: number, length: number): Buffer {
    let view = this.#views[slot];
    if (view?.length !== length) {
      const { buffer, length: size } = this.thread.ring;
      view = Buffer.from(buffer, slot * (size / slots), length);
      this.#views[slot] = view;
    }
    return view;
  }

  #source(at: number, port: AcceleratedPort): Endpoint {
    const { heads } = this.thread;
    const address =
      port.family === 4
        ? this.#addresses.textOf4(heads[at + OF_SOURCE]!)
        : textOf6(this.#headBytes, (at + OF_SOURCE) * 4);
    return port.sourceOf(address, heads[at + OF_SOURCE_PORT]!);
  }
}

/** Gives a failure the `code` that Node's own sockets give. */
function withCode(error: unknown, where: string): Error {
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) return error as Error;
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`bind ${code} ${where}`, { cause: error }), { code });
}
