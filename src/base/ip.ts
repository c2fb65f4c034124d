import ipaddr from 'ipaddr.js';

export type IpFamily = 4 | 6;

/** @returns 4, 6, or 0 for what is no IP address; brackets round an IPv6 address are allowed */
export function ipFamily(text: string): IpFamily | 0 {
  if (isDottedQuad(text)) return 4;
  const bare = unbracket(text);
  return bare.indexOf(':') >= 0 && ipaddr.IPv6.isValid(bare) ? 6 : 0;
}

/** Four decimal numbers up to 255 without leading zeros. By hand, for it is asked several times for each message. */
function isDottedQuad(text: string): boolean {
  if (text.length < 7 || text.length > 15) return false;
  let dots = 0;
  let value = -1;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return false;
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return false;
    } else if (digit === -2 && value >= 0) {
      dots++;
      value = -1;
    } else return false;
  }
  return dots === 3 && value >= 0;
}

/** Takes the brackets off an IPv6 reference (RFC 3261 §25.1); anything else is returned as it is. */
export function unbracket(host: string): string {
  return host.charCodeAt(0) === 0x5b && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** Puts brackets round a bare IPv6 address; anything else is returned as it is. */
export function bracket(host: string): string {
  return host.indexOf(':') >= 0 && host.charCodeAt(0) !== 0x5b ? `[${host}]` : host;
}

/**
 * One spelling for one host: names in lower case without a trailing dot, IPv6 in RFC 5952 form without brackets,
 * IPv4-mapped IPv6 as IPv4. Two hosts are the same exactly when their canonical forms are equal.
 */
export function canonicalHost(host: string): string {
  if (isCanonicalName(host)) return host;
  const bare = unbracket(host);
  if (bare.indexOf(':') >= 0 && ipaddr.IPv6.isValid(bare)) {
    const address = ipaddr.IPv6.parse(bare);
    return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
  }
  const lower = bare.toLowerCase();
  return lower.endsWith('.') && lower.indexOf(':') < 0 ? lower.slice(0, -1) : lower;
}

/** Whether it is an IPv4 address or a name in lower case, as nearly all are that are asked for on the way of a message. */
function isCanonicalName(host: string): boolean {
  for (let i = 0; i < host.length; i++) {
    const c = host.charCodeAt(i);
    if ((c < 0x61 || c > 0x7a) && (c < 0x2d || c > 0x39 || c === 0x2f)) return false;
  }
  return host.charCodeAt(host.length - 1) !== 0x2e;
}

/** `host:port`, IPv6 bracketed; without a port only the host. */
export function formatHostPort(host: string, port?: number): string {
  const printed = bracket(host);
  return port === undefined ? printed : `${printed}:${port}`;
}

/**
 * What counts as one source: an IPv4 address, or the /64 of an IPv6 address, in which whoever has one address has them all.
 * @param address canonical, without brackets
 */
export function sourceNetwork(address: string): string {
  if (address.indexOf(':') < 0) return address;
  const gap = address.indexOf('::');
  const groups = (gap < 0 ? address : address.slice(0, gap)).split(':').filter((group) => group !== '');
  const tail = gap < 0 ? [] : address.slice(gap + 2).split(':');
  while (groups.length < 4) groups.push(groups.length + tail.length < 8 ? '0' : tail.shift()!);
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** A network in CIDR notation; a single address is a network of its own. */
export class Cidr {
  readonly text: string;
  readonly prefix: number;
  readonly #base: ipaddr.IPv4 | ipaddr.IPv6;

  private constructor(text: string, base: ipaddr.IPv4 | ipaddr.IPv6, prefix: number) {
    this.text = text;
    this.#base = base;
    this.prefix = prefix;
  }

  /** @returns undefined for text that is neither an address nor a network */
  static parse(text: string): Cidr | undefined {
    const slash = text.indexOf('/');
    const host = unbracket(slash < 0 ? text : text.slice(0, slash));
    if (ipFamily(host) === 0) return undefined;
    const base = ipaddr.parse(host);
    const most = base.kind() === 'ipv4' ? 32 : 128;
    if (slash < 0) return new Cidr(text, base, most);
    const length = text.slice(slash + 1);
    if (!/^\d{1,3}$/.test(length) || Number(length) > most) return undefined;
    return new Cidr(text, base, Number(length));
  }

  /** Whether an IP address (text, brackets allowed) lies in the network; false for names. */
  contains(address: string): boolean {
    const bare = unbracket(address);
    if (ipFamily(bare) === 0) return false;
    const parsed = ipaddr.process(bare);
    if (parsed.kind() !== this.#base.kind()) return false;
    return parsed.kind() === 'ipv4'
      ? (parsed as ipaddr.IPv4).match(this.#base as ipaddr.IPv4, this.prefix)
      : (parsed as ipaddr.IPv6).match(this.#base as ipaddr.IPv6, this.prefix);
  }
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193 and RFC 4291 link-local: addresses that the Internet does not route. */
export const PRIVATE_NETWORKS: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
];

export const LOOPBACK_NETWORKS: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** @param address an IP address without brackets @returns its 4 or 16 bytes */
export function addressBytes(address: string): readonly number[] {
  return ipaddr.parse(address).toByteArray();
}
