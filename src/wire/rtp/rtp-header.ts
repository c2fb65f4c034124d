/** Length of the fixed header, in bytes (RFC 3550 §5.1). */
export const RTP_HEADER_BYTES = 12;

/** What a datagram on a media port is, by its first bytes (RFC 7983 §7, RFC 5761 §4). */
export type PacketKind = 'rtp' | 'rtcp' | 'stun' | 'dtls' | 'other';

/** The readers below mean packets that this calls `rtp`; it says nothing about what is behind the fixed header. */
export function packetKind(bytes: Uint8Array): PacketKind {
  const first = bytes[0];
  if (first === undefined) return 'other';
  if (first >= 128 && first <= 191) {
    if (isRtcpType(bytes[1] ?? 0)) return bytes.length >= 8 ? 'rtcp' : 'other';
    return bytes.length >= RTP_HEADER_BYTES ? 'rtp' : 'other';
  }
  if (first <= 3) return 'stun';
  return first >= 20 && first <= 63 ? 'dtls' : 'other';
}

/** RTCP's types, which no RTP packet with a marker may look like (RFC 5761 §4). */
function isRtcpType(second: number): boolean {
  return second >= 192 && second <= 223;
}

export function hasMarker(bytes: Uint8Array): boolean {
  return (bytes[1]! & 0x80) !== 0;
}

export function payloadType(bytes: Uint8Array): number {
  return bytes[1]! & 0x7f;
}

export function sequenceNumber(bytes: Uint8Array): number {
  return (bytes[2]! << 8) | bytes[3]!;
}

export function timestamp(bytes: Uint8Array): number {
  return uint32(bytes, 4);
}

export function ssrc(bytes: Uint8Array): number {
  return uint32(bytes, 8);
}

/** @returns where the payload begins, behind CSRCs and header extension; -1 for a packet that is cut off before */
export function payloadStart(bytes: Uint8Array): number {
  if (bytes.length < RTP_HEADER_BYTES) return -1;
  let at = RTP_HEADER_BYTES + 4 * (bytes[0]! & 0x0f);
  if ((bytes[0]! & 0x10) !== 0) {
    if (at + 4 > bytes.length) return -1;
    at += 4 + 4 * ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return at <= bytes.length ? at : -1;
}

/** @returns the payload without padding (a view of the same bytes); undefined for lengths that do not fit */
export function payload(bytes: Uint8Array): Uint8Array | undefined {
  const start = payloadStart(bytes);
  if (start < 0) return undefined;
  let end = bytes.length;
  if ((bytes[0]! & 0x20) !== 0) {
    const padding = bytes[end - 1]!;
    if (padding === 0 || padding > end - start) return undefined;
    end -= padding;
  }
  return bytes.subarray(start, end);
}

/** What {@link writeRtpHeader} writes: a header without CSRCs and extension. */
export interface RtpHeader {
  readonly marker?: boolean;
  readonly payloadType: number;
  /** 16 bits; higher ones are cut off. */
  readonly sequenceNumber: number;
  /** 32 bits, in units of the payload's clock. */
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Writes the twelve bytes at the buffer's beginning. */
export function writeRtpHeader(bytes: Buffer, header: RtpHeader): void {
  bytes[0] = 0x80;
  bytes[1] = (header.marker ? 0x80 : 0) | (header.payloadType & 0x7f);
  bytes.writeUInt16BE(header.sequenceNumber & 0xffff, 2);
  bytes.writeUInt32BE(header.timestamp >>> 0, 4);
  bytes.writeUInt32BE(header.ssrc >>> 0, 8);
}

/** By hand, for a DataView for each packet would cost more than all else here. */
function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
