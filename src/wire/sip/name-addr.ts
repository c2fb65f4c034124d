import { paramValue, quotesEnd, skipQuoted, unquote } from './params.ts';
import { trimmedEnd } from './text.ts';
import { Uri } from './uri.ts';

/**
 * A `name-addr` or `addr-spec` with header parameters, as in From, To, Contact, Route (RFC 3261 §20.10, §25.1).
 * Immutable; parts are byte strings as written.
 */
export class NameAddr {
  /** As written, quotes included; '' where there is none. */
  readonly displayName: string;
  /** What stands between the angle brackets, or the bare URI. */
  readonly uriText: string;
  /** The header's parameters, from the first `;` on, or ''. */
  readonly params: string;
  #uri: Uri | undefined | null = null;

  constructor(displayName: string, uriText: string, params: string) {
    this.displayName = displayName;
    this.uriText = uriText;
    this.params = params;
  }

  /**
   * Display names without quotes may hold more than the grammar's tokens, as raw bytes or a comma, but not what would
   * make another reader find another URI.
   * @returns undefined where brackets or quotes do not close, or nothing is inside
   */
  static parse(text: string): NameAddr | undefined {
    let at = skipBlanks(text, 0);
    const nameStart = at;
    if (text.charCodeAt(at) === 0x22) {
      at = skipQuoted(text, at);
      if (text.charCodeAt(at - 1) !== 0x22 || at - nameStart < 2) return undefined;
      at = skipBlanks(text, at);
      if (text.charCodeAt(at) !== 0x3c) return undefined;
    } else {
      at = bareNameEnd(text, at);
      if (text.charCodeAt(at) !== 0x3c) return parseAddrSpec(text, nameStart);
    }
    const close = text.indexOf('>', at);
    if (close < 0) return undefined;
    const displayName = at === nameStart ? '' : text.slice(nameStart, at).trimEnd();
    const rest = skipBlanks(text, close + 1);
    if (rest < text.length && text.charCodeAt(rest) !== 0x3b) return undefined;
    const params = trimmedEnd(text.slice(rest));
    return quotesEnd(params) ? new NameAddr(displayName, text.slice(at + 1, close), params) : undefined;
  }

  /** The URI taken apart; undefined where it is none. */
  get uri(): Uri | undefined {
    if (this.#uri === null) this.#uri = Uri.parse(this.uriText);
    return this.#uri;
  }

  /** The display name as text, without quotes. */
  get name(): string {
    return unquote(this.displayName);
  }

  get tag(): string | undefined {
    return this.param('tag');
  }

  /** @returns the header parameter's value, '' for one without `=`, undefined for none */
  param(name: string): string | undefined {
    return this.params === '' ? undefined : paramValue(this.params, name);
  }

  toString(): string {
    const name = this.displayName === '' ? '' : `${this.displayName} `;
    return `${name}<${this.uriText}>${this.params}`;
  }
}

/** @returns where a display name without quotes ends: at the `<`, or at a character that no such name has */
function bareNameEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === 0x3c || c === 0x3a || c === 0x3b || c === 0x22) break;
    at++;
  }
  return at;
}

/** Without angle brackets every parameter is the header's, not the URI's (RFC 3261 §20). */
function parseAddrSpec(text: string, start: number): NameAddr | undefined {
  const semi = text.indexOf(';', start);
  const uri = trimmedEnd(text.slice(start, semi < 0 ? text.length : semi));
  const params = semi < 0 ? '' : trimmedEnd(text.slice(semi));
  return uri.length > 0 && quotesEnd(params) ? new NameAddr('', uri, params) : undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c !== 0x20 && c !== 0x09) break;
    at++;
  }
  return at;
}
