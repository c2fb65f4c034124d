import { address, scanAddress, scanUri, scanValue, value } from './address-scan.ts';
import { NameAddr } from './name-addr.ts';
import { byteString, unfold } from './text.ts';

/** A From or a To, as far as every message is asked for it: whether it can be read, and its tag. */
export class Party {
  /** Whether the value is an address (RFC 3261 §20.20). */
  readonly isAddress: boolean;
  /** Whether its URI can be taken apart. */
  readonly hasUri: boolean;
  readonly #bytes: Buffer;
  /** Where the tag stands; -1 where there is none, and where only its text is known. */
  readonly tagStart: number;
  readonly tagEnd: number;
  #tag: string | undefined = undefined;

  /** Of the header value at `bytes[start, end)`. */
  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    let tagStart = -1;
    let tagEnd = -1;
    if (scanAddress(bytes, start, end) && scanUri(bytes, address.uriStart, address.uriEnd)) {
      this.isAddress = true;
      this.hasUri = true;
      if (scanValue(bytes, address.paramsStart, address.paramsEnd, 'tag')) {
        if (value.start < 0) this.#tag = '';
        tagStart = value.start;
        tagEnd = value.end;
      }
    } else {
      const read = NameAddr.parse(unfold(byteString(bytes, start, end)));
      this.isAddress = read !== undefined;
      this.hasUri = read?.uri !== undefined;
      this.#tag = read?.tag;
    }
    this.tagStart = tagStart;
    this.tagEnd = tagEnd;
  }

  /** Undefined where there is none. */
  get tag(): string | undefined {
    if (this.#tag === undefined && this.tagStart >= 0) {
      this.#tag = byteString(this.#bytes, this.tagStart, this.tagEnd);
    }
    return this.#tag;
  }

  get hasTag(): boolean {
    return this.tagStart >= 0 || this.#tag !== undefined;
  }
}
