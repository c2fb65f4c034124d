import { loadNativeAddon } from './native-addon.ts';
import type { Refusals } from './refusals.ts';

/** What `native/datagram.c` gives for one socket: memory that both sides share, and two functions. */
export interface AcceleratedSocket {
  readonly port: number;
  /** Received bytes; where each datagram lies say the descriptors. */
  readonly inBytes: Uint8Array;
  /** Bytes that wait to be sent. */
  readonly outBytes: Uint8Array;
  /** Four words a datagram: offset, length, port, IPv4 address in network order. */
  readonly in: Int32Array;
  readonly out: Int32Array;
  /** Sixteen bytes a datagram: IPv6 addresses. */
  readonly inAddresses: Uint8Array;
  readonly outAddresses: Uint8Array;
  /**
   * Bounds of the queue, how many of it the kernel refused, whether it is flushed soon without being asked, how many
   * datagrams a full inbox or the kernel has dropped, and how long the first of the batch had waited, in µs; -1 where nobody knows.
   */
  readonly state: Int32Array;
  flush(): void;
  close(): void;
}

export interface Accelerator {
  /**
   * Throws an error with `errno` where the socket cannot be bound.
   * @param workers how many share the socket, of which a thread hands each the datagrams that are its own; 0 where it
   *   belongs to the caller alone
   */
  open(
    family: number,
    address: Uint8Array,
    port: number,
    receiveBufferBytes: number,
    reusePort: boolean,
    onBatch: (count: number) => void,
    worker: number,
    workers: number,
    refusals: Refusals | undefined,
  ): AcceleratedSocket;
  /** Closes the shared sockets of workers that have all ended without closing them. */
  closeAbandoned(): void;
  /** `messageOwner` of `wire/sip/owner.ts` in C. */
  ownerOf(bytes: Uint8Array, workers: number): number;
  /**
   * What a socket does with one datagram.
   * @param address IPv4, in network order
   * @returns the answer; null for an ACK that is absorbed, undefined for what is passed on
   */
  refuse(by: Refusals, bytes: Uint8Array, address: number, port: number): Buffer | null | undefined;
}

/** @returns undefined where the addon was not built for this machine, or cannot be loaded */
export function loadAccelerator(): Accelerator | undefined {
  return loadNativeAddon('datagram') as Accelerator | undefined;
}
