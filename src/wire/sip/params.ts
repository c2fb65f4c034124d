/**
 * Parameters as they stand behind a URI, a name-addr or a Via: `;name`, `;name=token`, `;name="quoted"`, with white
 * space allowed round `;` and `=` (RFC 3261 §25.1). All functions take the text from the first `;` on, or ''.
 */

export interface Param {
  /** As written. */
  readonly name: string;
  /** As written, quotes included; undefined for a parameter without `=`. */
  readonly value: string | undefined;
  /** Where the parameter begins, at its `;`, and where it ends: blanks before the next `;` are left out. */
  readonly start: number;
  readonly end: number;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a;
}

/** Where the parts of a parameter stand in its text. */
export interface ParamBounds {
  /** Of the `;`. */
  start: number;
  nameStart: number;
  nameEnd: number;
  /** -1 for a parameter without `=`. */
  valueStart: number;
  valueEnd: number;
  /** Blanks before the next `;` are left out. */
  end: number;
}

/** For who reads parameters one after the other and keeps none: one object for all, for they are read for each message. */
export function paramBounds(): ParamBounds {
  return { start: 0, nameStart: 0, nameEnd: 0, valueStart: -1, valueEnd: -1, end: 0 };
}

/** Finds the first parameter at or behind `from`. @returns false where there is none */
export function scanParam(text: string, from: number, found: ParamBounds): boolean {
  const start = text.indexOf(';', from);
  if (start < 0) return false;
  let at = start + 1;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  found.start = start;
  found.nameStart = at;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === 0x3b || c === 0x3d || isBlank(c)) break;
    at++;
  }
  found.nameEnd = at;
  scanValue(text, at, found);
  return true;
}

function scanValue(text: string, nameEnd: number, found: ParamBounds): void {
  let look = nameEnd;
  while (look < text.length && isBlank(text.charCodeAt(look))) look++;
  if (text.charCodeAt(look) !== 0x3d) {
    found.valueStart = -1;
    found.valueEnd = -1;
    found.end = paramEnd(text, nameEnd);
    return;
  }
  look++;
  while (look < text.length && isBlank(text.charCodeAt(look))) look++;
  found.valueStart = look;
  if (text.charCodeAt(look) === 0x22) {
    found.valueEnd = skipQuoted(text, look);
    found.end = paramEnd(text, found.valueEnd);
  } else {
    found.valueEnd = paramEnd(text, look);
    found.end = found.valueEnd;
  }
}

const bounds = paramBounds();

/** @returns the first parameter at or behind `from`, or undefined where there is none */
export function nextParam(text: string, from: number): Param | undefined {
  if (!scanParam(text, from, bounds)) return undefined;
  const { start, nameStart, nameEnd, valueStart, valueEnd, end } = bounds;
  const value = valueStart < 0 ? undefined : text.slice(valueStart, valueEnd);
  return { name: text.slice(nameStart, nameEnd), value, start, end };
}

/** Whatever else stands before the next `;` belongs to the parameter, so that it goes where the parameter goes. */
function paramEnd(text: string, from: number): number {
  let at = text.indexOf(';', from);
  if (at < 0) at = text.length;
  while (at > from && isBlank(text.charCodeAt(at - 1))) at--;
  return at;
}

/** @returns the position behind the quoted string that begins at `from`; the text's end where it never closes */
export function skipQuoted(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === 0x5c) at += 2;
    else if (c === 0x22) return at + 1;
    else at++;
  }
  return text.length;
}

/** Whether every quoted value ends; behind one that does not nothing can be added that would be read. */
export function quotesEnd(text: string): boolean {
  if (text.indexOf('"') < 0) return true;
  for (let param = nextParam(text, 0); param; param = nextParam(text, param.end)) {
    const value = param.value;
    if (value === undefined || value.charCodeAt(0) !== 0x22) continue;
    // One quote more is passed over only where the value had its end before.
    if (skipQuoted(`${value}"`, 0) !== value.length) return false;
  }
  return true;
}

/**
 * A bit for each length and first letter that the names of the parameters have, so that a name whose bit is not there needs
 * not be looked for. Never 0.
 */
export function paramShapes(text: string): number {
  let shapes = 1;
  for (let at = text.indexOf(';'); at >= 0; at = text.indexOf(';', at)) {
    at++;
    while (isBlank(text.charCodeAt(at))) at++;
    const start = at;
    while (at < text.length) {
      const c = text.charCodeAt(at);
      if (c === 0x3b || c === 0x3d || isBlank(c)) break;
      at++;
    }
    shapes |= shape(at - start, text.charCodeAt(start));
  }
  return shapes;
}

/** The bit of {@link paramShapes} that a name has, in any case. */
export function shapeOf(name: string): number {
  return shape(name.length, name.charCodeAt(0));
}

/** Setting bit 5 makes letters lower case. */
function shape(length: number, letter: number): number {
  return 1 << ((length * 7 + (letter | 0x20)) & 31);
}

/** @returns the value of the first parameter of that name (any case): '' for one without `=`, undefined for none */
export function paramValue(text: string, name: string): string | undefined {
  const at = paramStart(text, name);
  if (at < 0) return undefined;
  scanParam(text, at, bounds);
  return bounds.valueStart < 0 ? '' : text.slice(bounds.valueStart, bounds.valueEnd);
}

export function findParam(text: string, name: string): Param | undefined {
  const at = paramStart(text, name);
  return at < 0 ? undefined : nextParam(text, at);
}

/** @returns where the first parameter of that name begins, at its `;`, or -1 */
function paramStart(text: string, name: string): number {
  let at = text.indexOf(';');
  if (at < 0) return -1;
  const quotes = text.indexOf('"') >= 0;
  while (at >= 0) {
    let from = at + 1;
    while (isBlank(text.charCodeAt(from))) from++;
    if (isParamNamed(text, from, name)) return at;
    // Only a quoted value can hold a ';' that begins no parameter.
    at = text.indexOf(';', quotes ? nextParam(text, at)!.end : from);
  }
  return -1;
}

/** Whether the parameter whose name begins at `from` has that name, in any case. */
export function isParamNamed(text: string, from: number, name: string): boolean {
  const end = from + name.length;
  if (end > text.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (lower(text.charCodeAt(from + i)) !== lower(name.charCodeAt(i))) return false;
  }
  if (end === text.length) return true;
  const c = text.charCodeAt(end);
  return c === 0x3b || c === 0x3d || isBlank(c);
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c + 0x20 : c;
}

export function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

/** @returns the text with that parameter set: in place where it stood, else at the end */
export function withParam(text: string, name: string, value: string | undefined): string {
  const printed = value === undefined ? `;${name}` : `;${name}=${value}`;
  const old = findParam(text, name);
  return old ? text.slice(0, old.start) + printed + text.slice(old.end) : text + printed;
}

/** @returns the text without any parameter of that name */
export function withoutParam(text: string, name: string): string {
  let out = '';
  let from = 0;
  for (let param = nextParam(text, 0); param; param = nextParam(text, param.end)) {
    if (!sameName(param.name, name)) continue;
    out += text.slice(from, param.start);
    from = param.end;
  }
  return from === 0 ? text : out + text.slice(from);
}

/** @returns the text of a quoted string without quotes and escapes; other text as it is */
export function unquote(text: string): string {
  if (text.charCodeAt(0) !== 0x22) return text;
  const inner = text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined);
  if (inner.indexOf('\\') < 0) return inner;
  let out = '';
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === 0x5c && i + 1 < inner.length) i++;
    out += inner[i];
  }
  return out;
}

/** @returns the text as a quoted string (RFC 3261 §25.1), which can hold everything but line breaks */
export function quote(text: string): string {
  let out = '"';
  for (const c of text) out += c === '"' || c === '\\' || c === '\0' ? `\\${c}` : c;
  return `${out}"`;
}
