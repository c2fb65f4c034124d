import { bracket, unbracket } from '../../base/ip.ts';
import { paramValue, withoutParam, withParam } from './params.ts';
import { byteTable, isToken, parseDecimal } from './text.ts';

/** The parts of a URI that {@link Uri.with} may change. */
export interface UriParts {
  readonly scheme?: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** IPv6 with or without brackets. */
  readonly host?: string;
  readonly port?: number | undefined;
  /** From the first `;` on, or ''. */
  readonly params?: string;
  /** From the `?` on, or ''. */
  readonly headers?: string;
}

/**
 * A URI of a message: `sip:` and `sips:` taken apart (RFC 3261 §19.1), `tel:` into number and parameters (RFC 3966),
 * any other scheme kept whole. Parts are byte strings as written, escapes included. Immutable.
 */
export class Uri {
  readonly kind: 'sip' | 'tel' | 'other';
  /** In lower case. */
  readonly scheme: string;
  /** For `tel:` the number. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** As written, IPv6 without brackets; '' where the scheme has none. */
  readonly host: string;
  readonly port: number | undefined;
  /** From the first `;` on, or ''. For other schemes everything behind the colon. */
  readonly params: string;
  /** From the `?` on, or ''. */
  readonly headers: string;
  #text: string | undefined;

  private constructor(
    kind: 'sip' | 'tel' | 'other',
    scheme: string,
    user: string | undefined,
    password: string | undefined,
    host: string,
    port: number | undefined,
    params: string,
    headers: string,
    text: string | undefined,
  ) {
    this.kind = kind;
    this.scheme = scheme;
    this.user = user;
    this.password = password;
    this.host = host;
    this.port = port;
    this.params = params;
    this.headers = headers;
    this.#text = text;
  }

  /** @returns undefined for text that is no URI: no scheme, no host, a port that is none, blanks or brackets inside */
  static parse(text: string): Uri | undefined {
    const colon = text.indexOf(':');
    if (colon <= 0) return undefined;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      // Blanks, controls, and the delimiters that RFC 3986 keeps out of every URI.
      if (c <= 0x20 || c === 0x7f || c === 0x3c || c === 0x3e || c === 0x22) return undefined;
    }
    if (colon === 3 && text.startsWith('sip')) return parseSip(text, 'sip', 4);
    const scheme = text.slice(0, colon).toLowerCase();
    if (!isToken(scheme)) return undefined;
    if (scheme === 'sip' || scheme === 'sips') return parseSip(text, scheme, colon + 1);
    const rest = text.slice(colon + 1);
    if (rest.length === 0) return undefined;
    if (scheme !== 'tel')
      return new Uri('other', scheme, undefined, undefined, '', undefined, rest, '', text);
    const semi = rest.indexOf(';');
    const number = semi < 0 ? rest : rest.slice(0, semi);
    if (number.length === 0) return undefined;
    return new Uri(
      'tel',
      scheme,
      number,
      undefined,
      '',
      undefined,
      semi < 0 ? '' : rest.slice(semi),
      '',
      text,
    );
  }

  /** A `sip:` or `sips:` URI from its parts; the caller answers for their characters. */
  static sip(parts: UriParts & { readonly host: string }): Uri {
    return new Uri(
      'sip',
      parts.scheme ?? 'sip',
      parts.user,
      parts.password,
      unbracket(parts.host),
      parts.port,
      parts.params ?? '',
      parts.headers ?? '',
      undefined,
    );
  }

  /** @internal for the parser of this file */
  static whole(
    scheme: string,
    user: string | undefined,
    password: string | undefined,
    host: string,
    port: number | undefined,
    params: string,
    headers: string,
    text: string,
  ): Uri {
    return new Uri('sip', scheme, user, password, host, port, params, headers, text);
  }

  /** @returns the parameter's value, '' for one without `=`, undefined for none */
  param(name: string): string | undefined {
    return this.kind === 'other' || this.params === '' ? undefined : paramValue(this.params, name);
  }

  withParam(name: string, value: string | undefined): Uri {
    return this.with({ params: withParam(this.params, name, value) });
  }

  withoutParam(name: string): Uri {
    return this.with({ params: withoutParam(this.params, name) });
  }

  with(parts: UriParts): Uri {
    return new Uri(
      this.kind,
      parts.scheme ?? this.scheme,
      'user' in parts ? parts.user : this.user,
      'password' in parts ? parts.password : this.password,
      parts.host === undefined ? this.host : unbracket(parts.host),
      'port' in parts ? parts.port : this.port,
      parts.params ?? this.params,
      parts.headers ?? this.headers,
      undefined,
    );
  }

  /** As it was written, where it was parsed. */
  toString(): string {
    this.#text ??= this.#print();
    return this.#text;
  }

  #print(): string {
    if (this.kind === 'other') return `${this.scheme}:${this.params}`;
    if (this.kind === 'tel') return `tel:${this.user}${this.params}`;
    let text = `${this.scheme}:`;
    if (this.user !== undefined) {
      text += this.password === undefined ? `${this.user}@` : `${this.user}:${this.password}@`;
    }
    text += bracket(this.host);
    if (this.port !== undefined) text += `:${this.port}`;
    return text + this.params + this.headers;
  }
}

function parseSip(text: string, scheme: string, from: number): Uri | undefined {
  const at = text.indexOf('@', from);
  let user: string | undefined;
  let password: string | undefined;
  let hostStart = from;
  if (at >= 0) {
    // Of all parts only the user may hold ';' and '?' unescaped, and none may hold a second '@'.
    if (at === from || text.indexOf('@', at + 1) >= 0) return undefined;
    const colon = text.indexOf(':', from);
    if (colon === from) return undefined;
    const hasPassword = colon >= 0 && colon < at;
    user = text.slice(from, hasPassword ? colon : at);
    if (hasPassword) password = text.slice(colon + 1, at);
    hostStart = at + 1;
  }
  let end = text.length;
  const question = text.indexOf('?', hostStart);
  const headers = question < 0 ? '' : text.slice(question);
  if (question >= 0) end = question;
  const semi = text.indexOf(';', hostStart);
  const params = semi < 0 || semi >= end ? '' : text.slice(semi, end);
  if (semi >= 0 && semi < end) end = semi;
  if (!scanHostPort(text, hostStart, end)) return undefined;
  return Uri.whole(scheme, user, password, found.host, found.port, params, headers, text);
}

/**
 * Takes `host`, `host:port`, `[v6]`, `[v6]:port` apart.
 * @returns undefined where the host is empty or holds what a host cannot, or the port is no number from 1 to 65535
 */
export function parseHostPort(text: string): HostPort | undefined {
  return scanHostPort(text, 0, text.length) ? { host: found.host, port: found.port } : undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** What {@link scanHostPort} found: one for all, for URIs are read for each message. */
const found: { host: string; port: number | undefined } = { host: '', port: undefined };

/** As {@link parseHostPort}, for a part of a text; gives it in {@link found}. @returns false where it is none */
function scanHostPort(text: string, start: number, end: number): boolean {
  const hostEnd = text.charCodeAt(start) === 0x5b ? scanIpv6(text, start, end) : scanHost(text, start, end);
  if (hostEnd < 0) return false;
  found.port = undefined;
  if (hostEnd === end) return true;
  if (text.charCodeAt(hostEnd) !== 0x3a) return false;
  found.port = parseDecimal(text.slice(hostEnd + 1, end));
  return found.port !== undefined && found.port !== 0 && found.port <= 65535;
}

/** @returns the position behind the closing bracket, or -1 */
function scanIpv6(text: string, start: number, end: number): number {
  const close = text.indexOf(']', start);
  if (close < 0 || close >= end) return -1;
  found.host = text.slice(start + 1, close);
  return found.host.indexOf(':') >= 0 && holdsOnly(found.host, IPV6_BYTES) ? close + 1 : -1;
}

/** @returns where the host ends, or -1 */
function scanHost(text: string, start: number, end: number): number {
  let at = start;
  let before = 0x2e;
  while (at < end) {
    const c = text.charCodeAt(at);
    if (c === 0x3a) break;
    if (HOST_BYTES[c] !== 1 || (c === 0x2e && before === 0x2e)) return -1;
    before = c;
    at++;
  }
  if (at === start) return -1;
  found.host = text.slice(start, at);
  return at;
}

// '_' is no legal host character, but names in the wild have it.
const HOST_BYTES = byteTable('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._');
const IPV6_BYTES = byteTable('0123456789abcdefABCDEF:.');

function holdsOnly(text: string, bytes: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}
