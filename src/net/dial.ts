import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { logLine } from '../base/channels.ts';
import { formatHostPort } from '../base/ip.ts';
import type { BoundListener } from './bound-listener.ts';
import type { NetCounters } from './net-counters.ts';
import { serverIdentityFault } from './server-identity.ts';

/** Connects from the address of the listener; `connected` is called when bytes can pass. */
export function dialTcp(listener: BoundListener, host: string, port: number, connected: () => void): Socket {
  const socket = connect({ host, port, localAddress: listener.address, noDelay: true, keepAlive: true });
  socket.once('connect', connected);
  return socket;
}

export interface TlsDial {
  readonly context: SecureContext;
  readonly counters: NetCounters;
  /** Whom the server has to prove to be: a SIP domain, or the IP address where no name led there. */
  readonly identity: string;
  /** Whether it has to. */
  readonly verify: boolean;
}

/** As {@link dialTcp}, with the hand-shake: a server that does not prove its identity (RFC 5922 §4) is left again. */
export function dialTls(
  listener: BoundListener,
  host: string,
  port: number,
  { context, counters, identity, verify }: TlsDial,
  connected: () => void,
): TLSSocket {
  const socket = connectTls({
    host,
    port,
    // Known to `net.connect`, to which the options are handed on.
    ...{ localAddress: listener.address },
    secureContext: context,
    rejectUnauthorized: verify,
    ...(isIP(identity) === 0 && { servername: identity }),
    checkServerIdentity: (_name, certificate) => serverIdentityFault(certificate.raw, identity),
  });
  socket.setNoDelay(true).setKeepAlive(true);
  let reached = false;
  let secure = false;
  socket.once('connect', () => {
    reached = true;
  });
  socket.once('secureConnect', () => {
    secure = true;
    socket.disableRenegotiation();
    connected();
  });
  socket.on('error', (error) => {
    if (!reached || secure) return;
    counters.tlsHandshakesFailed++;
    logLine('warn', 'net', `tls to ${identity} at ${formatHostPort(host, port)}: ${error.message}`);
  });
  return socket;
}
