import { describe, expect, it } from 'vitest';
import {
  hasMarker,
  packetKind,
  payload,
  payloadStart,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
  writeRtpHeader,
} from './rtp-header.ts';

const PLAIN = Buffer.from('8088fffe80000001deadbeef0102', 'hex');

describe('readers of the RTP header', () => {
  it('read the fixed header', () => {
    expect(packetKind(PLAIN)).toBe('rtp');
    expect(hasMarker(PLAIN)).toBe(true);
    expect(payloadType(PLAIN)).toBe(8);
    expect(sequenceNumber(PLAIN)).toBe(0xfffe);
    expect(timestamp(PLAIN)).toBe(0x8000_0001);
    expect(ssrc(PLAIN)).toBe(0xdead_beef);
    expect([...payload(PLAIN)!]).toEqual([1, 2]);
  });

  it('read what the writer writes', () => {
    const bytes = Buffer.alloc(14, 7);
    const header = { payloadType: 101, sequenceNumber: 65_537, timestamp: 2 ** 32 + 5, ssrc: 0xffff_ffff };
    writeRtpHeader(bytes, { ...header, marker: true });
    expect([
      hasMarker(bytes),
      payloadType(bytes),
      sequenceNumber(bytes),
      timestamp(bytes),
      ssrc(bytes),
    ]).toEqual([true, 101, 1, 5, 0xffff_ffff]);
    writeRtpHeader(bytes, header);
    expect(hasMarker(bytes)).toBe(false);
    expect([...payload(bytes)!]).toEqual([7, 7]);
  });

  it('find the payload behind CSRCs, extension and before padding', () => {
    const csrcs = '00000001'.repeat(2);
    const extension = 'bede0001aabbccdd';
    const bytes = Buffer.from(
      `b200000100000002000000 03${csrcs}${extension}cafe000003`.replace(' ', ''),
      'hex',
    );
    expect(payloadStart(bytes)).toBe(28);
    expect(Buffer.from(payload(bytes)!).toString('hex')).toBe('cafe');
  });

  it.each([
    ['a short header', '80000001'],
    ['CSRCs beyond the end', '8f0000010000000200000003'],
    ['an extension without its length', '90000001000000020000000300'],
    ['an extension beyond the end', '900000010000000200000003bede0002aabbccdd'],
    ['no padding where some is said to be', 'a0000001000000020000000300'],
    ['padding longer than the payload', 'a0000001000000020000000309'],
  ])('find none with %s', (_name, hex) => {
    expect(payload(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});

describe('packetKind', () => {
  it.each([
    ['other', ''],
    ['stun', '000100002112a442'],
    ['dtls', '16fefd'],
    ['other', '40'],
    ['other', 'c0000000'],
    ['rtp', `8000${'00'.repeat(10)}`],
    ['rtp', `80bf${'00'.repeat(10)}`],
    ['rtp', `80e0${'00'.repeat(10)}`],
    ['other', '8000'],
    ['rtcp', '80c9000100000001'],
    ['rtcp', `81c8${'00'.repeat(10)}`],
    ['other', '80c90001'],
  ])('says %s for %s', (kind, hex) => {
    expect(packetKind(Buffer.from(hex, 'hex'))).toBe(kind);
  });
});
