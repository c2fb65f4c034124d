/**
 * Header names that Viaduct knows, each with its compact form where RFC 3261 §7.3.3 or a later one gives it.
 * Everything else is {@link HeaderId} `Other` and is compared by its text.
 */
const NAMES: readonly (readonly [name: string, compact?: string])[] = [
  ['(other)'],
  ['Via', 'v'],
  ['From', 'f'],
  ['To', 't'],
  ['Call-ID', 'i'],
  ['CSeq'],
  ['Contact', 'm'],
  ['Max-Forwards'],
  ['Route'],
  ['Record-Route'],
  ['Content-Length', 'l'],
  ['Content-Type', 'c'],
  ['Expires'],
  ['Authorization'],
  ['Proxy-Authorization'],
  ['WWW-Authenticate'],
  ['Proxy-Authenticate'],
  ['Require'],
  ['Proxy-Require'],
  ['Supported', 'k'],
  ['Unsupported'],
  ['Path'],
  ['Max-Breadth'],
  ['User-Agent'],
  ['Server'],
  ['Date'],
  ['Timestamp'],
  ['Event', 'o'],
  ['Subject', 's'],
  ['Content-Encoding', 'e'],
  ['Allow'],
  ['Accept'],
  ['Refer-To', 'r'],
  ['Referred-By', 'b'],
  ['Session-Expires', 'x'],
  ['Min-SE'],
  ['Min-Expires'],
  ['Retry-After'],
  ['Warning'],
  ['Service-Route'],
  ['Identity', 'y'],
  ['Accept-Contact', 'a'],
  ['Reject-Contact', 'j'],
  ['Request-Disposition', 'd'],
  ['Allow-Events', 'u'],
  ['Reason'],
  ['Content-Disposition'],
];

/** A small number for a known header name; 0 for every other one. */
export type HeaderId = number;

/** The ids by name, as `H.CallId`. */
export const H = {
  Other: 0,
  Via: 1,
  From: 2,
  To: 3,
  CallId: 4,
  CSeq: 5,
  Contact: 6,
  MaxForwards: 7,
  Route: 8,
  RecordRoute: 9,
  ContentLength: 10,
  ContentType: 11,
  Expires: 12,
  Authorization: 13,
  ProxyAuthorization: 14,
  WwwAuthenticate: 15,
  ProxyAuthenticate: 16,
  Require: 17,
  ProxyRequire: 18,
  Supported: 19,
  Unsupported: 20,
  Path: 21,
  MaxBreadth: 22,
  UserAgent: 23,
  Server: 24,
  Date: 25,
  Timestamp: 26,
  Event: 27,
  Subject: 28,
  ContentEncoding: 29,
  Allow: 30,
  Accept: 31,
  ReferTo: 32,
  ReferredBy: 33,
  SessionExpires: 34,
  MinSe: 35,
  MinExpires: 36,
  RetryAfter: 37,
  Warning: 38,
  ServiceRoute: 39,
  Identity: 40,
  AcceptContact: 41,
  RejectContact: 42,
  RequestDisposition: 43,
  AllowEvents: 44,
  Reason: 45,
  ContentDisposition: 46,
} as const;

const byText = new Map<string, HeaderId>();
/** Candidates by length and first letter, so that most look-ups compare one name. */
const byShape: { readonly id: HeaderId; readonly lower: Uint8Array }[][] = Array.from(
  { length: 32 * 32 },
  () => [],
);

NAMES.forEach(([name, compact], id) => {
  if (id === H.Other) return;
  for (const form of compact === undefined ? [name] : [name, compact]) {
    const lower = form.toLowerCase();
    byText.set(lower, id);
    byShape[shape(lower.length, lower.charCodeAt(0))]!.push({ id, lower: Buffer.from(lower, 'latin1') });
  }
});

function shape(length: number, first: number): number {
  return ((length & 31) << 5) | (first & 31);
}

/** @returns the id of a header name given as text, in any case, compact or whole */
export function headerId(name: string): HeaderId {
  return byText.get(name.toLowerCase()) ?? H.Other;
}

/** @returns the id of the header name at `bytes[start, end)` */
export function headerIdAt(bytes: Uint8Array, start: number, end: number): HeaderId {
  const length = end - start;
  if (length === 0 || length > 31) return H.Other;
  const candidates = byShape[shape(length, bytes[start]!)]!;
  for (let i = 0; i < candidates.length; i++) {
    if (isName(bytes, start, candidates[i]!.lower)) return candidates[i]!.id;
  }
  return H.Other;
}

function isName(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    const c = bytes[start + i]!;
    // Setting bit 5 makes A–Z lower case and leaves '-' and digits, which have it already, as they are.
    if (c !== lower[i] && (c < 0x41 || c > 0x5a || (c | 0x20) !== lower[i])) return false;
  }
  return true;
}

/** The full name of a known header, spelled as in the RFCs. */
export function headerName(id: HeaderId): string {
  return NAMES[id]![0];
}
