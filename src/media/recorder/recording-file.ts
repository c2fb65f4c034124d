import type { CaptureHeader } from './capture-format.ts';
import type { ChunkPool } from './chunk-pool.ts';
import type { DiskQueue } from './disk-queue.ts';
import type { RecordingFiles, RecordingHandle } from './recording-files.ts';
import type { RecordingPlace } from './recording-place.ts';

/** What recordings share. */
export interface RecordingDisk {
  readonly files: RecordingFiles;
  readonly queue: DiskQueue;
  readonly pool: ChunkPool;
  /** Chunks that one file may hold while the disk is slow; what comes then is dropped. */
  readonly mostChunks: number;
}

/** What has become of a file. */
export interface RecordedFile {
  /** Undefined where nothing was ever written. */
  readonly path: string | undefined;
  readonly bytes: number;
  /** Packets, or pieces of sound, that found no room because the disk was too slow. */
  readonly dropped: number;
  /** The system's word for what stopped it, as `ENOSPC`. */
  readonly fault: string | undefined;
}

interface Piece {
  readonly chunk: Buffer;
  readonly length: number;
  readonly position: number;
}

/**
 * A file that grows while a call goes on. Appending copies into memory and returns; writing happens behind, one piece
 * at a time. A fault ends the file, with what was written whole, and nothing else.
 */
export class RecordingFile {
  readonly #disk: RecordingDisk;
  readonly #place: RecordingPlace;
  readonly #beginning: Uint8Array;
  readonly #onFault: () => void;
  readonly #waiting: Piece[] = [];
  #chunk: Buffer | undefined;
  #filled = 0;
  /** Where the chunk belongs, and where what comes next does. */
  #chunkAt = 0;
  #end = 0;
  #held = 0;
  #opening: Promise<RecordingHandle | undefined> | undefined;
  #draining: Promise<void> | undefined;
  #closing: Promise<RecordedFile> | undefined;
  #begun = false;
  /** Whether the beginning found no room, and has to be written at the end. */
  #headless = false;
  #written = 0;
  #dropped = 0;
  #fault: string | undefined;

  /**
   * @param beginning stands before everything else
   * @param onFault told once, of what then stands in {@link fault}
   */
  constructor(disk: RecordingDisk, place: RecordingPlace, beginning: Uint8Array, onFault: () => void) {
    this.#disk = disk;
    this.#place = place;
    this.#beginning = beginning;
    this.#onFault = onFault;
  }

  get fault(): string | undefined {
    return this.#fault;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Makes the file now, not with the first bytes. @returns whether it could be made */
  async open(): Promise<boolean> {
    this.#opening ??= this.#open();
    return (await this.#opening) !== undefined;
  }

  /** Appends a packet with its header, or counts it as dropped. */
  appendPacket(header: CaptureHeader, when: number, packet: Uint8Array): void {
    this.#begin();
    const length = header.length + packet.length;
    if (length > this.#disk.pool.chunkBytes || !this.#makeRoom(length)) {
      this.#drop();
      return;
    }
    header.write(this.#chunk!, this.#filled, when, packet);
    this.#chunk!.set(packet, this.#filled + header.length);
    this.#filled += length;
    this.#end += length;
  }

  /** Appends bytes of any number. For what finds no room a gap of zeros is left, so that what follows stays in its place. */
  append(bytes: Uint8Array): void {
    this.#begin();
    const { chunkBytes } = this.#disk.pool;
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const length = Math.min(chunkBytes, bytes.length - at);
      if (!this.#makeRoom(length)) {
        this.#drop();
        this.#end += bytes.length - at;
        return;
      }
      this.#chunk!.set(bytes.subarray(at, at + length), this.#filled);
      this.#filled += length;
      this.#end += length;
    }
  }

  /** Sends what has gathered to the disk. */
  flush(): void {
    if (this.#chunk === undefined || this.#filled === 0) return;
    this.#waiting.push({ chunk: this.#chunk, length: this.#filled, position: this.#chunkAt });
    this.#chunk = undefined;
    this.#filled = 0;
    this.#draining ??= this.#drain();
  }

  /**
   * Writes what is left, and brings the file to where it belongs.
   * @param rewrite given the file's length: what is written over the file's first bytes
   */
  close(rewrite?: (bytes: number) => Uint8Array): Promise<RecordedFile> {
    // A file that is there is a whole one, even if nobody spoke.
    if (this.#opening && !this.#closing) this.#begin();
    this.#closing ??= this.#close(rewrite);
    return this.#closing;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { length } = this.#beginning;
    if (this.#makeRoom(length)) {
      this.#chunk!.set(this.#beginning, this.#filled);
      this.#filled += length;
    } else this.#headless = true;
    this.#end += length;
  }

  #drop(): void {
    if (this.#fault === undefined) this.#dropped++;
  }

  #makeRoom(length: number): boolean {
    if (this.#fault !== undefined || this.#closing) return false;
    if (this.#chunk && this.#filled + length > this.#chunk.length) this.flush();
    if (this.#chunk) return true;
    if (this.#held >= this.#disk.mostChunks) return false;
    this.#chunk = this.#disk.pool.take();
    if (!this.#chunk) return false;
    this.#held++;
    this.#chunkAt = this.#end;
    return true;
  }

  async #open(): Promise<RecordingHandle | undefined> {
    try {
      return await this.#disk.queue.run(() => this.#place.make());
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  async #drain(): Promise<void> {
    this.#opening ??= this.#open();
    const handle = await this.#opening;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { chunk, length, position } = next;
      try {
        if (handle && this.#fault === undefined) {
          await this.#disk.queue.run(() => handle.write(chunk.subarray(0, length), position));
          this.#written = position + length;
        }
      } catch (error) {
        this.#fail(error);
      }
      this.#giveBack(chunk);
    }
    this.#draining = undefined;
  }

  #giveBack(chunk: Buffer): void {
    this.#held--;
    this.#disk.pool.give(chunk);
  }

  #fail(error: unknown): void {
    this.#fault = (error as NodeJS.ErrnoException).code ?? String(error);
    if (this.#chunk) this.#giveBack(this.#chunk);
    this.#chunk = undefined;
    this.#onFault();
  }

  async #close(rewrite: ((bytes: number) => Uint8Array) | undefined): Promise<RecordedFile> {
    this.flush();
    if (this.#chunk) this.#giveBack(this.#chunk);
    this.#chunk = undefined;
    await this.#draining;
    const handle = await this.#opening;
    let path: string | undefined;
    if (handle) {
      path = this.#place.path;
      try {
        // What a fault has left half written would be no packet.
        if (this.#fault !== undefined) await this.#disk.queue.run(() => handle.truncate(this.#written));
        const first = rewrite?.(this.#written) ?? (this.#headless ? this.#beginning : undefined);
        if (first) await this.#disk.queue.run(() => handle.write(first, 0));
      } catch (error) {
        this.#fault ??= (error as NodeJS.ErrnoException).code ?? String(error);
      }
      path = await this.#finish(handle);
    }
    return { path, bytes: this.#written, dropped: this.#dropped, fault: this.#fault };
  }

  async #finish(handle: RecordingHandle): Promise<string> {
    try {
      await this.#disk.queue.run(() => handle.close());
      return await this.#disk.queue.run(() => this.#place.settle());
    } catch (error) {
      this.#fault ??= (error as NodeJS.ErrnoException).code ?? String(error);
      return this.#place.path;
    }
  }
}
