const SLAB_BYTES = 64 * 1024;

let slab = Buffer.alloc(0);
let used = 0;

/**
 * Bytes that outlive the message they came with. A view would keep the whole block that `Buffer` cuts its pieces from,
 * and with it dozens of messages that are done with: what is kept about equally long stands together here, and costs
 * neither a buffer nor a view.
 */
export class KeptBytes {
  readonly length: number;
  readonly #slab: Buffer;
  readonly #start: number;

  constructor(bytes: Buffer) {
    const { length } = bytes;
    if (used + length > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length));
      used = 0;
    }
    bytes.copy(slab, used);
    this.length = length;
    this.#slab = slab;
    this.#start = used;
    used += length;
  }

  /** A view of them, for as long as it is needed. */
  view(): Buffer {
    return this.#slab.subarray(this.#start, this.#start + this.length);
  }
}
