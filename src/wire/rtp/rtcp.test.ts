import { describe, expect, it } from 'vitest';
import { buildReport, parseRtcp, type ReportBlock } from './rtcp.ts';

const BLOCK: ReportBlock = {
  ssrc: 0xdead_beef,
  fractionLost: 64,
  packetsLost: -2,
  highestSequence: 0x0001_fffe,
  jitter: 33,
  lastReport: 0x1234_5678,
  delay: 65_536,
};
const BLOCK_HEX = 'deadbeef40fffffe0001fffe00000021' + '1234567800010000';
const SENDER = { ntpSeconds: 0x83aa_7e80, ntpFraction: 1, rtpTimestamp: 160, packets: 2, octets: 320 };
const SENDER_HEX = '83aa7e8000000001000000a00000000200000140';

describe('parseRtcp', () => {
  it('reads reports, what follows them, and goodbyes', () => {
    const sr = `81c8000c00000007${SENDER_HEX}${BLOCK_HEX}`;
    const sdes = '81ca000200000007' + '01000000';
    const bye = '81cb000100000007';
    expect(parseRtcp(Buffer.from(sr + sdes + bye, 'hex'))).toEqual([
      { kind: 'report', ssrc: 7, sender: SENDER, blocks: [BLOCK] },
      { kind: 'other', type: 202 },
      { kind: 'goodbye', sources: [7] },
    ]);
  });

  it('leaves extensions of a profile aside', () => {
    expect(parseRtcp(Buffer.from(`81c9000800000007${BLOCK_HEX}aabbccdd`, 'hex'))).toEqual([
      { kind: 'report', ssrc: 7, blocks: [BLOCK] },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['another version', '41c9000100000007'],
    ['a length beyond the end', '80c9000200000007'],
    ['blocks beyond the length', '82c9000100000007'],
    ['sender information that is missing', '80c8000100000007'],
    ['goodbyes beyond the length', '82cb000100000007'],
    ['bytes behind the last packet', '80c900010000000700'],
  ])('refuses %s', (_name, hex) => {
    expect(parseRtcp(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});

describe('buildReport', () => {
  it('writes what is read', () => {
    expect(buildReport(7, [BLOCK], SENDER).toString('hex')).toBe(`81c8000c00000007${SENDER_HEX}${BLOCK_HEX}`);
    expect(buildReport(7, []).toString('hex')).toBe('80c9000100000007');
    expect(
      parseRtcp(
        buildReport(
          1,
          Array.from({ length: 40 }, () => BLOCK),
        ),
      ),
    ).toMatchObject([{ blocks: { length: 31 } }]);
  });
});
