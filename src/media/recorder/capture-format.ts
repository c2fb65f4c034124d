import type { Endpoint } from '../relay/packet-path.ts';

/**
 * The header before each packet of one way through the relay: made once, and written again and again with what is
 * new, so that a packet costs no memory.
 */
export interface CaptureHeader {
  readonly length: number;
  /**
   * Writes `length` bytes.
   * @param when ms since 1970, with fractions
   * @param packet what stands behind the header
   */
  write(into: Buffer, at: number, when: number, packet: Uint8Array): void;
}

/** A file of packets. */
export interface CaptureFormat {
  /** What the file begins with. */
  readonly fileHeader: Uint8Array;
  /** @param source where the packets came from @param destination the relay's port that they came to */
  header(source: Endpoint, destination: Endpoint): CaptureHeader;
}
