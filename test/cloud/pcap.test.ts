import { describe, expect, it } from 'vitest';
import { type Packet, readPcap } from './pcap.ts';
import { headers, hostOf, messagesOf, methodOf, statusOf } from './seen-message.ts';

function frame(protocol: number, segment: Buffer): Buffer {
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(0x0800, 12);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(20 + segment.length, 2);
  ip[9] = protocol;
  Buffer.from([203, 0, 113, 10, 99, 88, 44, 33]).copy(ip, 12);
  return Buffer.concat([ethernet, ip, segment]);
}

function udp(payload: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(5062, 0);
  header.writeUInt16BE(5060, 2);
  return frame(17, Buffer.concat([header, Buffer.from(payload, 'latin1')]));
}

function tcp(sequence: number, payload: string): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(5062, 0);
  header.writeUInt16BE(5060, 2);
  header.writeUInt32BE(sequence >>> 0, 4);
  header[12] = 0x50;
  return frame(6, Buffer.concat([header, Buffer.from(payload, 'latin1')]));
}

function capture(frames: readonly Buffer[]): Packet[] {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt32LE(1, 20);
  const records = frames.flatMap((bytes, index) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1000 + index, 0);
    record.writeUInt32LE(500_000, 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    return [record, bytes];
  });
  return readPcap(Buffer.concat([header, ...records]));
}

const OPTIONS =
  'OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.10:5062;branch=z9hG4bK1\r\n\r\n';
const OK = 'SIP/2.0 200 OK\r\nv: SIP/2.0/TCP 10.0.0.34:5060\r\nl: 4\r\n\r\nbody';

describe('readPcap', () => {
  it('finds addresses, ports, time and payload of a datagram', () => {
    const packet = {
      source: '203.0.113.10',
      sourcePort: 5062,
      destination: '99.88.44.33',
      destinationPort: 5060,
    };
    expect(capture([udp('hello')])).toMatchObject([{ ...packet, transport: 'udp', time: 1000.5 }]);
    expect(capture([udp('hello')])[0]?.payload.toString()).toBe('hello');
  });

  it('leaves out what is neither UDP nor TCP, and refuses what is no capture', () => {
    expect(capture([frame(1, Buffer.alloc(8))])).toEqual([]);
    expect(() => readPcap(Buffer.alloc(3))).toThrow('not a pcap file');
  });
});

describe('messagesOf', () => {
  it('takes SIP from datagrams and passes over keep-alives and media', () => {
    const seen = messagesOf('vpc', capture([udp('\r\n\r\n'), udp(OPTIONS), udp('\x80\x00rtp')]));
    expect(seen.map(({ text }) => text)).toEqual([OPTIONS]);
    expect(methodOf(seen[0]!)).toBe('OPTIONS');
  });

  it('frames a stream across segments, repeats and the wrap of sequence numbers', () => {
    const stream = `\r\n\r\n${OK}${OK}`;
    const start = 2 ** 32 - 10;
    const parts = [0, 30, 60].map((at) => tcp(start + at, stream.slice(at, at === 60 ? undefined : at + 30)));
    const seen = messagesOf('internet', capture([parts[0]!, parts[0]!, parts[1]!, parts[2]!]));
    expect(seen.map(({ text }) => text)).toEqual([OK, OK]);
    expect(seen.map(statusOf)).toEqual([200, 200]);
    expect(headers(seen[0]!, 'via').map(hostOf)).toEqual(['10.0.0.34']);
  });
});
