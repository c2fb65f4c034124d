// Reads the captures of dumpcap (classic pcap, Ethernet, IPv4) down to UDP datagrams and TCP segments.

/** One UDP datagram or TCP segment as it stood on the wire. */
export interface Packet {
  readonly time: number; // seconds since 1970
  readonly transport: 'udp' | 'tcp';
  readonly source: string; // address
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number; // TCP only
  readonly payload: Buffer;
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const ETHERNET = 1;
const IPV4 = 0x0800;
const TCP = 6;
const UDP = 17;

const dotted = (bytes: Buffer, at: number): string => bytes.subarray(at, at + 4).join('.');

/** The packet in an Ethernet frame; undefined for anything but whole UDP and TCP packets over IPv4. */
function packetOf(time: number, frame: Buffer): Packet | undefined {
  if (frame.length < 34 || frame.readUInt16BE(12) !== IPV4) return undefined;
  const ip = frame.subarray(14, 14 + frame.readUInt16BE(16));
  const fragmented = (ip.readUInt16BE(6) & 0x3fff) !== 0;
  const protocol = ip.readUInt8(9);
  const segment = ip.subarray((ip.readUInt8(0) & 15) * 4);
  if (fragmented || (protocol !== UDP && protocol !== TCP) || segment.length < 8) return undefined;
  return {
    time,
    transport: protocol === UDP ? 'udp' : 'tcp',
    source: dotted(ip, 12),
    destination: dotted(ip, 16),
    sourcePort: segment.readUInt16BE(0),
    destinationPort: segment.readUInt16BE(2),
    sequence: protocol === TCP ? segment.readUInt32BE(4) : 0,
    payload: segment.subarray(protocol === UDP ? 8 : (segment.readUInt8(12) >> 4) * 4),
  };
}

/** All packets of a capture file, in its order. A record cut short at the end of the file is left out. */
export function readPcap(file: Buffer): Packet[] {
  const magic = file.length >= 24 ? file.readUInt32LE(0) : 0;
  const perSecond = magic === MAGIC_NANOSECONDS ? 1e9 : 1e6;
  if (magic !== MAGIC_MICROSECONDS && magic !== MAGIC_NANOSECONDS) throw new Error('not a pcap file');
  if (file.readUInt32LE(20) !== ETHERNET) throw new Error('not an Ethernet capture');
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const time = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / perSecond;
    const frame = file.subarray(at + 16, at + 16 + length);
    if (frame.length < length) break;
    const packet = packetOf(time, frame);
    if (packet !== undefined) packets.push(packet);
    at += 16 + length;
  }
  return packets;
}
