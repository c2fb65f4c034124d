import { ServerError } from '../../base/errors.ts';
import { ipFamily } from '../../base/ip.ts';
import { parsePort } from '../../wire/sdp/lines.ts';

/** rtpproxy's. */
export const CONTROL_PORT = 22_222;

export interface DatagramAddress {
  readonly kind: 'udp' | 'udp6';
  /** An address or a name; `0.0.0.0` or `::` for all. */
  readonly host: string;
  readonly port: number;
}

export type StreamAddress =
  | { readonly kind: 'tcp' | 'tcp6'; readonly host: string; readonly port: number }
  /** `unix` takes one command a connection, `cunix` any number. */
  | { readonly kind: 'unix' | 'cunix'; readonly path: string };

/** Where commands come in. */
export type ControlAddress =
  | DatagramAddress
  | StreamAddress
  /** `stdioc:` ends the relay when its input ends. */
  | { readonly kind: 'stdio'; readonly endsWithInput: boolean };

/**
 * Reads rtpproxy's `-s`: `udp:HOST[:PORT]`, `udp6:`, `tcp:`, `tcp6:`, `unix:PATH`, `cunix:PATH`, `stdio:`, `stdioc:`, and a
 * bare path.
 * @throws ServerError NET_BAD_CONTROL_SOCKET
 */
export function parseControlAddress(text: string): ControlAddress {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case 'udp':
    case 'udp6':
    case 'tcp':
    case 'tcp6':
      return inet(scheme, rest, text);
    case 'unix':
    case 'cunix':
      if (rest === '') throw bad(text, `a path is missing, as in ${scheme}:/run/viaduct/relay.sock`);
      return { kind: scheme, path: rest };
    case 'stdio':
    case 'stdioc':
      return { kind: 'stdio', endsWithInput: scheme === 'stdioc' };
    case 'systemd':
      throw bad(text, 'sockets of systemd are not taken over; let the relay open its own with unix: or udp:');
  }
  if (text === '' || (colon >= 0 && !text.includes('/'))) {
    throw bad(text, 'write udp:127.0.0.1:22222, tcp:…, unix:/run/viaduct/relay.sock or cunix:…');
  }
  return { kind: 'unix', path: text };
}

/** As it is written behind `-s`. */
export function printControlAddress(address: ControlAddress): string {
  switch (address.kind) {
    case 'unix':
    case 'cunix':
      return `${address.kind}:${address.path}`;
    case 'stdio':
      return address.endsWithInput ? 'stdioc:' : 'stdio:';
    default:
      return `${address.kind}:${address.host}:${address.port}`;
  }
}

/** `udp6:::1:9000` is port 9000 of ::1, as rtpproxy has it, though it might be an address too. */
function inet(kind: 'udp' | 'udp6' | 'tcp' | 'tcp6', rest: string, text: string): ControlAddress {
  const isSix = kind.endsWith('6');
  const any = isSix ? '::' : '0.0.0.0';
  const close = rest.startsWith('[') ? rest.indexOf(']') : -1;
  const colon = rest.lastIndexOf(':');
  let host = rest;
  let port: number | undefined = CONTROL_PORT;
  if (close > 0) {
    host = rest.slice(1, close);
    if (close < rest.length - 1)
      port = rest[close + 1] === ':' ? parsePort(rest.slice(close + 2)) : undefined;
  } else if (colon >= 0 && !(ipFamily(rest) === 6 && ipFamily(rest.slice(0, colon)) !== 6)) {
    host = rest.slice(0, colon);
    port = parsePort(rest.slice(colon + 1));
  }
  if (port === undefined) throw bad(text, 'the port is a number up to 65535');
  if (host === '' || host === '*') host = any;
  const family = ipFamily(host);
  if (family !== 0 && family !== (isSix ? 6 : 4)) {
    throw bad(text, `${host} is IPv${family}: write ${kind.slice(0, 3)}${family === 6 ? '6' : ''}:${rest}`);
  }
  return { kind, host, port };
}

function bad(text: string, hint: string): ServerError {
  return new ServerError('NET_BAD_CONTROL_SOCKET', `"${text}" is no control socket`, { hint });
}
