import { describe, expect, it } from 'vitest';
import type { MediaFlags } from './media-flags.ts';
import { parseRtpproxyFlags } from './parse-rtpproxy-flags.ts';

describe('flags of rtpproxy functions', () => {
  it.each<[string, MediaFlags]>([
    ['', {}],
    ['ro', { trustAddress: true, origin: true }],
    ['CO', { sessionConnection: true, origin: true }],
    ['ie', { directions: ['internal', 'external'] }],
    ['eE', { directions: ['external', 'external'] }],
    ['a', { asymmetric: true }],
    ['sw', { asymmetric: false }],
    ['fkl', { force: true, keepBody: true, onlyExisting: true }],
    ['z20r', { packetTime: 20, trustAddress: true }],
    ['t', { ttl: 0 }],
    ['T30', { ttl: 30 }],
    ['d', { keys: true }],
    ['d96o', { keys: 96, origin: true }],
    ['n', { notify: true }],
    ['n<tcp:192.0.2.1:9999>r', { notify: 'tcp:192.0.2.1:9999', trustAddress: true }],
    ['r o', { trustAddress: true, origin: true }],
  ])('%s', (letters, flags) => {
    expect(parseRtpproxyFlags(letters)).toEqual({ ok: true, flags });
  });

  it.each<[string, number, string]>([
    ['rb', 1, '"b" is none of the flags'],
    ['ro\n', 2, 'none of the flags'],
    ['as', 1, 'contradict'],
    ['iei', 2, 'at most twice'],
    ['z', 0, '1 to 999'],
    ['oz0', 1, '1 to 999'],
    ['z1000', 0, '1 to 999'],
    ['d200', 0, 'payload type'],
    ['t99999999', 0, 'seconds'],
    ['n<tcp:192.0.2.1:9999', 0, 'n<tcp:'],
    ['n<>', 0, 'n<tcp:'],
    ['é', 0, 'none of the flags'],
  ])('%j is refused', (letters, at, reason) => {
    expect(parseRtpproxyFlags(letters)).toMatchObject({
      ok: false,
      at,
      reason: expect.stringContaining(reason),
    });
  });
});
