import { randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_';

/** Randomness as a parameter. */
export interface IdSource {
  /** `length` characters of `[0-9a-zA-Z_-]`, six bits of randomness each: a SIP token (RFC 3261 §25.1). */
  token(length: number): string;
  /** An unsigned 32-bit number. */
  uint32(): number;
}

/** Cryptographic randomness, drawn in blocks so that a token costs no system call. */
export class RandomIds implements IdSource {
  readonly #pool = Buffer.allocUnsafe(4096);
  #at = this.#pool.length;

  token(length: number): string {
    let text = '';
    let left = length;
    // One text of eight instead of eight texts, each of which would be a copy of the one before.
    for (; left >= 8; left -= 8) {
      text += String.fromCharCode(
        this.#code(),
        this.#code(),
        this.#code(),
        this.#code(),
        this.#code(),
        this.#code(),
        this.#code(),
        this.#code(),
      );
    }
    for (; left > 0; left--) text += String.fromCharCode(this.#code());
    return text;
  }

  uint32(): number {
    return ((this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte()) >>> 0;
  }

  #code(): number {
    return ALPHABET.charCodeAt(this.#byte() & 63);
  }

  #byte(): number {
    if (this.#at === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    return this.#pool[this.#at++]!;
  }
}

/** Ids that a test can predict: a counter, padded to the length asked for. */
export class SequentialIds implements IdSource {
  #next = 1;

  token(length: number): string {
    return String(this.#next++)
      .padStart(length, '0')
      .slice(-length);
  }

  uint32(): number {
    return this.#next++;
  }
}
