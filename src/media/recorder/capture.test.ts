import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noteSkipped } from '../../../test/cloud/requirements.ts';
import { addressBytes } from '../../base/ip.ts';
import { writeRtpHeader } from '../../wire/rtp/rtp-header.ts';
import type { Endpoint } from '../relay/packet-path.ts';
import type { CaptureFormat } from './capture-format.ts';
import { PCAP } from './pcap.ts';
import { RTPPROXY_CAPTURE } from './rtpproxy-capture.ts';
import { readPcap, readRtpproxyCapture } from './testing/read-capture.ts';

interface Packet {
  readonly when: number;
  readonly payload: Uint8Array;
}

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
const ipv6 = fc.ipV6();
const port = fc.integer({ min: 1, max: 65_535 });
const ends = fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6)).chain(([source, destination]) =>
  fc.tuple(port, port).map(([from, to]): [Endpoint, Endpoint] => [
    { address: source, port: from },
    { address: destination, port: to },
  ]),
);
const packets = fc.array(
  fc.record({
    when: fc.integer({ min: 0, max: 2 ** 41 }).map((ms) => ms + 0.125),
    payload: fc.uint8Array({ maxLength: 1500 }),
  }),
  { minLength: 1, maxLength: 20 },
);

function written(format: CaptureFormat, [source, destination]: [Endpoint, Endpoint], all: Packet[]): Buffer {
  const header = format.header(source, destination);
  const records = all.map(({ when, payload }) => {
    const record = Buffer.alloc(header.length + payload.length, 0xee);
    header.write(record, 0, when, payload);
    record.set(payload, header.length);
    return record;
  });
  return Buffer.concat([format.fileHeader, ...records]);
}

function text({ address, port: number }: Endpoint): string {
  const bytes = Buffer.from(addressBytes(address));
  return `${bytes.length === 4 ? bytes.join('.') : bytes.toString('hex')}:${number}`;
}

describe('capture files', () => {
  it('hold packets, addresses and times as they came, in pcap', () => {
    fc.assert(
      fc.property(ends, packets, (way, all) => {
        const [source, destination] = way.map(text);
        expect(readPcap(written(PCAP, way, all))).toEqual(
          all.map(({ when, payload }) => ({ when, source, destination, payload: Buffer.from(payload) })),
        );
      }),
    );
  });

  it("hold packets, sources and times as they came, in rtpproxy's format", () => {
    fc.assert(
      fc.property(ends, packets, (way, all) => {
        const read = readRtpproxyCapture(written(RTPPROXY_CAPTURE, way, all));
        expect(read.map(({ source, payload }) => ({ source, payload }))).toEqual(
          all.map(({ payload }) => ({ source: text(way[0]), payload: Buffer.from(payload) })),
        );
        for (const [i, { when }] of read.entries()) expect(when).toBeCloseTo(all[i]!.when, 1);
      }),
    );
  });

  it("have the bytes that rtpproxy's extractaudio takes: address, double, length, in 30 bytes", () => {
    const way: [Endpoint, Endpoint] = [
      { address: '192.0.2.1', port: 0x1234 },
      { address: '198.51.100.1', port: 4000 },
    ];
    const file = written(RTPPROXY_CAPTURE, way, [{ when: 1500, payload: Buffer.from('8000', 'hex') }]);
    const expected = `0200 1234 c0000201 ${'00'.repeat(12)} 000000000000f83f 0200 8000`;
    expect(file.toString('hex')).toBe(expected.replaceAll(' ', ''));
  });

  it('writes a socket of all addresses as one of the source\u2019s family', () => {
    const way: [Endpoint, Endpoint] = [
      { address: '2001:db8::1', port: 1 },
      { address: '0.0.0.0', port: 2 },
    ];
    const [packet] = readPcap(written(PCAP, way, [{ when: 0, payload: Buffer.of(1) }]));
    expect(packet?.destination).toBe(`${'00'.repeat(16)}:2`);
  });

  it('is read by tshark: RTP, both families, checksums right', () => {
    const probe = spawnSync('tshark', ['--version']);
    if (probe.error) {
      noteSkipped('tshark reading a capture', 'tshark is not installed');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-capture-'));
    const all = Array.from({ length: 10 }, (_, i) => {
      const payload = Buffer.alloc(12 + 160 + (i % 2), 0xff);
      writeRtpHeader(payload, { payloadType: 8, sequenceNumber: 100 + i, timestamp: 160 * i, ssrc: 7 });
      return { when: 1_700_000_000_000 + 20 * i + 0.5, payload };
    });
    for (const [name, way] of [
      [
        'four',
        [
          { address: '192.0.2.1', port: 4000 },
          { address: '198.51.100.1', port: 35_000 },
        ],
      ],
      [
        'six',
        [
          { address: '2001:db8::1', port: 4000 },
          { address: '2001:db8:1::1', port: 35_000 },
        ],
      ],
    ] satisfies [string, [Endpoint, Endpoint]][]) {
      const path = join(folder, `${name}.pcap`);
      writeFileSync(path, written(PCAP, way, all));
      const fields = ['frame.time_epoch', 'udp.srcport', 'udp.checksum.status', 'rtp.seq', 'rtp.timestamp'];
      const options = ['-o', 'udp.check_checksum:TRUE', '-d', 'udp.port==35000,rtp', '-T', 'fields'];
      const args = ['-n', '-r', path, ...options, ...fields.flatMap((field) => ['-e', field])];
      const { stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8' });
      const lines = stdout.trim().split('\n');
      expect(lines, stderr).toHaveLength(10);
      // Status 1 is "good".
      expect(lines[3]).toBe('1700000000.060500000\t4000\t1\t103\t480');
    }
  });
});
