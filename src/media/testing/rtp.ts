import { RTP_HEADER_BYTES, type RtpHeader, writeRtpHeader } from '../../wire/rtp/rtp-header.ts';

export function rtpPacket(header: RtpHeader, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(RTP_HEADER_BYTES + content.length);
  writeRtpHeader(bytes, header);
  bytes.set(content, RTP_HEADER_BYTES);
  return bytes;
}
