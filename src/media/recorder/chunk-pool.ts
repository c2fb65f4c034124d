/** Room for what waits to be written: pieces of one size, no more than a number of them, used again and again. */
export class ChunkPool {
  readonly chunkBytes: number;
  readonly #free: Buffer[] = [];
  readonly #most: number;
  #made = 0;

  constructor(chunkBytes: number, most: number) {
    this.chunkBytes = chunkBytes;
    this.#most = most;
  }

  /** How many are out. */
  get taken(): number {
    return this.#made - this.#free.length;
  }

  /** @returns undefined when all are out */
  take(): Buffer | undefined {
    const free = this.#free.pop();
    if (free || this.#made >= this.#most) return free;
    this.#made++;
    return Buffer.allocUnsafeSlow(this.chunkBytes);
  }

  give(chunk: Buffer): void {
    this.#free.push(chunk);
  }
}
