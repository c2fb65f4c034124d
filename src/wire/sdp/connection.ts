import { ServerError } from '../../base/errors.ts';
import { canonicalHost, type IpFamily, ipFamily } from '../../base/ip.ts';
import { words } from './lines.ts';

/** Where media is wanted: the address of a `c=` line (RFC 8866 §5.7), of `o=` or `a=rtcp`. */
export interface Connection {
  readonly family: IpFamily;
  /** As written, without the multicast suffix: an address or a name. */
  readonly address: string;
  /** `/ttl`, `/ttl/count` or `/count` of a multicast address, or ''. */
  readonly suffix: string;
}

/** @returns undefined for another network than IN, another family than the address's own, or what is no address */
export function parseConnection(value: string): Connection | undefined {
  const [net, type, written, more] = words(value, 4);
  if (net?.toUpperCase() !== 'IN' || type === undefined || written === undefined || more !== undefined) {
    return undefined;
  }
  const family = addressType(type);
  if (family === 0) return undefined;
  const slash = written.indexOf('/');
  const address = slash < 0 ? written : written.slice(0, slash);
  if (!isHost(address, family)) return undefined;
  return { family, address, suffix: slash < 0 ? '' : written.slice(slash) };
}

/**
 * @param address without brackets; a name counts as IPv4
 * @returns `IN IP4 192.0.2.1`
 * @throws ServerError SIP_BAD_FIELD for what is neither address nor name
 */
export function printConnection(address: string): string {
  const family = address.indexOf(':') >= 0 ? 6 : 4;
  if (!isHost(address, family)) {
    throw new ServerError('SIP_BAD_FIELD', `media address: "${address}" is neither an IP address nor a name`);
  }
  return `IN IP${family} ${address}`;
}

/** Whether it says "send me nothing": 0.0.0.0 or :: (RFC 3264 §8.4). */
export function isNullAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || canonicalHost(address) === '::';
}

function addressType(type: string): IpFamily | 0 {
  const upper = type.toUpperCase();
  return upper === 'IP4' ? 4 : upper === 'IP6' ? 6 : 0;
}

function isHost(address: string, family: IpFamily): boolean {
  if (address.charCodeAt(0) === 0x5b) return false;
  const own = ipFamily(address);
  if (own !== 0) return own === family;
  // A name: letters, digits, dots and hyphens, and not a broken number.
  let letters = 0;
  for (let i = 0; i < address.length; i++) {
    const c = address.charCodeAt(i) | 0x20;
    if (c >= 0x61 && c <= 0x7a && address.charCodeAt(i) >= 0x41) letters++;
    else if (!isNameByte(address.charCodeAt(i))) return false;
  }
  return letters > 0;
}

function isNameByte(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || c === 0x2e || c === 0x2d || c === 0x5f;
}
