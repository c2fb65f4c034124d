/** Largest input that is made, in bytes. */
const LARGEST = 8192;

/** Pieces that parsers stumble over. */
const PIECES: readonly string[] = [
  '\r\n',
  '\r\n ',
  '\r\n\r\n',
  '\n',
  '\r',
  '\0',
  '\\',
  '\\"',
  '"',
  '<',
  '>',
  ',',
  ';',
  ';;',
  ':',
  '=',
  '@',
  '?',
  '&',
  '%',
  '%00',
  '%0d%0a',
  '[',
  ']',
  '[::1]',
  '::',
  ' ',
  '\t',
  '\x7f',
  '\xff',
  '*',
  '-1',
  '0',
  '4294967296',
  '99999999999999999999',
  'SIP/2.0',
  'sip:',
  'tel:',
  'z9hG4bK',
  ';received=[::1]',
  ';tag=',
  ';lr',
  'Via: SIP/2.0/UDP a;branch=z9hG4bKb\r\n',
  'Content-Length: 0\r\n',
  'l: 4\r\n',
  'To\x01: <sip:a@b>\r\n',
  'X : y\r\n',
];

/** A source of numbers that a seed decides (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** @returns a whole number from 0 up to, but not, `sides` */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.roll(values.length)]!;
  }
}

/** Makes inputs out of a corpus: the same ones for the same seed. */
export class Mutator {
  readonly #dice: Dice;
  readonly #corpus: readonly Buffer[];

  constructor(seed: number, corpus: readonly Buffer[]) {
    this.#dice = new Dice(seed);
    this.#corpus = corpus;
  }

  next(): Buffer {
    const dice = this.#dice;
    let input: Buffer = Buffer.from(dice.pick(this.#corpus));
    for (let changes = dice.roll(6); changes > 0; changes--) input = this.#change(input);
    return input.subarray(0, LARGEST);
  }

  #change(input: Buffer): Buffer {
    const dice = this.#dice;
    const at = dice.roll(input.length + 1);
    const end = Math.min(input.length, at + dice.roll(dice.roll(4) === 0 ? 256 : 16));
    switch (dice.roll(7)) {
      case 0: // another byte
        if (at < input.length) input[at] = dice.roll(256);
        return input;
      case 1: // a bit turned over
        if (at < input.length) input[at]! ^= 1 << dice.roll(8);
        return input;
      case 2:
        return splice(input, at, at, Buffer.from(dice.pick(PIECES), 'latin1'));
      case 3:
        return splice(input, at, end, Buffer.from(dice.pick(PIECES), 'latin1'));
      case 4:
        return splice(input, at, end, Buffer.alloc(0));
      case 5: // a stretch over and over
        return splice(input, at, at, repeated(input.subarray(at, end), dice.roll(20)));
      default: {
        const other = dice.pick(this.#corpus);
        const from = dice.roll(other.length + 1);
        return splice(input, at, end, other.subarray(from, from + dice.roll(200)));
      }
    }
  }
}

function splice(input: Buffer, start: number, end: number, piece: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, start), piece, input.subarray(end)]);
}

function repeated(piece: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => piece));
}
