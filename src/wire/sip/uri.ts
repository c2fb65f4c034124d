import { bracket, unbracket } from '../../base/ip.ts';
import { found, scanHostPort } from './host-port.ts';
import { paramShapes, paramValue, shapeOf, withoutParam, withParam } from './params.ts';
import { isToken } from './text.ts';

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
  /** What {@link paramShapes} says of the parameters; 0 before anybody has asked. */
  #shapes = 0;

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
    if (colon <= 0 || !scanDelimiters(text, colon + 1)) return undefined;
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
    if (this.params === '' || this.kind === 'other') return undefined;
    // Each is asked for a dozen parameters that it does not have.
    if (this.#shapes === 0) this.#shapes = paramShapes(this.params);
    return (this.#shapes & shapeOf(name)) === 0 ? undefined : paramValue(this.params, name);
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

/** Where the first of each delimiter stands behind the scheme, or -1; one for all, for URIs are read for each message. */
const first = { at: -1, question: -1, semicolon: -1 };

/**
 * Finds the delimiters of a `sip:` URI. Of all its parts only the user may hold `;` and `?` unescaped, so those count behind
 * the `@` alone.
 * @returns false for what is in no URI: blanks, controls, the delimiters that RFC 3986 keeps out
 */
function scanDelimiters(text: string, from: number): boolean {
  if (IN_NO_URI.test(text)) return false;
  const at = text.indexOf('@', from);
  const host = at < 0 ? from : at + 1;
  first.at = at;
  first.question = text.indexOf('?', host);
  first.semicolon = text.indexOf(';', host);
  return true;
}

/** V8 compiles it: it reads a text several times as fast as a loop over its characters. */
const IN_NO_URI = /[\0-\x20"<>\x7f]/;

/** Reads what {@link scanDelimiters} has looked through. */
function parseSip(text: string, scheme: string, from: number): Uri | undefined {
  const { at, question, semicolon } = first;
  let user: string | undefined;
  let password: string | undefined;
  let hostStart = from;
  if (at >= 0) {
    // None of the parts may hold a second '@'.
    if (at === from || text.indexOf('@', at + 1) >= 0) return undefined;
    const colon = text.indexOf(':', from);
    if (colon === from) return undefined;
    const hasPassword = colon >= 0 && colon < at;
    user = text.slice(from, hasPassword ? colon : at);
    if (hasPassword) password = text.slice(colon + 1, at);
    hostStart = at + 1;
  }
  let end = text.length;
  let headers = '';
  if (question >= 0) {
    headers = text.slice(question);
    end = question;
  }
  let params = '';
  if (semicolon >= 0 && semicolon < end) {
    params = text.slice(semicolon, end);
    end = semicolon;
  }
  if (!scanHostPort(text, hostStart, end)) return undefined;
  return Uri.whole(scheme, user, password, found.host, found.port, params, headers, text);
}
