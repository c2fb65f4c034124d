import { Cidr, canonicalHost, ipFamily } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import { defaultPort, isReliable, transportName } from '../../net/transport-name.ts';
import { isAddressOf } from '../../wire/sip/address-scan.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { invite } from '../../wire/sip/plain-invite.ts';
import type { Uri } from '../../wire/sip/uri.ts';
import type { Via } from '../../wire/sip/via.ts';
import { isContactAt } from './contact-at.ts';

/** The tests of OpenSIPS's `nat_uac_test`, by name, with the numbers that older scripts write. */
export const NAT_TESTS = {
  'private-contact': 1,
  'diff-ip-src-via': 2,
  'private-via': 4,
  'private-sdp': 8,
  'diff-port-src-via': 16,
  'diff-ip-src-contact': 32,
  'diff-port-src-contact': 64,
  /** No test of its own: widens the private networks of the others by those of carrier-grade NAT. */
  'carrier-grade-nat': 128,
} as const;

export type NatTestName = keyof typeof NAT_TESTS;

const NAMES = Object.keys(NAT_TESTS) as NatTestName[];

/** What `nat_uac_test` calls private; without IPv6, which it never does. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8'].map(cidr);
/** RFC 6333 §5.7. */
const CARRIER_GRADE = cidr('192.0.0.0/29');

/** @returns the tests whose bits are set in a number; undefined for bits that name none */
export function natTestsOf(bits: number): NatTestName[] | undefined {
  if (!Number.isInteger(bits) || bits < 0 || bits > 255) return undefined;
  return NAMES.filter((name) => (bits & NAT_TESTS[name]) !== 0);
}

export function isNatTestName(text: string): text is NatTestName {
  return Object.hasOwn(NAT_TESTS, text);
}

/** Whether one of the tests finds a sign of NAT (OpenSIPS nathelper, `nat_uac_test`). */
export function natTest(message: SipMessage, flow: Flow, tests: readonly NatTestName[]): boolean {
  const wide = tests.includes('carrier-grade-nat');
  return tests.some((test) => runTest(test, message, flow, wide));
}

function runTest(test: NatTestName, message: SipMessage, flow: Flow, wide: boolean): boolean {
  const via = message.topVia;
  switch (test) {
    case 'private-contact':
      return contactUris(message).some(({ host }) => isPrivate(host, wide));
    case 'diff-ip-src-via':
      return via !== undefined && (via.received !== undefined || !sameHost(via.host, flow));
    case 'private-via':
      return via !== undefined && isPrivate(via.host, wide);
    case 'private-sdp':
      return sdpAddresses(message).some((address) => isPrivate(address, wide));
    case 'diff-port-src-via':
      return via !== undefined && (via.port ?? viaPort(via.transport)) !== flow.remotePort;
    case 'diff-ip-src-contact':
      return contactUris(message).some(({ host }) => !sameHost(host, flow));
    case 'diff-port-src-contact':
      return contactUris(message).some((contact) => contactPort(contact) !== flow.remotePort);
    case 'carrier-grade-nat':
      return false;
  }
}

/**
 * Whether the sender is reached only where its message came from. Private addresses alone are no sign: a phone in the
 * same private network has one, too, and is reached there. What counts is that the addresses which the sender
 * believes to have differ from where it is seen; ports count for datagrams only, for a connection has a port of its own.
 * False for what came by way of a proxy, whose address says nothing about the sender.
 */
export function isBehindNat(message: SipMessage, flow: Flow): boolean {
  if (message.hasSeveral(H.Via)) return false;
  // A browser has no address to print, and nobody can connect to it (RFC 7118 §5).
  if (flow.transport === 'ws' || flow.transport === 'wss') return true;
  const datagrams = !isReliable(flow.transport);
  const via = message.topVia;
  if (via !== undefined && (via.host === flow.remoteAddress || ipFamily(via.host) !== 0)) {
    if (!sameHost(via.host, flow)) return true;
    if (datagrams && (via.port ?? viaPort(via.transport)) !== flow.remotePort) return true;
  }
  if (isContactAt(message, flow.remoteAddress, flow.remotePort)) return false;
  const contact = contactUri(message);
  if (contact === undefined || ipFamily(contact.host) === 0) return false;
  if (!sameHost(contact.host, flow)) return true;
  return datagrams && contactPort(contact) !== flow.remotePort;
}

/**
 * Whether {@link isBehindNat} says no of the INVITE that `scanInvite` has found, as far as that is plain: false where it may
 * say yes.
 */
export function isPlainlyDirect(bytes: Buffer, via: Via, { remoteAddress, remotePort }: Flow): boolean {
  if (via.host !== remoteAddress || (via.port ?? viaPort(via.transport)) !== remotePort) return false;
  const { start, value, end } = invite.contact;
  return start < 0 || isAddressOf(bytes, value, end, remoteAddress, remotePort);
}

/** Every Contact that is a `sip:` or `sips:` URI. */
function contactUris(message: SipMessage): readonly Uri[] {
  return message.elements(H.Contact).flatMap(({ text }) => {
    const uri = NameAddr.parse(text)?.uri;
    return uri?.kind === 'sip' ? [uri] : [];
  });
}

/** The first Contact, where it is a `sip:` or `sips:` URI. */
function contactUri(message: SipMessage): Uri | undefined {
  const uri = message.topElement(H.Contact)?.address?.uri;
  return uri?.kind === 'sip' ? uri : undefined;
}

/** Compared as addresses, so that spellings of IPv6 do not matter; a name is never the same as an address. */
function sameHost(host: string, flow: Flow): boolean {
  return host === flow.remoteAddress || canonicalHost(host) === flow.remoteAddress;
}

function viaPort(transport: string): number {
  return defaultPort(transportName(transport) ?? 'udp');
}

function contactPort(uri: Uri): number {
  if (uri.port !== undefined) return uri.port;
  const transport = transportName(uri.param('transport') ?? '') ?? 'udp';
  return uri.scheme === 'sips' ? defaultPort('tls') : defaultPort(transport);
}

function isPrivate(host: string, wide: boolean): boolean {
  return PRIVATE.some((network) => network.contains(host)) || (wide && CARRIER_GRADE.contains(host));
}

/** The addresses of the `c=` lines of a session description (RFC 8866 §5.7). */
function sdpAddresses(message: SipMessage): string[] {
  const type = message.get(H.ContentType)?.toLowerCase();
  // In a multipart body no other part has such lines.
  if (!type?.startsWith('application/sdp') && !type?.startsWith('multipart/')) return [];
  const addresses: string[] = [];
  const body = message.body.toString('latin1');
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf('\n', at);
    const end = lineEnd < 0 ? body.length : lineEnd;
    if (body.startsWith('c=IN IP4 ', at)) addresses.push(body.slice(at + 'c=IN IP4 '.length, end).trim());
    at = end + 1;
  }
  return addresses;
}

function cidr(text: string): Cidr {
  return Cidr.parse(text)!;
}
