import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import { LocalNonceCounts, type NonceCounts } from './nonce-counts.ts';

const TIME_BYTES = 6;
const RANDOM_BYTES = 8;
const MAC_BYTES = 16;
const NONCE_BYTES = TIME_BYTES + RANDOM_BYTES + MAC_BYTES;
/** In base64url; all bytes fit, so one nonce has one spelling. */
const NONCE_LENGTH = (NONCE_BYTES / 3) * 4;

export interface NonceOptions {
  /** 16 bytes or more. */
  readonly key: Buffer;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** How long a nonce is good for, in ms. Default 5 minutes. */
  readonly lifetimeMs?: number;
  /** Where uses are counted; this thread alone counts unless given. */
  readonly counts?: NonceCounts | undefined;
}

/**
 * Nonces that need no memory until they are used: time and randomness, signed (RFC 7616 §3.3). Their counts are kept
 * from the first good use on, so that no request is good twice.
 */
export class Nonces {
  readonly #key: Buffer;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #lifetimeMs: number;
  readonly #counts: NonceCounts;

  constructor(options: NonceOptions) {
    this.#key = options.key;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#lifetimeMs = options.lifetimeMs ?? 300_000;
    // What an earlier run counted is not known here.
    this.#counts = options.counts ?? new LocalNonceCounts(options.clock.wallNow());
  }

  /** @param purpose what the nonce is bound to: realm, header and algorithm */
  issue(purpose: string): string {
    const bytes = Buffer.alloc(NONCE_BYTES);
    bytes.writeUIntBE(this.#clock.wallNow(), 0, TIME_BYTES);
    bytes.writeUInt32BE(this.#ids.uint32(), TIME_BYTES);
    bytes.writeUInt32BE(this.#ids.uint32(), TIME_BYTES + 4);
    this.#mac(bytes, purpose).copy(bytes, TIME_BYTES + RANDOM_BYTES);
    return bytes.toString('base64url');
  }

  /** Whether the nonce was made under this key, for this purpose, however long ago. */
  isOurs(nonce: string, purpose: string): boolean {
    if (nonce.length !== NONCE_LENGTH) return false;
    const bytes = Buffer.from(nonce, 'base64url');
    if (bytes.length !== NONCE_BYTES || bytes.toString('base64url') !== nonce) return false;
    return timingSafeEqual(bytes.subarray(TIME_BYTES + RANDOM_BYTES), this.#mac(bytes, purpose));
  }

  /**
   * Uses a nonce of ours up to a count, for a request whose credentials are right; only those take room.
   * @returns false where it is stale: too old, or the count is not higher than all before
   */
  use(nonce: string, count: number): boolean {
    const issued = issuedAt(nonce);
    if (this.#expired(issued)) return false;
    const now = this.#clock.wallNow();
    return this.#counts.use({ nonce, issued, expires: issued + this.#lifetimeMs, count, now });
  }

  /** Whether a nonce of ours is young enough, whatever it was used for. */
  isFresh(nonce: string): boolean {
    return !this.#expired(issuedAt(nonce));
  }

  /** A clock that was set back makes the nonces of the time before stale, too. */
  #expired(issued: number): boolean {
    const age = this.#clock.wallNow() - issued;
    return age > this.#lifetimeMs || age < 0;
  }

  #mac(bytes: Buffer, purpose: string): Buffer {
    const signed = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    const mac = createHmac('sha256', this.#key).update(`viaduct-nonce:${purpose}:`, 'latin1').update(signed);
    return mac.digest().subarray(0, MAC_BYTES);
  }
}

function issuedAt(nonce: string): number {
  return Buffer.from(nonce, 'base64url').readUIntBE(0, TIME_BYTES);
}
