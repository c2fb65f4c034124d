import { byteTable } from './text.ts';

/**
 * Takes `host`, `host:port`, `[v6]`, `[v6]:port` apart.
 * @returns undefined where the host is empty or holds what a host cannot, or the port is no number from 1 to 65535
 */
export function parseHostPort(text: string): HostPort | undefined {
  return scanHostPort(text, 0, text.length) ? { host: found.host, port: found.port } : undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** What {@link scanHostPort} found: one for all, for URIs are read for each message. */
export const found: { host: string; port: number | undefined } = { host: '', port: undefined };

/** As {@link parseHostPort}, for a part of a text; gives it in {@link found}. @returns false where it is none */
export function scanHostPort(text: string, start: number, end: number): boolean {
  const hostEnd = text.charCodeAt(start) === 0x5b ? scanIpv6(text, start, end) : scanHost(text, start, end);
  if (hostEnd < 0) return false;
  found.port = undefined;
  if (hostEnd === end) return true;
  if (text.charCodeAt(hostEnd) !== 0x3a) return false;
  const port = portAt(text, hostEnd + 1, end);
  if (port === 0) return false;
  found.port = port;
  return true;
}

/** @returns 0 for what is no port */
function portAt(text: string, start: number, end: number): number {
  if (end <= start || end - start > 15) return 0;
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return 0;
    port = port * 10 + digit;
  }
  return port > 65535 ? 0 : port;
}

/** @returns the position behind the closing bracket, or -1 */
function scanIpv6(text: string, start: number, end: number): number {
  const close = text.indexOf(']', start);
  if (close < 0 || close >= end) return -1;
  found.host = text.slice(start + 1, close);
  return found.host.indexOf(':') >= 0 && holdsOnly(found.host, IPV6_BYTES) ? close + 1 : -1;
}

/** @returns where the host ends, or -1 */
function scanHost(text: string, start: number, end: number): number {
  let at = start;
  let before = 0x2e;
  while (at < end) {
    const c = text.charCodeAt(at);
    if (c === 0x3a) break;
    if (HOST_BYTES[c] !== 1 || (c === 0x2e && before === 0x2e)) return -1;
    before = c;
    at++;
  }
  if (at === start) return -1;
  found.host = text.slice(start, at);
  return at;
}

// '_' is no legal host character, but names in the wild have it.
const HOST_BYTES = byteTable('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._');
const IPV6_BYTES = byteTable('0123456789abcdefABCDEF:.');

function holdsOnly(text: string, bytes: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}
