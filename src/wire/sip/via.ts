import { unbracket } from '../../base/ip.ts';
import { found, parseHostPort, scanHostPort } from './host-port.ts';
import { isParamNamed, paramBounds, quotesEnd, scanParam, withoutParam } from './params.ts';
import { isToken, isTokenByte, trimmedEnd } from './text.ts';

/** RFC 3261 §8.1.1.7: a branch that begins so is unique over space and time. */
export const MAGIC_COOKIE = 'z9hG4bK';

/** Room for a name, a branch and whatever else anybody puts there, in bytes. */
const LONGEST = 4096;

const PROTOCOL = 'SIP/2.0/';
const LETTER_B = 0x62;
const LETTER_M = 0x6d;
const LETTER_R = 0x72;

const bounds = paramBounds();

/** One Via value (RFC 3261 §20.42). Immutable; parts are byte strings as written. */
export class Via {
  /** As written: `UDP`, `TCP`, … */
  readonly transport: string;
  /** The sent-by host, IPv6 without brackets. */
  readonly host: string;
  /** The sent-by port; undefined where none is written. */
  readonly port: number | undefined;
  /** '' where there is none. */
  readonly branch: string;
  /** IPv6 without the brackets that some write (RFC 5118 §4.5). */
  readonly received: string | undefined;
  /** '' where the parameter stands without a value (RFC 3581 §3). */
  readonly rport: string | undefined;
  /** IPv6 without brackets. */
  readonly maddr: string | undefined;
  /** From the first `;` on, or ''. */
  readonly params: string;
  /** As written, blanks at the end left out. */
  readonly #text: string;

  private constructor(
    text: string,
    transport: string,
    host: string,
    port: number | undefined,
    params: string,
  ) {
    this.#text = text;
    this.transport = transport;
    this.host = host;
    this.port = port;
    this.params = params;
    let branch = '';
    let received: string | undefined;
    let rport: string | undefined;
    let maddr: string | undefined;
    for (let at = 0; scanParam(params, at, bounds); at = bounds.end) {
      const { nameStart, valueStart, valueEnd } = bounds;
      // The first letter tells most of them apart; setting bit 5 makes it lower case.
      const letter = params.charCodeAt(nameStart) | 0x20;
      if (letter === LETTER_B) {
        if (isParamNamed(params, nameStart, 'branch')) branch ||= valueBetween(params, valueStart, valueEnd);
      } else if (letter === LETTER_R) {
        if (isParamNamed(params, nameStart, 'rport')) rport ??= valueBetween(params, valueStart, valueEnd);
        else if (isParamNamed(params, nameStart, 'received')) {
          received ??= unbracket(valueBetween(params, valueStart, valueEnd));
        }
      } else if (letter === LETTER_M && isParamNamed(params, nameStart, 'maddr')) {
        maddr ??= unbracket(valueBetween(params, valueStart, valueEnd));
      }
    }
    this.branch = branch;
    this.received = received;
    this.rport = rport;
    this.maddr = maddr;
  }

  /** @returns undefined where the protocol is not `SIP / 2.0 / transport`, the sent-by no host and port, a quote open, or all of it too long */
  static parse(text: string): Via | undefined {
    if (text.length > LONGEST) return undefined;
    const semi = text.indexOf(';');
    const headEnd = semi < 0 ? text.length : semi;
    const params = semi < 0 ? '' : trimmedEnd(text.slice(semi));
    if (!quotesEnd(params)) return undefined;
    const written = headEnd + params.length === text.length ? text : text.slice(0, headEnd) + params;
    const plainEnd = plainTransportEnd(text);
    if (plainEnd > 0 && scanHostPort(text, plainEnd + 1, headEnd)) {
      return new Via(written, transportText(text, PROTOCOL.length, plainEnd), found.host, found.port, params);
    }
    let at = protocolEnd(text, headEnd);
    if (at < 0) return undefined;
    while (isBlank(text.charCodeAt(at))) at++;
    const transportStart = at;
    while (at < headEnd && !isBlank(text.charCodeAt(at))) at++;
    const transport = transportText(text, transportStart, at);
    if (!isToken(transport)) return undefined;
    const sentBy = parseHostPort(closeColons(text.slice(at, headEnd).trim()));
    if (!sentBy) return undefined;
    return new Via(written, transport, sentBy.host, sentBy.port, params);
  }

  /**
   * The text with what RFC 3261 §18.2.1 and RFC 3581 §4 add at the receiver; everything else as it was written.
   * @param received the source address; IPv6 without brackets, as the grammar has it (RFC 5118 §4.5)
   * @param rport the source port, where the request asked for it or it is forced; undefined leaves rport out
   */
  withSource(received: string | undefined, rport: number | undefined): string {
    let params = this.params;
    if (received !== undefined) params = `${withoutParam(params, 'received')};received=${received}`;
    if (rport !== undefined) params = `${withoutParam(params, 'rport')};rport=${rport}`;
    return this.#text.slice(0, this.#text.length - this.params.length) + params;
  }

  toString(): string {
    return this.#text;
  }
}

function valueBetween(params: string, start: number, end: number): string {
  return start < 0 ? '' : params.slice(start, end);
}

/** @param sentBy host and port as printed, IPv6 bracketed */
export function viaText(transport: string, sentBy: string, branch: string, params = ''): string {
  return `SIP/2.0/${transport.toUpperCase()} ${sentBy};branch=${branch}${params}`;
}

/** @returns the position behind `SIP/2.0/`, which may have blanks inside; -1 for another protocol */
function protocolEnd(text: string, headEnd: number): number {
  if (text.startsWith(PROTOCOL)) return PROTOCOL.length;
  const head = text.slice(0, headEnd);
  const slash = head.indexOf('/');
  const slash2 = head.indexOf('/', slash + 1);
  if (slash < 0 || slash2 < 0) return -1;
  if (head.slice(0, slash).trim().toUpperCase() !== 'SIP') return -1;
  return head.slice(slash + 1, slash2).trim() === '2.0' ? slash2 + 1 : -1;
}

/** @returns where the transport ends that stands behind `SIP/2.0/` with one space behind it; -1 for any other form */
function plainTransportEnd(text: string): number {
  if (!text.startsWith(PROTOCOL)) return -1;
  let at = PROTOCOL.length;
  while (isTokenByte(text.charCodeAt(at))) at++;
  return at > PROTOCOL.length && text.charCodeAt(at) === 0x20 ? at : -1;
}

/** Of the usual transports there is one text each, for all Vias. */
function transportText(text: string, start: number, end: number): string {
  const length = end - start;
  if (length === 3) {
    if (text.startsWith('UDP', start)) return 'UDP';
    if (text.startsWith('TCP', start)) return 'TCP';
    if (text.startsWith('TLS', start)) return 'TLS';
  }
  return text.slice(start, end);
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}

/** The grammar allows white space round the colon of a sent-by (RFC 3261 §25.1 `COLON`), and nowhere else inside. */
function closeColons(text: string): string {
  if (text.indexOf(' ') < 0 && text.indexOf('\t') < 0) return text;
  return text
    .split(':')
    .map((part) => part.trim())
    .join(':');
}
