import { getSystemErrorName } from 'node:util';
import type { AcceleratedSocket, Accelerator } from './accelerator.ts';
import type { DatagramIo, DatagramOptions, DatagramSink, OpenDatagramIo } from './datagram-io.ts';
import { PackedAddresses, textOf6, writeBytes6 } from './packed-address.ts';
import type { WorkerPlace } from './worker-place.ts';

const WORDS = 4;
const OFFSET = 0;
const LENGTH = 1;
const PORT = 2;
const ADDRESS = 3;
const HEAD = 0;
const TAIL = 1;
const FAILED = 2;
const FLUSHED_SOON = 3;
const DROPPED = 4;
const WAITED = 5;

/**
 * The accelerated {@link DatagramIo}: a batch is what one system call brought, and what is sent in it leaves by one.
 * @param place among the workers that share each socket: a thread receives for all, and hands on to each what is its own
 *   (`wire/sip/owner.ts`). What comes while a worker is away is kept for it, as far as its ring holds it.
 */
export function openAcceleratedIo(accelerator: Accelerator, place?: WorkerPlace): OpenDatagramIo {
  return async (options, sink) => new AcceleratedIo(accelerator, options, sink, place);
}

class AcceleratedIo implements DatagramIo {
  readonly port: number;
  readonly #socket: AcceleratedSocket;
  readonly #sink: DatagramSink;
  readonly #family: number;
  readonly #addresses = new PackedAddresses();
  readonly #arena: Buffer;
  readonly #queue: Buffer;
  readonly #longestQueue: number;
  #queuedBytes = 0;
  #dropped = 0;
  #open = true;

  constructor(
    accelerator: Accelerator,
    options: DatagramOptions,
    sink: DatagramSink,
    place: WorkerPlace | undefined,
  ) {
    const { family, port, receiveBufferBytes = 0, reusePort = false, refusals } = options;
    this.#sink = sink;
    this.#family = family;
    const address = new Uint8Array(16);
    if (family === 6) writeBytes6(options.address, address, 0);
    else new DataView(address.buffer).setInt32(0, this.#addresses.wordOf4(options.address), true);
    const { index, count: workers } = place ?? { index: 0, count: 0 };
    const onBatch = (count: number): void => this.#batch(count);
    const socket = bind(() =>
      accelerator.open(
        family,
        address,
        port,
        receiveBufferBytes,
        reusePort,
        onBatch,
        index,
        workers,
        refusals,
      ),
    );
    this.#socket = socket;
    this.port = socket.port;
    this.#arena = Buffer.from(socket.inBytes.buffer);
    this.#queue = Buffer.from(socket.outBytes.buffer);
    this.#longestQueue = socket.out.length / WORDS;
  }

  send(bytes: Buffer, address: string, port: number): boolean {
    if (!this.#open || port < 1 || port > 65_535) return false;
    const { state, out, outAddresses } = this.#socket;
    if (!this.#hasRoom(bytes.length)) {
      this.#flush();
      if (!this.#hasRoom(bytes.length)) return false;
    }
    const slot = state[TAIL]!;
    bytes.copy(this.#queue, this.#queuedBytes);
    const at = slot * WORDS;
    out[at + OFFSET] = this.#queuedBytes;
    out[at + LENGTH] = bytes.length;
    out[at + PORT] = port;
    if (this.#family === 4) out[at + ADDRESS] = this.#addresses.wordOf4(address);
    else writeBytes6(address, outAddresses, slot * 16);
    this.#queuedBytes += bytes.length;
    state[TAIL] = slot + 1;
    // Promises of a batch run before it counts as over, so what they send leaves with it.
    if (state[FLUSHED_SOON] === 0) this.#flush();
    return true;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  /** Called by the addon, with 0 where there are only failures to tell. */
  #batch(count: number): void {
    const { state } = this.#socket;
    if (state[FAILED]! > 0) this.#reportFailures();
    if (state[DROPPED] !== this.#dropped) this.#reportDropped();
    if (count > 0 && state[WAITED]! >= 0) this.#sink.waited?.(state[WAITED]! / 1000);
    for (let i = 0; i < count && this.#open; i++) this.#deliver(i);
  }

  #deliver(index: number): void {
    const words = this.#socket.in;
    const at = index * WORDS;
    const start = words[at + OFFSET]!;
    const length = words[at + LENGTH]!;
    // The arena is filled anew by the next batch, and the receiver may keep what it gets.
    const bytes = Buffer.allocUnsafe(length);
    this.#arena.copy(bytes, 0, start, start + length);
    const address =
      this.#family === 4
        ? this.#addresses.textOf4(words[at + ADDRESS]!)
        : textOf6(this.#socket.inAddresses, index * 16);
    this.#sink.datagram(bytes, address, words[at + PORT]!);
  }

  #reportDropped(): void {
    const dropped = this.#socket.state[DROPPED]!;
    this.#sink.overrun?.((dropped - this.#dropped) >>> 0);
    this.#dropped = dropped;
  }

  #hasRoom(length: number): boolean {
    const { state } = this.#socket;
    if (state[HEAD] === state[TAIL]) {
      state[HEAD] = 0;
      state[TAIL] = 0;
      this.#queuedBytes = 0;
    }
    return state[TAIL]! < this.#longestQueue && this.#queuedBytes + length <= this.#queue.length;
  }

  #flush(): void {
    this.#socket.flush();
    if (this.#socket.state[FAILED]! > 0) this.#reportFailures();
  }

  /** The kernel's refusals stand in the length words of their datagrams, negative. */
  #reportFailures(): void {
    const { state, out, outAddresses } = this.#socket;
    state[FAILED] = 0;
    for (let slot = 0; slot < state[HEAD]!; slot++) {
      const at = slot * WORDS;
      const error = out[at + LENGTH]!;
      if (error >= 0) continue;
      out[at + LENGTH] = 0;
      const address =
        this.#family === 4 ? this.#addresses.textOf4(out[at + ADDRESS]!) : textOf6(outAddresses, slot * 16);
      this.#sink.sendFailed(address, out[at + PORT]!, getSystemErrorName(error));
    }
  }
}

/** Gives a failure the `code` that Node's own sockets give. */
function bind(open: () => AcceleratedSocket): AcceleratedSocket {
  try {
    return open();
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    const code = getSystemErrorName(-errno);
    throw Object.assign(new Error(`bind ${code}`, { cause: error }), { code });
  }
}
