import { addressBytes } from '../../base/ip.ts';
import type { Endpoint } from '../relay/packet-path.ts';
import type { CaptureFormat, CaptureHeader } from './capture-format.ts';

const RECORD_BYTES = 16;
const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const UDP = 17;
const HOPS = 64;

/**
 * Capture files as tcpdump and Wireshark read them (libpcap 2.4, microseconds, the low byte first). Packets stand in
 * Ethernet frames with addresses made up from the IP addresses, as rtpproxy writes them, for its own tools read no
 * other kind.
 */
export const PCAP: CaptureFormat = {
  fileHeader: fileHeader(),
  header: (source, destination) => new PcapHeader(source, destination),
};

function fileHeader(): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(0xa1b2_c3d4, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(65_535, 16);
  // LINKTYPE_ETHERNET
  bytes.writeUInt32LE(1, 20);
  return bytes;
}

class PcapHeader implements CaptureHeader {
  readonly length: number;
  readonly #template: Buffer;
  readonly #family: 4 | 6;
  /** Of what stays the same in the pseudo header (RFC 768, RFC 8200 §8.1) and in the ports. */
  readonly #udpSum: number;
  /** Of the IPv4 header without length and identification. */
  readonly #ipSum: number;
  #identification = 0;

  constructor(source: Endpoint, destination: Endpoint) {
    const from = addressBytes(source.address);
    // A socket of all addresses may be written in the other family.
    const named = addressBytes(destination.address);
    const to = named.length === from.length ? named : from.map(() => 0);
    this.#family = from.length === 4 ? 4 : 6;
    const ipBytes = this.#family === 4 ? IPV4_BYTES : IPV6_BYTES;
    this.length = RECORD_BYTES + ETHERNET_BYTES + ipBytes + UDP_BYTES;
    const bytes = Buffer.alloc(this.length);
    const ip = RECORD_BYTES + ETHERNET_BYTES;
    bytes.set(hardwareAddress(to), RECORD_BYTES);
    bytes.set(hardwareAddress(from), RECORD_BYTES + 6);
    if (this.#family === 4) {
      bytes.writeUInt16BE(0x0800, RECORD_BYTES + 12);
      bytes[ip] = 0x45;
      bytes[ip + 8] = HOPS;
      bytes[ip + 9] = UDP;
      bytes.set(from, ip + 12);
      bytes.set(to, ip + 16);
    } else {
      bytes.writeUInt16BE(0x86dd, RECORD_BYTES + 12);
      bytes[ip] = 0x60;
      bytes[ip + 6] = UDP;
      bytes[ip + 7] = HOPS;
      bytes.set(from, ip + 8);
      bytes.set(to, ip + 24);
    }
    bytes.writeUInt16BE(source.port, ip + ipBytes);
    bytes.writeUInt16BE(destination.port, ip + ipBytes + 2);
    this.#template = bytes;
    this.#ipSum = this.#family === 4 ? wordSum(bytes, ip, ip + IPV4_BYTES) : 0;
    const addresses = ip + ipBytes - 2 * from.length;
    this.#udpSum = UDP + wordSum(bytes, addresses, ip + ipBytes + 4);
  }

  write(into: Buffer, at: number, when: number, packet: Uint8Array): void {
    this.#template.copy(into, at);
    const seconds = Math.floor(when / 1000);
    const frameBytes = this.length - RECORD_BYTES + packet.length;
    into.writeUInt32LE(seconds, at);
    into.writeUInt32LE(Math.min(999_999, Math.floor((when - seconds * 1000) * 1000)), at + 4);
    into.writeUInt32LE(frameBytes, at + 8);
    into.writeUInt32LE(frameBytes, at + 12);
    const ip = at + RECORD_BYTES + ETHERNET_BYTES;
    const udp = at + this.length - UDP_BYTES;
    const udpBytes = UDP_BYTES + packet.length;
    if (this.#family === 4) {
      const identification = (this.#identification = (this.#identification + 1) & 0xffff);
      into.writeUInt16BE(IPV4_BYTES + udpBytes, ip + 2);
      into.writeUInt16BE(identification, ip + 4);
      into.writeUInt16BE(checksum(this.#ipSum + IPV4_BYTES + udpBytes + identification), ip + 10);
    } else {
      into.writeUInt16BE(udpBytes, ip + 4);
    }
    into.writeUInt16BE(udpBytes, udp + 4);
    // The length counts twice, in the pseudo header and in UDP's own. A sum of nothing is written as all ones.
    const sum = checksum(this.#udpSum + 2 * udpBytes + wordSum(packet, 0, packet.length));
    into.writeUInt16BE(sum === 0 ? 0xffff : sum, udp + 6);
  }
}

/** Six bytes for a frame that never was: the IPv4 address behind two zeros, or the IPv6 address folded. */
function hardwareAddress(ip: readonly number[]): number[] {
  if (ip.length === 4) return [0, 0, ...ip];
  const folded = ip.slice(0, 6);
  for (let i = 6; i < ip.length; i++) folded[i % 6]! ^= ip[i]!;
  return folded;
}

function wordSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  let i = from;
  for (; i + 1 < to; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  return i < to ? sum + (bytes[i]! << 8) : sum;
}

/** RFC 1071. */
function checksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return ~folded & 0xffff;
}
