import { describe, expect, it } from 'vitest';
import {
  payload,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
  writeRtpHeader,
} from '../../wire/rtp/rtp-header.ts';
import { PacketResizer } from './packet-resizer.ts';

interface Packet {
  readonly at: number;
  readonly bytes?: number;
  readonly type?: number;
  readonly id?: number;
  readonly marker?: boolean;
}

/** Feeds packets numbered from 65,534 on, and reads what comes out as `sequence@timestamp:bytes`. */
function resize(ms: number, packets: readonly (Packet | 'lost')[]) {
  const out: string[] = [];
  const sound: number[] = [];
  const counters = { taken: 0, made: 0, discarded: 0 };
  const resizer = new PacketResizer(ms, counters, (bytes) => {
    const marker = (bytes[1]! & 0x80) !== 0 ? '!' : '';
    const type = payloadType(bytes) === 0 ? '' : ` type ${payloadType(bytes)}`;
    const id = ssrc(bytes) === 7 ? '' : ` ssrc ${ssrc(bytes)}`;
    out.push(`${sequenceNumber(bytes)}@${timestamp(bytes)}:${bytes.length - 12}${marker}${type}${id}`);
    sound.push(...payload(bytes)!);
  });
  let sequence = 65_533;
  const fed: number[] = [];
  for (const packet of packets) {
    sequence++;
    if (packet === 'lost') continue;
    const { at, bytes: length = 160, type = 0, id = 7, marker = false } = packet;
    const bytes = Buffer.alloc(12 + length);
    const header = { marker, payloadType: type, sequenceNumber: sequence & 0xffff, timestamp: at, ssrc: id };
    writeRtpHeader(bytes, header);
    for (let i = 0; i < length; i++) bytes[12 + i] = (at + i) & 0xff;
    fed.push(...bytes.subarray(12));
    resizer.push(bytes);
    bytes.fill(0);
  }
  return { out, counters, sound, fed };
}

const every = (count: number, bytes = 160, ticks = bytes) =>
  Array.from({ length: count }, (_, i): Packet => ({ at: i * ticks, bytes }));

describe('packets of another size', () => {
  it('are joined', () => {
    const { out, sound, fed, counters } = resize(40, every(4));
    expect(out).toEqual(['65534@0:320', '65535@320:320']);
    expect(sound).toEqual(fed);
    expect(counters).toEqual({ taken: 4, made: 2, discarded: 0 });
  });

  it('are split', () => {
    const { out, sound, fed } = resize(20, every(2, 320));
    expect(out).toEqual(['65534@0:160', '65535@160:160', '0@320:160', '1@480:160']);
    expect(sound).toEqual(fed);
  });

  it('are cut anew where neither fits', () => {
    const { out, sound, fed } = resize(20, every(2, 240));
    expect(out).toEqual(['65534@0:160', '65535@160:160', '0@320:160']);
    expect(sound).toEqual(fed);
  });

  it('pass as they come where the size is right', () => {
    expect(resize(20, every(3)).out).toEqual(['65534@0:160', '65535@160:160', '0@320:160']);
  });

  it('hold whole frames of their codec', () => {
    const g729 = every(4, 20, 160).map((packet) => ({ ...packet, type: 18 }));
    expect(resize(25, g729).out).toEqual(['65534@0:30 type 18', '65535@240:30 type 18']);
    const gsm = every(2, 33, 160).map((packet) => ({ ...packet, type: 3 }));
    expect(resize(30, gsm).out).toEqual(['65534@0:66 type 3']);
  });

  it('are no larger than a network takes in one piece', () => {
    const sizes = resize(999, every(30)).out.map((text) => Number(text.split(':')[1]));
    expect(sizes).toHaveLength(3);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(1400);
  });

  it('begin where the marker is', () => {
    const packets = every(4).map((packet, i) => ({ ...packet, marker: i === 0 || i === 3 }));
    expect(resize(40, packets).out).toEqual(['65534@0:320!', '65535@320:160']);
  });
});

describe('what does not follow', () => {
  it('is lost for the receiver too', () => {
    const [a, b, , , e, f] = every(6) as [Packet, Packet, Packet, Packet, Packet, Packet];
    expect(resize(40, [a, b, 'lost', 'lost', e, f]).out).toEqual(['65534@0:320', '0@640:320']);
    expect(resize(40, [a, 'lost', 'lost', 'lost', e, f]).out).toEqual(['65534@0:160', '1@640:320']);
  });

  it('is a pause, where the numbers go on', () => {
    const out = resize(40, [{ at: 0 }, { at: 8000, marker: true }, { at: 8160 }]).out;
    expect(out).toEqual(['65534@0:160', '65535@8000:320!']);
  });

  it('comes late, and is left out', () => {
    const { out, counters } = resize(40, [{ at: 160 }, { at: 0 }, { at: 160 }, { at: 320 }]);
    expect(out).toEqual(['65534@160:320']);
    expect(counters.discarded).toBe(2);
  });

  it('is another stream', () => {
    const { out } = resize(40, [{ at: 0 }, { at: 90_000, id: 8 }, { at: 90_160, id: 8 }]);
    expect(out).toEqual(['65534@0:160', '65535@90000:320 ssrc 8']);
  });

  it('is no sound that can be cut, and passes in its place', () => {
    const { out } = resize(40, [{ at: 0 }, { at: 160, bytes: 4, type: 101 }, { at: 160 }, { at: 320 }]);
    expect(out).toEqual(['65534@0:160', '65535@160:4 type 101', '0@160:320']);
  });

  it('is a comfort noise frame at the end of G.729', () => {
    const { out } = resize(40, [
      { at: 0, bytes: 20, type: 18 },
      { at: 160, bytes: 12, type: 18 },
    ]);
    expect(out).toEqual(['65534@0:20 type 18', '65535@160:12 type 18']);
  });

  it('has lengths that do not fit, and passes as it is', () => {
    const bytes = Buffer.alloc(20);
    bytes[0] = 0x8f;
    const out: Buffer[] = [];
    new PacketResizer(20, { taken: 0, made: 0, discarded: 0 }, (it) => out.push(Buffer.from(it))).push(bytes);
    expect(out.map(({ length }) => length)).toEqual([20]);
  });
});
