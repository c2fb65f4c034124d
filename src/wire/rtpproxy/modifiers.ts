import { ipFamily } from '../../base/ip.ts';
import { parseDecimal } from '../sip/text.ts';
import { RtpproxyError, type RtpproxyErrorCode } from './error-code.ts';

/** More payload types than there are. */
const MOST_CODECS = 128;

/** What stands behind the letter of `U` and `L`. */
export interface UpdateModifiers {
  /** `a`: the party sends from elsewhere than it listens; `s`: it does not; undefined: as the daemon is set. */
  readonly asymmetric?: boolean;
  /** `i` and `e`, in the order written: the side that the message comes from, and the one it goes to. */
  readonly interfaces: readonly ('internal' | 'external')[];
  readonly ipv6: boolean;
  /** `w`: the session is held by a weak mark, which only a delete with `w` takes off. */
  readonly weak: boolean;
  /** `z`: milliseconds a packet, 1 to 999. */
  readonly packetTime?: number;
  /** `c`: payload types. */
  readonly codecs?: readonly number[];
  /** `l`: the daemon's address to use, or the label of one (`l{label}`). */
  readonly localAddress?: { readonly address: string } | { readonly label: string };
  /** `r`: an address; the daemon uses the one from which it reaches that. */
  readonly remoteAddress?: string;
  /** `n`: another port than before. */
  readonly newPort: boolean;
}

export const NO_MODIFIERS: UpdateModifiers = { interfaces: [], ipv6: false, weak: false, newPort: false };

type Writable = { -readonly [K in keyof UpdateModifiers]: UpdateModifiers[K] };

/** @returns the number of the error for modifiers that are wrong */
export function parseModifiers(text: string): UpdateModifiers | RtpproxyErrorCode {
  const interfaces: ('internal' | 'external')[] = [];
  const found: Writable = { interfaces, ipv6: false, weak: false, newPort: false };
  for (let at = 0; at < text.length; ) {
    const letter = text.charAt(at++).toLowerCase();
    switch (letter) {
      case 'a':
      case 's':
        found.asymmetric = letter === 'a';
        break;
      case 'e':
        if (interfaces.push('external') > 2) return RtpproxyError.ExternalInterface;
        break;
      case 'i':
        if (interfaces.push('internal') > 2) return RtpproxyError.InternalInterface;
        break;
      case '6':
        found.ipv6 = true;
        break;
      case 'w':
        found.weak = true;
        break;
      case 'n':
        found.newPort = true;
        break;
      case 'z': {
        const end = runEnd(text, at, isDigit);
        const packetTime = parseDecimal(text.slice(at, end));
        if (packetTime === undefined || packetTime < 1 || packetTime > 999) return RtpproxyError.PacketTime;
        found.packetTime = packetTime;
        at = end;
        break;
      }
      case 'c': {
        const end = runEnd(text, at, isListByte);
        const codecs = parseCodecs(text.slice(at, end));
        if (!codecs || found.codecs) return RtpproxyError.Codecs;
        found.codecs = codecs;
        at = end;
        break;
      }
      case 'l': {
        const end = addressEnd(text, at);
        if (end < 0) return RtpproxyError.LocalAddressSyntax;
        const inner = unwrapped(text.slice(at, end));
        found.localAddress = text.charAt(at) === '{' ? { label: inner } : { address: inner };
        at = end;
        break;
      }
      case 'r': {
        const end = text.charAt(at) === '{' ? -1 : addressEnd(text, at);
        if (end < 0) return RtpproxyError.RemoteAddressSyntax;
        found.remoteAddress = unwrapped(text.slice(at, end));
        if (ipFamily(found.remoteAddress) === 0) return RtpproxyError.RemoteAddress;
        at = end;
        break;
      }
      default:
        return RtpproxyError.UnknownModifier;
    }
  }
  const local = found.localAddress;
  // Both have to be of the session's family, wherever its letter stands.
  if (local && 'address' in local && ipFamily(local.address) !== (found.ipv6 ? 6 : 4)) {
    return RtpproxyError.LocalAddress;
  }
  return found;
}

/** @returns the modifiers in the order in which OpenSIPS writes them: letters, addresses, numbers, codecs last */
export function printModifiers(modifiers: UpdateModifiers): string {
  const { asymmetric, interfaces, ipv6, weak, packetTime, codecs, localAddress, remoteAddress, newPort } =
    modifiers;
  let text = asymmetric === undefined ? '' : asymmetric ? 'A' : 'S';
  for (const side of interfaces) text += side === 'internal' ? 'I' : 'E';
  if (ipv6) text += '6';
  if (weak) text += 'W';
  if (newPort) text += 'N';
  if (localAddress)
    text += 'label' in localAddress ? `l{${localAddress.label}}` : `l${wrapped(localAddress.address)}`;
  if (packetTime !== undefined) text += `Z${packetTime}`;
  if (remoteAddress !== undefined) text += `R${wrapped(remoteAddress)}`;
  if (codecs) text += `c${codecs.join(',')}`;
  return text;
}

/** @returns undefined for an empty list, and what is no payload type */
export function parseCodecs(text: string): number[] | undefined {
  const codecs: number[] = [];
  for (const digits of text.split(',', MOST_CODECS + 1)) {
    if (digits === '') continue;
    const codec = parseDecimal(digits);
    if (codec === undefined || codec > 127) return undefined;
    codecs.push(codec);
  }
  return codecs.length === 0 || codecs.length > MOST_CODECS ? undefined : codecs;
}

/** Where an address ends that begins at `from`: bare digits and dots, or what stands in brackets or braces. */
function addressEnd(text: string, from: number): number {
  const first = text.charAt(from);
  if (first === '[' || first === '{') {
    const close = text.indexOf(first === '[' ? ']' : '}', from + 1);
    return close <= from + 1 ? -1 : close + 1;
  }
  const end = runEnd(text, from, isQuadByte);
  return end === from ? -1 : end;
}

function unwrapped(text: string): string {
  return text.charAt(0) === '[' || text.charAt(0) === '{' ? text.slice(1, -1) : text;
}

function wrapped(address: string): string {
  return address.indexOf(':') >= 0 ? `[${address}]` : address;
}

function runEnd(text: string, from: number, belongs: (c: number) => boolean): number {
  let at = from;
  while (at < text.length && belongs(text.charCodeAt(at))) at++;
  return at;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isListByte(c: number): boolean {
  return isDigit(c) || c === 0x2c;
}

function isQuadByte(c: number): boolean {
  return isDigit(c) || c === 0x2e;
}
