/** More lines, or more media, than any call has: what is larger is not read (bounded work for hostile bodies). */
export const MOST_LINES = 2000;
export const MOST_MEDIA = 64;

/** One line `type=value` of a session description (RFC 8866 §5), with where it stands in the text. */
export interface SdpLine {
  /** The letter before the `=`; '' for a line that has no such form, which is passed on as it is. */
  readonly type: string;
  readonly value: string;
  readonly start: number;
  /** Where the value begins. */
  readonly valueStart: number;
  /** Where the value ends, before its line end. */
  readonly valueEnd: number;
  /** Behind the line end: CRLF, LF, or nothing at the end of the text. */
  readonly end: number;
}

/** @returns the text's lines, or undefined where there are more than {@link MOST_LINES} */
export function splitLines(text: string): SdpLine[] | undefined {
  const lines: SdpLine[] = [];
  for (let start = 0; start < text.length; ) {
    if (lines.length === MOST_LINES) return undefined;
    const lf = text.indexOf('\n', start);
    const end = lf < 0 ? text.length : lf + 1;
    let valueEnd = lf < 0 ? end : lf;
    if (valueEnd > start && text.charCodeAt(valueEnd - 1) === 0x0d) valueEnd--;
    const typed =
      valueEnd - start >= 2 && text.charCodeAt(start + 1) === 0x3d && isLetter(text.charCodeAt(start));
    const valueStart = typed ? start + 2 : start;
    lines.push({
      type: typed ? text.charAt(start) : '',
      value: text.slice(valueStart, valueEnd),
      start,
      valueStart,
      valueEnd,
      end,
    });
    start = end;
  }
  return lines;
}

function isLetter(c: number): boolean {
  return c >= 0x61 && c <= 0x7a;
}

/** @returns the words of a value: what stands between blanks, as few as `most` and the rest left out */
export function words(value: string, most: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < value.length && found.length < most; ) {
    if (isBlank(value.charCodeAt(at))) {
      at++;
      continue;
    }
    let end = at + 1;
    while (end < value.length && !isBlank(value.charCodeAt(end))) end++;
    found.push(value.slice(at, end));
    at = end;
  }
  return found;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}

/** @returns the port that the text spells, 0 to 65535, or undefined */
export function parsePort(text: string): number | undefined {
  if (text.length === 0 || text.length > 5) return undefined;
  let port = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
  }
  return port <= 65_535 ? port : undefined;
}

/** The attributes (`a=name:value`, `a=name`) among lines; names are compared as written (RFC 8866 §5.13). */
export class Attributes {
  readonly #lines: readonly SdpLine[];

  constructor(lines: readonly SdpLine[]) {
    this.#lines = lines;
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** @returns the value of the first attribute of that name, '' for one without, undefined for none */
  value(name: string): string | undefined {
    const line = this.find(name);
    return line && attributeValue(line.value, name);
  }

  values(name: string): string[] {
    return this.findAll(name).map((line) => attributeValue(line.value, name));
  }

  find(name: string): SdpLine | undefined {
    return this.#lines.find((line) => isAttribute(line, name));
  }

  findAll(name: string): SdpLine[] {
    return this.#lines.filter((line) => isAttribute(line, name));
  }
}

function isAttribute({ type, value }: SdpLine, name: string): boolean {
  if (type !== 'a' || !value.startsWith(name)) return false;
  return value.length === name.length || value.charCodeAt(name.length) === 0x3a;
}

function attributeValue(value: string, name: string): string {
  return value.slice(name.length + 1);
}
