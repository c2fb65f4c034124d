import type { IdSource } from '../base/ids.ts';

const LENGTH = 20;
const A = 0x41;
const C = 0x43;

/**
 * The To tag of all answers that turn requests away for want of time. Nobody makes a dialog with it, so an ACK that bears
 * it acknowledges such an answer (RFC 3261 §17.1.1.3), and need not be read to be known.
 */
export class AwayTag {
  readonly tag: string;
  readonly #bytes: Buffer;

  constructor(ids: IdSource) {
    this.tag = ids.token(LENGTH);
    this.#bytes = Buffer.from(`;tag=${this.tag}`, 'latin1');
  }

  /** Whether these bytes are an ACK of an answer with the tag. */
  acknowledges(bytes: Buffer): boolean {
    return bytes[0] === A && bytes[1] === C && bytes.includes(this.#bytes);
  }
}
