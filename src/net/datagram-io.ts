import type { IpFamily } from '../base/ip.ts';
import type { Refusals } from './refusals.ts';

/** Where and how a datagram socket is opened. */
export interface DatagramOptions {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly family: IpFamily;
  /** Size of the kernel's receive buffer in bytes; the kernel may give less. */
  readonly receiveBufferBytes?: number;
  /** Shares the port with other sockets, among which the kernel spreads the datagrams (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** What need not be told to the sink, for it is refused; not every path does so. */
  readonly refusals?: Refusals | undefined;
}

export interface DatagramSink {
  /** One datagram of a batch. The bytes are the receiver's to keep. */
  datagram(bytes: Buffer, address: string, port: number): void;
  sendFailed(address: string, port: number, reason: string): void;
  /** So many datagrams were dropped because they were not taken in time. */
  overrun?(count: number): void;
  /** The first datagram of the batch that follows had waited so long, in ms; only where the kernel tells. */
  waited?(ms: number): void;
}

/**
 * Datagrams in and out. Receiving happens in batches: the sink is called for each datagram in turn, and what is sent
 * meanwhile may be collected and leave together when the batch is through. What is sent outside a batch leaves at
 * the latest in the next turn of the event loop, under load within a millisecond. Order is kept.
 */
export interface DatagramIo {
  /** The bound port. */
  readonly port: number;
  /**
   * @param address IP address without brackets, of the socket's family
   * @returns false where the datagram is dropped: the queue is full, the socket closed, or the port none
   */
  send(bytes: Buffer, address: string, port: number): boolean;
  close(): Promise<void>;
}

/** Opens a socket, or rejects with the system's error (`code` such as EADDRINUSE). */
export type OpenDatagramIo = (options: DatagramOptions, sink: DatagramSink) => Promise<DatagramIo>;
