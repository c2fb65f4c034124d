import { scanOneAddress } from './address-scan.ts';
import type { HeaderEntry } from './build.ts';
import { Flaw } from './flaw.ts';
import { H, type HeaderId, headerName } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { isBroadcast } from './response-address.ts';
import { Via } from './via.ts';

/** The answer that a request has coming, with a reason that names what is wrong with it. */
export interface Verdict {
  readonly status: number;
  readonly reason: string;
  /** Headers that the answer must bear, as Unsupported with 420. */
  readonly headers: readonly HeaderEntry[];
  /** False where nobody may be told: the request is an ACK, or has no Via to copy. It is dropped then. */
  readonly answer: boolean;
}

/** Sizes are in bytes. */
export interface MessageLimits {
  /** Start line, headers and body together; beyond it 513. */
  readonly message: number;
  /** Beyond it 413. */
  readonly body: number;
  /** Beyond it 414. */
  readonly requestUri: number;
  /** Header lines; beyond it 513. */
  readonly headers: number;
  /** Schemes of Request-URIs that are understood, in lower case; others get 416. */
  readonly schemes: readonly string[];
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  message: 65_535,
  body: 65_535,
  requestUri: 2048,
  headers: 256,
  schemes: ['sip', 'sips', 'tel'],
};

/**
 * Judges what every element has to judge (RFC 3261 §8.2, §16.3 steps 1 and 2), and nothing that a proxy has no business
 * with: methods, headers it does not need, and bodies are the user agents' affair.
 * @returns undefined for a request that can be handled
 */
export function judge(
  request: SipMessage,
  limits: MessageLimits = DEFAULT_MESSAGE_LIMITS,
): Verdict | undefined {
  return (
    judgeVersion(request) ??
    judgeFraming(request) ??
    judgeSize(request, limits) ??
    judgeHeaders(request) ??
    judgeRouting(request, limits)
  );
}

/** RFC 3261 §16.3 step 3: what may not be forwarded further. Only for requests that would be forwarded. */
export function judgeHops(request: SipMessage): Verdict | undefined {
  return request.maxForwards === 0 ? verdict(request, 483, 'Too Many Hops') : undefined;
}

/**
 * RFC 3261 §8.2.2.3: extensions that a user agent server or registrar would need.
 * @param supported option tags, in lower case
 */
export function judgeRequire(request: SipMessage, supported: ReadonlySet<string>): Verdict | undefined {
  return judgeExtensions(request, H.Require, supported);
}

/**
 * RFC 3261 §16.3 step 5: extensions that a proxy would need.
 * @param supported option tags, in lower case
 */
export function judgeProxyRequire(request: SipMessage, supported: ReadonlySet<string>): Verdict | undefined {
  return judgeExtensions(request, H.ProxyRequire, supported);
}

/**
 * Whether a response has to be dropped (RFC 3261 §16.7 step 3, §18.1.2), where it is not passed on by its Vias.
 * @returns what is wrong with it; undefined for a response that can be handled
 */
export function responseFault(response: SipMessage): string | undefined {
  if (!isVersion2(response.version)) return 'unknown SIP version';
  const framing = framingFault(response);
  if (framing !== undefined) return framing;
  const missing = countFault(response);
  if (missing !== undefined) return missing;
  if (!response.has(H.Via)) return 'Missing Via header';
  if (!response.topVia) return 'Malformed Via header';
  if (!response.cseq) return 'Malformed CSeq header';
  if (!response.sender?.isAddress) return 'Malformed From header';
  return response.recipient?.isAddress ? undefined : 'Malformed To header';
}

/** As {@link responseFault}, where the Via below the topmost one says where it goes. */
export function judgeResponse(response: SipMessage): string | undefined {
  const fault = responseFault(response);
  if (fault !== undefined) return fault;
  // Followed blindly, such a Via makes a proxy shout into its network (RFC 4475 §3.3.13).
  const [, next] = response.elements(H.Via);
  const via = next && Via.parse(next.text);
  if (via && isBroadcast(via)) return 'Via leads to a broadcast address';
  return undefined;
}

/** @internal for the verdicts beside this one */
export function verdict(
  request: SipMessage,
  status: number,
  reason: string,
  headers: readonly HeaderEntry[] = [],
): Verdict {
  return { status, reason, headers, answer: request.method !== 'ACK' && request.has(H.Via) };
}

function judgeVersion(request: SipMessage): Verdict | undefined {
  return isVersion2(request.version) ? undefined : verdict(request, 505, 'Version Not Supported');
}

function isVersion2(version: string): boolean {
  return version === 'SIP/2.0' || version.toUpperCase() === 'SIP/2.0';
}

function judgeFraming(request: SipMessage): Verdict | undefined {
  const fault = framingFault(request);
  return fault === undefined ? undefined : verdict(request, 400, fault);
}

function framingFault(message: SipMessage): string | undefined {
  const flaws = message.flaws & ~Flaw.TrailingBytes;
  if (flaws === 0) return undefined;
  if (flaws & Flaw.StartLine) return message.isRequest ? 'Malformed Request-Line' : 'Malformed Status-Line';
  if (flaws & Flaw.StrayControl) return 'CR, LF or NUL inside a line';
  if (flaws & Flaw.HeaderSyntax) return 'Malformed header line';
  if (flaws & Flaw.NoEndOfHeaders) return 'No empty line behind the headers';
  if (flaws & Flaw.ContentLength) return 'Malformed or conflicting Content-Length header';
  return 'Content-Length is larger than the body';
}

function judgeSize(request: SipMessage, limits: MessageLimits): Verdict | undefined {
  if (request.bodyEnd - request.bodyStart > limits.body) {
    return verdict(request, 413, 'Request Entity Too Large');
  }
  if (request.bodyEnd > limits.message) return verdict(request, 513, 'Message Too Large');
  if (request.lineCount > limits.headers) return verdict(request, 513, 'Too Many Headers');
  if (request.requestUri.length > limits.requestUri) return verdict(request, 414, 'Request-URI Too Long');
  return undefined;
}

/** More Vias or Routes no request has: Max-Forwards starts at 70 (RFC 3261 §8.1.1.6). */
const MOST_HOPS = 128;

/** Headers that a message has once (RFC 3261 §20, table 2), and those of them that it must have (§8.1.1). */
const SINGLE = mask(H.From, H.To, H.CallId, H.CSeq, H.MaxForwards);
// Max-Forwards is no such header: clients of RFC 2543 do not know it, and a proxy adds it (§16.6 step 3).
const NEEDED = [H.To, H.From, H.CallId, H.CSeq] as const;

function mask(...headers: HeaderId[]): number {
  return headers.reduce((bits, header) => bits | (1 << header), 0);
}

function countFault(message: SipMessage): string | undefined {
  let seen = 0;
  for (let line = 0; line < message.lineCount; line++) {
    const id = message.id(line);
    if (id > H.MaxForwards) continue;
    const bit = 1 << id;
    if (seen & bit & SINGLE) return `Duplicate ${headerName(id)} header`;
    seen |= bit;
  }
  for (const id of NEEDED) {
    if ((seen & (1 << id)) === 0) return `Missing ${headerName(id)} header`;
  }
  return undefined;
}

function judgeHeaders(request: SipMessage): Verdict | undefined {
  const count = countFault(request);
  if (count !== undefined) return verdict(request, 400, count);
  if (!request.has(H.Via)) return verdict(request, 400, 'Missing Via header');
  if (!request.recipient?.hasUri) return malformed(request, H.To);
  if (!request.sender?.hasUri) return malformed(request, H.From);
  const callId = request.find(H.CallId);
  if (request.valueStart(callId) === request.valueEnd(callId)) return malformed(request, H.CallId);
  const cseq = request.cseq;
  if (!cseq) return malformed(request, H.CSeq);
  if (cseq.method !== request.method) return verdict(request, 400, 'CSeq method is not the request method');
  if (Number.isNaN(request.maxForwards)) return malformed(request, H.MaxForwards);
  const top = request.topVia;
  if (!top) return malformed(request, H.Via);
  // The cookie alone would give all transactions of that client one key (RFC 4475 §3.2.1).
  if (top.branch.toLowerCase() === 'z9hg4bk') return verdict(request, 400, 'Via branch has no identifier');
  if (!request.hasSeveral(H.Via)) return undefined;
  const vias = request.elements(H.Via);
  if (vias.length > MOST_HOPS) return verdict(request, 400, 'Too Many Via headers');
  for (let i = 1; i < vias.length; i++) {
    if (!Via.parse(vias[i]!.text)) return malformed(request, H.Via);
  }
  return undefined;
}

function judgeRouting(request: SipMessage, limits: MessageLimits): Verdict | undefined {
  const uri = request.uri;
  if (!uri) return verdict(request, 400, 'Malformed Request-URI');
  if (!limits.schemes.includes(uri.scheme)) return verdict(request, 416, 'Unsupported URI Scheme');
  // RFC 3261 §19.1.1 has no headers in a Request-URI; a proxy must never turn them into headers (RFC 4475 §3.1.2.11).
  if (uri.headers !== '') return verdict(request, 400, 'Request-URI with headers');
  if (request.has(H.Route) && request.elements(H.Route).length > MOST_HOPS) {
    return verdict(request, 400, 'Too Many Route headers');
  }
  if (hasBrokenAddress(request, H.Route)) return malformed(request, H.Route);
  if (TARGET_METHODS.has(request.method) && hasBrokenAddress(request, H.Contact)) {
    return malformed(request, H.Contact);
  }
  return undefined;
}

/** Methods whose Contact is where the dialog's later requests go (RFC 3261 §12, 3265, 3311, 3515). */
const TARGET_METHODS: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE']);

function hasBrokenAddress(request: SipMessage, header: HeaderId): boolean {
  if (!request.has(header) || isPlainAddress(request, header)) return false;
  return request.elements(header).some(({ address }) => !address?.uri);
}

/** Whether the header has one address alone, of the plain form that nearly all have: nothing is made of it. */
function isPlainAddress(request: SipMessage, header: HeaderId): boolean {
  const line = request.find(header);
  if (request.find(header, line + 1) >= 0) return false;
  return scanOneAddress(request.bytes, request.valueStart(line), request.valueEnd(line));
}

function malformed(request: SipMessage, header: HeaderId): Verdict {
  return verdict(request, 400, `Malformed ${headerName(header)} header`);
}

function judgeExtensions(
  request: SipMessage,
  header: HeaderId,
  supported: ReadonlySet<string>,
): Verdict | undefined {
  // In both the header means nothing and is passed over (RFC 3261 §8.2.2.3).
  if (!request.has(header) || request.method === 'ACK' || request.method === 'CANCEL') return undefined;
  const unknown = request
    .elements(header)
    .map(({ text }) => text)
    .filter((tag) => !supported.has(tag.toLowerCase()));
  if (unknown.length === 0) return undefined;
  return verdict(request, 420, 'Bad Extension', [[H.Unsupported, unknown.join(', ')]]);
}
