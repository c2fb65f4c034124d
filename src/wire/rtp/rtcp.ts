export const SENDER_REPORT = 200;
export const RECEIVER_REPORT = 201;
export const GOODBYE = 203;

const REPORT_BLOCK_BYTES = 24;
const SENDER_INFO_BYTES = 20;

/** What one receiver says about one source (RFC 3550 §6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  /** Of the packets since the report before, 0 to 255 of 256. */
  readonly fractionLost: number;
  /** Since the beginning; negative where packets came twice. */
  readonly packetsLost: number;
  /** 32 bits: cycles above, sequence number below. */
  readonly highestSequence: number;
  /** In units of the payload's clock. */
  readonly jitter: number;
  /** The middle 32 bits of the last sender report's NTP time, 0 for none. */
  readonly lastReport: number;
  /** Since that report, in units of 1/65536 s. */
  readonly delay: number;
}

export interface SenderInfo {
  /** NTP time, 32 bits of seconds and 32 of fractions. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** A packet of a compound: sender and receiver reports are read, of others the type is told. */
export type RtcpPacket =
  | {
      readonly kind: 'report';
      readonly ssrc: number;
      readonly sender?: SenderInfo;
      readonly blocks: readonly ReportBlock[];
    }
  | { readonly kind: 'goodbye'; readonly sources: readonly number[] }
  | { readonly kind: 'other'; readonly type: number };

/** @returns the packets of a compound (RFC 3550 §6.1), or undefined where lengths or versions do not fit */
export function parseRtcp(bytes: Buffer): RtcpPacket[] | undefined {
  const packets: RtcpPacket[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length || bytes[at]! >> 6 !== 2) return undefined;
    const end = at + 4 + 4 * bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    const packet = parsePacket(bytes.subarray(at, end));
    if (!packet) return undefined;
    packets.push(packet);
    at = end;
  }
  return packets.length > 0 ? packets : undefined;
}

function parsePacket(bytes: Buffer): RtcpPacket | undefined {
  const count = bytes[0]! & 0x1f;
  const type = bytes[1]!;
  if (type === SENDER_REPORT || type === RECEIVER_REPORT)
    return parseReport(bytes, count, type === SENDER_REPORT);
  if (type !== GOODBYE) return { kind: 'other', type };
  if (bytes.length < 4 + 4 * count) return undefined;
  return { kind: 'goodbye', sources: Array.from({ length: count }, (_, i) => bytes.readUInt32BE(4 + 4 * i)) };
}

function parseReport(bytes: Buffer, count: number, isSender: boolean): RtcpPacket | undefined {
  const start = 8 + (isSender ? SENDER_INFO_BYTES : 0);
  if (bytes.length < start + count * REPORT_BLOCK_BYTES) return undefined;
  const blocks = Array.from({ length: count }, (_, i) => readBlock(bytes, start + i * REPORT_BLOCK_BYTES));
  const report = { kind: 'report', ssrc: bytes.readUInt32BE(4), blocks } as const;
  return isSender ? { ...report, sender: readSender(bytes) } : report;
}

function readSender(bytes: Buffer): SenderInfo {
  return {
    ntpSeconds: bytes.readUInt32BE(8),
    ntpFraction: bytes.readUInt32BE(12),
    rtpTimestamp: bytes.readUInt32BE(16),
    packets: bytes.readUInt32BE(20),
    octets: bytes.readUInt32BE(24),
  };
}

function readBlock(bytes: Buffer, at: number): ReportBlock {
  return {
    ssrc: bytes.readUInt32BE(at),
    fractionLost: bytes[at + 4]!,
    packetsLost: bytes.readIntBE(at + 5, 3),
    highestSequence: bytes.readUInt32BE(at + 8),
    jitter: bytes.readUInt32BE(at + 12),
    lastReport: bytes.readUInt32BE(at + 16),
    delay: bytes.readUInt32BE(at + 20),
  };
}

/** @returns a sender report where `sender` is given, else a receiver report; of at most 31 blocks */
export function buildReport(ssrc: number, blocks: readonly ReportBlock[], sender?: SenderInfo): Buffer {
  const start = 8 + (sender ? SENDER_INFO_BYTES : 0);
  const kept = blocks.slice(0, 31);
  const bytes = Buffer.alloc(start + kept.length * REPORT_BLOCK_BYTES);
  bytes[0] = 0x80 | kept.length;
  bytes[1] = sender ? SENDER_REPORT : RECEIVER_REPORT;
  bytes.writeUInt16BE(bytes.length / 4 - 1, 2);
  bytes.writeUInt32BE(ssrc >>> 0, 4);
  if (sender) {
    const { ntpSeconds, ntpFraction, rtpTimestamp, packets, octets } = sender;
    for (const [i, value] of [ntpSeconds, ntpFraction, rtpTimestamp, packets, octets].entries()) {
      bytes.writeUInt32BE(value >>> 0, 8 + 4 * i);
    }
  }
  for (const [i, block] of kept.entries()) writeBlock(bytes, start + i * REPORT_BLOCK_BYTES, block);
  return bytes;
}

function writeBlock(bytes: Buffer, at: number, block: ReportBlock): void {
  bytes.writeUInt32BE(block.ssrc >>> 0, at);
  bytes[at + 4] = block.fractionLost;
  bytes.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, block.packetsLost)), at + 5, 3);
  const { highestSequence, jitter, lastReport, delay } = block;
  for (const [i, value] of [highestSequence, jitter, lastReport, delay].entries()) {
    bytes.writeUInt32BE(value >>> 0, at + 8 + 4 * i);
  }
}
