import type { Listener } from './listener.ts';
import type { TransportName } from './transport-name.ts';

/** What keeps a flow alive when it is sent on it: the double CRLF of RFC 5626 §4.4.1, on UDP and on streams. */
export const KEEP_ALIVE: Buffer = Buffer.from('\r\n\r\n', 'latin1');

/**
 * Where a message came from or goes to: a datagram peer as seen by one listener, or one connection (RFC 5626 §2).
 * A response goes back on the flow of its request.
 */
export interface Flow {
  readonly listener: Listener;
  readonly transport: TransportName;
  /** Canonical IP address without brackets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Identifies the connection while the process lives; 0 for datagrams. */
  readonly connectionId: number;
  /** The SIP domains in the certificate that the peer of a TLS connection showed and proved (RFC 5922 §7.1). */
  readonly peerDomains?: readonly string[] | undefined;
  /** Whether this server opened the connection over TLS and wants to be called back on it (RFC 5923). */
  readonly callsBack?: boolean | undefined;
  /**
   * Sends one whole message; connecting happens behind it, and bytes wait meanwhile in a bounded queue.
   * @returns false where the flow is closed or its queue is full: the message is not sent
   */
  send(bytes: Buffer): boolean;
  /** From now on the connection is closed where nothing at all comes from the peer for so long. */
  hearWithin?(ms: number): void;
  /** For so long from now on the connection may idle. */
  mayIdle?(ms: number): void;
}
