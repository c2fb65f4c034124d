import { NameAddr } from './name-addr.ts';

/** One value of a header that may list several, with its place in the bytes. */
export class HeaderElement {
  /** The index of its header line. */
  readonly line: number;
  /** `bytes[start, end)`, blanks round it left out. */
  readonly start: number;
  readonly end: number;
  /** Unfolded. */
  readonly text: string;
  #address: NameAddr | undefined | null = null;

  constructor(line: number, start: number, end: number, text: string) {
    this.line = line;
    this.start = start;
    this.end = end;
    this.text = text;
  }

  /** The value read as an address, once for all who ask; undefined where it is none. */
  get address(): NameAddr | undefined {
    if (this.#address === null) this.#address = NameAddr.parse(this.text);
    return this.#address;
  }
}
