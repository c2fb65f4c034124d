/** A packet read back from a capture file. */
export interface CapturedPacket {
  readonly when: number;
  readonly source: string;
  readonly destination: string | undefined;
  readonly payload: Buffer;
}

/** Reads what `PCAP` writes. @throws Error where a checksum or a length is wrong */
export function readPcap(file: Buffer): CapturedPacket[] {
  if (file.readUInt32LE(0) !== 0xa1b2c3d4 || file.readUInt32LE(20) !== 1) throw new Error('no pcap file');
  const packets: CapturedPacket[] = [];
  for (let at = 24; at < file.length; ) {
    const length = file.readUInt32LE(at + 8);
    if (length !== file.readUInt32LE(at + 12) || at + 16 + length > file.length)
      throw new Error('cut record');
    const frame = file.subarray(at + 16, at + 16 + length);
    const when = file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000;
    packets.push({ when, ...readFrame(frame) });
    at += 16 + length;
  }
  return packets;
}

function readFrame(frame: Buffer): Omit<CapturedPacket, 'when'> {
  const four = frame.readUInt16BE(12) === 0x0800;
  const ip = frame.subarray(14);
  const [header, size] = four ? [20, 4] : [40, 16];
  const addresses = ip.subarray(header - 2 * size, header);
  const udp = ip.subarray(header);
  if (four && (ip.readUInt16BE(2) !== ip.length || sum(ip.subarray(0, 20)) !== 0xffff))
    throw new Error('IPv4 header');
  if (!four && ip.readUInt16BE(4) !== udp.length) throw new Error('IPv6 header');
  if (udp.readUInt16BE(4) !== udp.length || udp.readUInt16BE(6) === 0) throw new Error('UDP header');
  const pseudo = Buffer.concat([addresses, Buffer.from([0, 17, udp.length >> 8, udp.length & 255]), udp]);
  if (sum(pseudo) !== 0xffff) throw new Error('UDP checksum');
  const text = (bytes: Buffer) => (four ? bytes.join('.') : bytes.toString('hex'));
  return {
    source: `${text(addresses.subarray(0, size))}:${udp.readUInt16BE(0)}`,
    destination: `${text(addresses.subarray(size))}:${udp.readUInt16BE(2)}`,
    payload: udp.subarray(8),
  };
}

function sum(bytes: Buffer): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i++) total += i % 2 === 0 ? bytes[i]! << 8 : bytes[i]!;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** Reads what `RTPPROXY_CAPTURE` writes. */
export function readRtpproxyCapture(file: Buffer): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  for (let at = 0; at < file.length; ) {
    const six = file.readUInt16LE(at) === 10;
    const address = file.subarray(at + 4, at + (six ? 20 : 8));
    const length = file.readUInt16LE(at + 28);
    packets.push({
      when: file.readDoubleLE(at + 20) * 1000,
      source: `${six ? address.toString('hex') : address.join('.')}:${file.readUInt16BE(at + 2)}`,
      destination: undefined,
      payload: file.subarray(at + 30, at + 30 + length),
    });
    at += 30 + length;
  }
  return packets;
}
