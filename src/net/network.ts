import type { Flow } from './flow.ts';
import type { Listener } from './listener.ts';
import type { TransportName } from './transport-name.ts';

/** The next hop, resolved down to an address (RFC 3263 §4). */
export interface Destination {
  readonly transport: TransportName;
  /** Canonical IP address without brackets. */
  readonly address: string;
  readonly port: number;
  /** The SIP domain that led there: over TLS, its certificate has to be shown (RFC 5922 §4). */
  readonly domain?: string | undefined;
}

/** What the network tells the floor above. Nothing thrown here may reach a socket's callback. */
export interface NetworkSink {
  /** One framed message, or one datagram that is more than a keep-alive. The bytes are the receiver's to keep. */
  message(bytes: Buffer, flow: Flow): void;
  /** A connection could not be made, broke, or a datagram could not be sent: what was sent on it may be lost. */
  flowFailed(flow: Flow, reason: string): void;
  /** A connection is no more, whoever ended it, and however well; after {@link flowFailed} where that is told too. */
  flowClosed?(flow: Flow, reason: string): void;
}

/** The sockets as the floors above see them. */
export interface Network {
  readonly listeners: readonly Listener[];
  /**
   * The flow on which `listener` reaches a destination: an open connection where there is one, else a new one that
   * connects when something is sent.
   * @returns undefined where the table of connections is full
   */
  flowTo(listener: Listener, destination: Destination): Flow | undefined;
  /** The peer of a connection asks to be called back on it, as though it were one to its address and `port` (RFC 5923). */
  reuse?(flow: Flow, port: number): void;
  /** The open connection with that id, as long as it lives. */
  connection(id: number): Flow | undefined;
  /** Every open connection, for those who look after the server. */
  connections?(): readonly OpenConnection[];
  /** Reads certificate files that have changed; what is wrong with them is logged and counted. */
  reloadCertificates?(): void;
}

/** A connection that can be closed by hand. */
export interface OpenConnection extends Flow {
  close(reason: string): void;
}
