import { describe, expect, it } from 'vitest';
import {
  bitString,
  boolean,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  time,
  utf8String,
} from './der.ts';

const hex = (bytes: Buffer): string => bytes.toString('hex');

describe('DER', () => {
  it.each([
    ['short', octetString(Buffer.alloc(3, 1)), '0403010101'],
    ['127 bytes', octetString(Buffer.alloc(127)).subarray(0, 2), '047f'],
    ['128 bytes', octetString(Buffer.alloc(128)).subarray(0, 3), '048180'],
    ['65536 bytes', octetString(Buffer.alloc(65_536)).subarray(0, 5), '0483010000'],
  ])('writes lengths: %s', (_what, bytes, expected) => {
    expect(hex(bytes)).toBe(expected);
  });

  it('writes integers without needless zeros, and never negative', () => {
    expect(hex(integer(Buffer.of(0)))).toBe('020100');
    expect(hex(integer(Buffer.of(0, 0, 5)))).toBe('020105');
    expect(hex(integer(Buffer.of(0x80)))).toBe('02020080');
  });

  it('writes object identifiers (X.690 §8.19)', () => {
    expect(hex(objectIdentifier('2.5.29.17'))).toBe('0603551d11');
    expect(hex(objectIdentifier('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302');
  });

  it('writes what else a certificate has', () => {
    expect(hex(sequence(boolean(true), utf8String('é'), bitString(Buffer.of(7))))).toBe(
      '300b0101ff0c02c3a903020007',
    );
  });

  it('writes times in two ways (RFC 5280 §4.1.2.5)', () => {
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1', 2)).toBe('491231235959Z');
    expect(time(Date.UTC(2050, 0, 1)).toString('latin1', 2)).toBe('20500101000000Z');
    expect(time(Date.UTC(2050, 0, 1))[0]).toBe(0x18);
  });
});
