import { ServerError } from '../base/errors.ts';
import { bracket, canonicalHost, ipFamily } from '../base/ip.ts';
import type { AddressParts } from '../net/listener.ts';
import { defaultPort, isSecure, type TransportName } from '../net/transport-name.ts';

/** A host and a port that are printed together; never taken apart (frozen). */
export interface AdvertisedAddress {
  /** As written in the configuration or script; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port` with IPv6 bracketed: the sent-by of a Via (RFC 3261 §20.42). */
  readonly printed: string;
  /** An advertise level gave the port, so URIs print it even where it is the transport's default. */
  readonly portGiven: boolean;
}

export type ParsedAddressParts =
  | { readonly ok: true; readonly parts: AddressParts }
  | { readonly ok: false; readonly reason: string };

/**
 * @param host an IP address (IPv6 without brackets) or a name, as {@link parseAddressParts} gives it
 * @throws ServerError SIP_BAD_FIELD where host or port cannot stand in a message
 */
export function advertisedAddress(host: string, port: number, portGiven: boolean): AdvertisedAddress {
  const fault = hostFault(host) ?? portFault(port);
  if (fault !== undefined) throw new ServerError('SIP_BAD_FIELD', `advertised address: ${fault}`);
  return Object.freeze({ host, port, printed: `${bracket(host)}:${port}`, portGiven });
}

/**
 * Reads what an `as` part, a global address or an override gives: `99.88.44.33`, `99.88.44.33:5060`,
 * `[2001:db8::1]:5060`, `2001:db8::1`, `sip.example.com`, `:5080`. Names stay as written and are not resolved.
 */
export function parseAddressParts(text: string): ParsedAddressParts {
  const { host, port } = splitHostPort(text);
  if (host === '' && port === undefined) return { ok: false, reason: 'the address is empty' };
  if (port !== undefined && !isPortText(port)) {
    return { ok: false, reason: `${shown(port)} is not a port: a number from 1 to 65535 is needed` };
  }
  if (host === '') return { ok: true, parts: { port: Number(port) } };
  const fault = hostFault(host);
  if (fault !== undefined) return { ok: false, reason: fault };
  return { ok: true, parts: port === undefined ? { host } : { host, port: Number(port) } };
}

/** Tells a port from an IPv6 address; brackets are taken off. Nothing is checked yet. */
function splitHostPort(text: string): { host: string; port: string | undefined } {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return { host: text, port: undefined };
    const inside = text.slice(1, close);
    const rest = text.slice(close + 1);
    // Brackets are for IPv6 alone: whatever else stands in them is refused with them on.
    const host = inside.indexOf(':') >= 0 ? inside : text.slice(0, close + 1);
    if (rest === '') return { host, port: undefined };
    return rest.startsWith(':') ? { host, port: rest.slice(1) } : { host: text, port: undefined };
  }
  const colon = text.indexOf(':');
  if (colon < 0 || colon !== text.lastIndexOf(':')) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

function isPortText(text: string): boolean {
  return /^\d{1,5}$/.test(text) && portFault(Number(text)) === undefined;
}

function portFault(port: number): string | undefined {
  if (Number.isInteger(port) && port > 0 && port <= 65535) return undefined;
  return `${port} is not a port: a number from 1 to 65535 is needed`;
}

/** @returns why this cannot be printed as a host (RFC 3261 §25.1, RFC 1123 §2.1), undefined where it can */
function hostFault(host: string): string | undefined {
  const family = host.startsWith('[') ? 0 : ipFamily(host);
  if (family !== 0) {
    if (host.indexOf('%') >= 0) return `${shown(host)} has a zone, which means nothing to other hosts`;
    const plain = canonicalHost(host);
    return plain === '0.0.0.0' || plain === '::'
      ? `${shown(host)} is a wildcard: nobody can send to it`
      : undefined;
  }
  if (host.indexOf(':') >= 0) return `${shown(host)} is neither HOST:PORT nor an IPv6 address`;
  if (host.length > 255) return 'a host name is longer than 255 characters';
  // The underscore is no part of RFC 1123, but container platforms put it into names.
  if (
    !/^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(
      host,
    )
  ) {
    return `${shown(host)} has characters that cannot stand in a host`;
  }
  if (/^[0-9.]+$/.test(host)) return `${shown(host)} is not an IPv4 address`;
  return undefined;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/**
 * `sip:user@host[:port][;transport=tcp]` followed by `params`. The port is left out only where it is the default of the
 * very transport that is printed (5060, or 5061 over TLS) and no advertise level gave it; WebSocket has none in SIP.
 * @param uri.user escaped already
 * @param uri.params escaped already, each with its `;` in front: `;lr;r2=on`
 * @param uri.secure writes `sips:`, which says TLS itself (RFC 3261 §26.2.2), where the transport is secure
 */
export function sipUriText(uri: {
  readonly user?: string | undefined;
  readonly address: AdvertisedAddress;
  readonly transport: TransportName;
  readonly params?: string | undefined;
  readonly secure?: boolean | undefined;
}): string {
  const { user, address, transport, params } = uri;
  const hostPort = printsPort(address, transport) ? address.printed : bracket(address.host);
  const userPart = user === undefined ? '' : `${user}@`;
  if (uri.secure && isSecure(transport)) {
    const webSocket = transport === 'wss' ? ';transport=ws' : '';
    return `sips:${userPart}${hostPort}${webSocket}${params ?? ''}`;
  }
  const transportPart = transport === 'udp' ? '' : `;transport=${transport}`;
  return `sip:${userPart}${hostPort}${transportPart}${params ?? ''}`;
}

function printsPort(address: AdvertisedAddress, transport: TransportName): boolean {
  if (address.portGiven || transport === 'ws' || transport === 'wss') return true;
  return address.port !== defaultPort(transport);
}
