import { isTextAt } from './address-scan.ts';
import { NameAddr } from './name-addr.ts';
import { byteString, unfold } from './text.ts';

/** One value of a header that may list several, with its place in the bytes. */
export class HeaderElement {
  /** The index of its header line. */
  readonly line: number;
  /** `bytes[start, end)`, blanks round it left out. */
  readonly start: number;
  readonly end: number;
  readonly #bytes: Buffer;
  #text: string | undefined = undefined;
  #address: NameAddr | undefined | null = null;

  constructor(bytes: Buffer, line: number, start: number, end: number) {
    this.#bytes = bytes;
    this.line = line;
    this.start = start;
    this.end = end;
  }

  /** Unfolded. */
  get text(): string {
    this.#text ??= unfold(byteString(this.#bytes, this.start, this.end));
    return this.#text;
  }

  /** Whether that is its text, as it was written. */
  is(text: string): boolean {
    return isTextAt(this.#bytes, this.start, this.end, text);
  }

  /** The value read as an address, once for all who ask; undefined where it is none. */
  get address(): NameAddr | undefined {
    if (this.#address === null) this.#address = NameAddr.parse(this.text);
    return this.#address;
  }
}
