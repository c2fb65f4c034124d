import { byteString } from '../sip/text.ts';

/** The longest command or answer, in bytes. */
export const LONGEST_FRAME = 8192;
export const LONGEST_COOKIE = 256;

/** A datagram of the control protocol: the cookie comes back with the answer, and marks what is sent again. */
export interface Frame {
  readonly cookie: string;
  /** The command or answer, without line ends behind it. */
  readonly text: string;
}

/** @returns undefined for a datagram without a cookie, with nothing behind it, or too long */
export function parseFrame(datagram: Buffer): Frame | undefined {
  if (datagram.length > LONGEST_FRAME) return undefined;
  const all = trimmedEnd(byteString(datagram, 0, datagram.length));
  const blank = all.indexOf(' ');
  if (blank <= 0 || blank > LONGEST_COOKIE) return undefined;
  const cookie = all.slice(0, blank);
  if (cookie.indexOf('\n') >= 0) return undefined;
  const text = all.slice(blank + 1);
  return text === '' ? undefined : { cookie, text };
}

/** A command as it is sent: without a line end, as daemons of every age take it. */
export function printCommandFrame({ cookie, text }: Frame): Buffer {
  return Buffer.from(`${cookie} ${text}`, 'latin1');
}

/** An answer as it is sent: with a line end. */
export function printReplyFrame({ cookie, text }: Frame): Buffer {
  return Buffer.from(`${cookie} ${text}\n`, 'latin1');
}

/** Cuts what comes on a stream (TCP, unix) into lines: commands and answers have no cookie there. */
export class LineFramer {
  #rest = '';
  #overflow = false;

  /** Whether a line was longer than allowed: the stream is to be closed, nothing more comes out. */
  get overflow(): boolean {
    return this.#overflow;
  }

  /** What has come without its line end, for a peer that closes behind its only command. */
  get rest(): string {
    return this.#rest;
  }

  /** @returns the lines that are complete, without line ends; empty ones are left out */
  push(chunk: Buffer): string[] {
    if (this.#overflow) return [];
    const lines: string[] = [];
    const text = this.#rest + byteString(chunk, 0, chunk.length);
    let from = 0;
    for (let lf = text.indexOf('\n'); lf >= 0; lf = text.indexOf('\n', from)) {
      const line = trimmedEnd(text.slice(from, lf));
      from = lf + 1;
      if (line.length > LONGEST_FRAME) return this.#overflowed(lines);
      if (line !== '') lines.push(line);
    }
    this.#rest = text.slice(from);
    return this.#rest.length > LONGEST_FRAME ? this.#overflowed(lines) : lines;
  }

  #overflowed(lines: string[]): string[] {
    this.#overflow = true;
    this.#rest = '';
    return lines;
  }
}

function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isEnd(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Line ends, blanks, and the NUL that C programs leave. */
function isEnd(c: number): boolean {
  return c === 0x0a || c === 0x0d || c === 0x20 || c === 0x09 || c === 0;
}
