import { type IpFamily, ipFamily } from '../../base/ip.ts';
import { parsePort } from '../../wire/sdp/lines.ts';
import { parseDecimal } from '../../wire/sip/text.ts';

interface HostPort<T extends string> {
  readonly transport: T;
  /** An address without brackets, or a name. */
  readonly host: string;
  readonly port: number;
  readonly family: IpFamily;
}

/** A relay that is commanded by lines on a stream. */
export type StreamAddress =
  | HostPort<'tcp'>
  /** `unix`: a connection for each command; `cunix`: one for all. */
  | { readonly transport: 'unix' | 'cunix'; readonly path: string };

/** How a relay is commanded. */
export type NodeAddress =
  | HostPort<'udp'>
  | StreamAddress
  /** The relay in this very process. */
  | { readonly transport: 'embedded' };

/** A relay as it is configured. */
export interface NodeSpec {
  /** As written, without weight and advertised address. */
  readonly name: string;
  readonly address: NodeAddress;
  /** What is printed instead of the address that the relay tells. */
  readonly advertised: string | undefined;
  /** 0: only where no other one answers. */
  readonly weight: number;
}

export interface NodeSetSpec {
  readonly id: number;
  readonly nodes: readonly NodeSpec[];
}

export type NodeSetResult =
  | { readonly ok: true; readonly set: NodeSetSpec }
  /** `at` counts from 0 in the text that was given. */
  | { readonly ok: false; readonly reason: string; readonly at: number };

/** Which protocol a relay speaks. */
export type RelayProtocol = 'rtpproxy' | 'rtpengine';

export const DEFAULT_CONTROL_PORT = 22_222;
const MOST_NODES = 256;
const LONGEST_PATH = 107;
const MOST_WEIGHT = 1_000_000;

const FORMS: Readonly<Record<RelayProtocol, string>> = {
  rtpproxy: 'udp:HOST[:PORT], udp6:, tcp:, tcp6:, unix:PATH, cunix:PATH, a path, or embedded',
  rtpengine: 'udp:HOST[:PORT] or udp6:HOST[:PORT]',
};

/**
 * Reads a value of `rtpproxy_sock` or `rtpengine_sock`: `[SET == ] SPEC[|ADDRESS][=WEIGHT] …`.
 * @param defaultSet where the value names none
 */
export function parseNodeSet(text: string, protocol: RelayProtocol, defaultSet = 0): NodeSetResult {
  const split = text.indexOf('==');
  let id: number | undefined = defaultSet;
  if (split >= 0) {
    const written = text.slice(0, split).trim();
    id = parseDecimal(written);
    if (id === undefined) return { ok: false, reason: `"${written}" is no number of a set`, at: 0 };
  }
  const nodes: NodeSpec[] = [];
  for (let at = split < 0 ? 0 : split + 2; ; ) {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++;
    if (at >= text.length) break;
    let end = at;
    while (end < text.length && !isBlank(text.charCodeAt(end))) end++;
    const node = parseNode(text.slice(at, end), protocol);
    if (typeof node === 'string') return { ok: false, reason: node, at };
    if (nodes.push(node) > MOST_NODES) return { ok: false, reason: `more than ${MOST_NODES} relays`, at };
    at = end;
  }
  if (nodes.length === 0) {
    return { ok: false, reason: `no relay is named; write ${FORMS[protocol]}`, at: text.length };
  }
  return { ok: true, set: { id, nodes } };
}

/** Sets that are named several times are one. */
export function mergeNodeSets(sets: readonly NodeSetSpec[]): NodeSetSpec[] {
  const merged = new Map<number, NodeSpec[]>();
  for (const { id, nodes } of sets) merged.set(id, [...(merged.get(id) ?? []), ...nodes]);
  return [...merged].map(([id, nodes]) => ({ id, nodes }));
}

/** @returns a reason where it is none */
function parseNode(word: string, protocol: RelayProtocol): NodeSpec | string {
  let rest = word;
  let weight = 1;
  const equals = rest.lastIndexOf('=');
  if (equals >= 0) {
    const written = parseDecimal(rest.slice(equals + 1));
    if (written === undefined || written > MOST_WEIGHT) {
      return `the weight of "${word}" is no number up to ${MOST_WEIGHT}`;
    }
    weight = written;
    rest = rest.slice(0, equals);
  }
  let advertised: string | undefined;
  const bar = rest.lastIndexOf('|');
  if (bar >= 0) {
    advertised = rest.slice(bar + 1);
    if (ipFamily(advertised) === 0 || advertised.startsWith('[')) {
      return `"${advertised}" behind the | of "${word}" is no IP address`;
    }
    rest = rest.slice(0, bar);
  }
  const address = parseAddress(rest, protocol);
  return typeof address === 'string' ? address : { name: rest, address, advertised, weight };
}

function parseAddress(text: string, protocol: RelayProtocol): NodeAddress | string {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(0, colon)).toLowerCase();
  const rest = text.slice(colon + 1);
  const onlyUdp = protocol === 'rtpengine';
  switch (scheme) {
    case 'udp':
    case 'udp6':
      return parseHostPort(text, rest, 'udp', scheme === 'udp6');
    case 'tcp':
    case 'tcp6':
      if (!onlyUdp) return parseHostPort(text, rest, 'tcp', scheme === 'tcp6');
      break;
    case 'unix':
    case 'cunix':
      if (!onlyUdp) return parsePath(text, rest, scheme);
      break;
    case 'rtp.io':
      if (!onlyUdp && rest.toLowerCase() === 'auto') return { transport: 'embedded' };
      break;
    case '':
      if (onlyUdp) break;
      if (text.toLowerCase() === 'embedded') return { transport: 'embedded' };
      if (text.startsWith('/')) return parsePath(text, text, 'unix');
  }
  return `"${text}" is none of ${FORMS[protocol]}`;
}

function parsePath(text: string, path: string, transport: 'unix' | 'cunix'): NodeAddress | string {
  if (!path.startsWith('/')) return `"${text}": the path begins with a /`;
  if (path.length > LONGEST_PATH) return `"${text}": a socket's path has at most ${LONGEST_PATH} characters`;
  return { transport, path };
}

function parseHostPort(
  text: string,
  rest: string,
  transport: 'udp' | 'tcp',
  six: boolean,
): NodeAddress | string {
  let host = rest;
  let digits: string | undefined;
  if (rest.startsWith('[')) {
    const close = rest.indexOf(']');
    host = rest.slice(1, Math.max(1, close));
    const behind = rest.slice(close + 1);
    if (close < 0 || (behind !== '' && !behind.startsWith(':')))
      return `"${text}": the bracket is not closed`;
    if (behind !== '') digits = behind.slice(1);
  } else {
    const colon = rest.lastIndexOf(':');
    // `::1:7890` is port 7890 of ::1, as rtpproxy has it, though it might be an address too.
    if (colon >= 0 && (ipFamily(rest) !== 6 || ipFamily(rest.slice(0, colon)) === 6)) {
      host = rest.slice(0, colon);
      digits = rest.slice(colon + 1);
    }
  }
  const port = digits === undefined ? DEFAULT_CONTROL_PORT : parsePort(digits);
  if (!port) return `"${text}": "${digits}" is no port`;
  const own = ipFamily(host);
  if (own === 0 && !isName(host)) return `"${text}": "${host}" is neither an address nor a name`;
  if (own === 4 && six) return `"${text}": ${transport}6 wants an IPv6 address`;
  return { transport, host, port, family: own === 6 || six ? 6 : 4 };
}

function isName(host: string): boolean {
  if (host === '' || host.length > 253) return false;
  let letters = 0;
  for (const c of host.toLowerCase()) {
    if (c >= 'a' && c <= 'z') letters++;
    else if (!((c >= '0' && c <= '9') || c === '.' || c === '-' || c === '_')) return false;
  }
  return letters > 0;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d;
}
