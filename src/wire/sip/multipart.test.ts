import { describe, expect, it } from 'vitest';
import { findBodyPart, replaceBodyPart } from './multipart.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 10.0.0.34\r\ns=-\r\n';
const MIXED = 'multipart/mixed;boundary="unique-boundary-1"';

function mixed(...parts: string[]): Buffer {
  return Buffer.from(
    `--unique-boundary-1\r\n${parts.join('\r\n--unique-boundary-1\r\n')}\r\n--unique-boundary-1--\r\n`,
  );
}

function found(contentType: string, body: Buffer): string | undefined {
  const part = findBodyPart(contentType, body, 'application/sdp');
  return part && body.toString('latin1', part.start, part.end);
}

describe('findBodyPart', () => {
  it('finds a body that is the part itself', () => {
    expect(found('Application/SDP;charset=utf-8', Buffer.from(SDP))).toBe(SDP);
    expect(found('text/plain', Buffer.from(SDP))).toBeUndefined();
  });

  it('finds a part among others, before and after them', () => {
    const isup = 'Content-Type: application/ISUP;version=nxv3\r\n\r\n\x01\x00--unique-boundary-12\r\n';
    const sdp = `Content-Type: application/sdp\r\n\r\n${SDP}`;
    expect(found(MIXED, mixed(isup, sdp))).toBe(SDP);
    expect(found(MIXED, mixed(sdp, isup))).toBe(SDP);
    expect(found('multipart/mixed; boundary=unique-boundary-1', mixed(sdp))).toBe(SDP);
  });

  it('finds a part in a nested body', () => {
    const inner = `Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-type : application/sdp\r\n\r\n${SDP}\r\n--in--`;
    expect(found(MIXED, mixed('Content-Type: text/plain\r\n\r\nhello', inner))).toBe(SDP);
  });

  it('passes over a part whose bytes are encoded', () => {
    const coded = `Content-Transfer-Encoding: base64\r\nContent-Type: application/sdp\r\n\r\n${btoa(SDP)}`;
    expect(found(MIXED, mixed(coded))).toBeUndefined();
    const plain = `Content-Transfer-Encoding: Binary\r\nContent-Type: application/sdp\r\n\r\n${SDP}`;
    expect(found(MIXED, mixed(coded, plain))).toBe(SDP);
  });

  it('takes the last part without its closing delimiter, and line ends of LF', () => {
    const body = Buffer.from(`--b\nContent-Type: application/sdp\n\n${SDP}`);
    expect(found('multipart/mixed;boundary=b', body)).toBe(SDP);
    expect(
      found('multipart/mixed;boundary=b', Buffer.from(`--b\nContent-Type: application/sdp\n\nv=0\n--b--\n`)),
    ).toBe('v=0');
  });

  it.each([
    ['no boundary', 'multipart/mixed', mixed(`Content-Type: application/sdp\r\n\r\n${SDP}`)],
    ['an empty boundary', 'multipart/mixed;boundary=""', Buffer.from('--\r\n--\r\n--\r\n')],
    ['a boundary longer than the body', `multipart/mixed;boundary=${'b'.repeat(60)}`, Buffer.from('--b')],
    [
      'a boundary longer than allowed',
      `multipart/mixed;boundary=${'b'.repeat(71)}`,
      Buffer.from(`--${'b'.repeat(71)}`),
    ],
    [
      'a boundary that is never found',
      'multipart/mixed;boundary=x',
      mixed(`Content-Type: application/sdp\r\n\r\n`),
    ],
    ['a part whose headers never end', MIXED, mixed('Content-Type: application/sdp')],
    ['an empty body', MIXED, Buffer.alloc(0)],
    ['only delimiters', MIXED, Buffer.from('--unique-boundary-1\r\n'.repeat(5000))],
  ])('finds nothing with %s', (_name, contentType, body) => {
    expect(found(contentType, body)).toBeUndefined();
  });

  it('goes no deeper than it must', () => {
    let body = `Content-Type: application/sdp\r\n\r\n${SDP}`;
    for (let i = 0; i < 20; i++) {
      body = `Content-Type: multipart/mixed;boundary=b${i}\r\n\r\n--b${i}\r\n${body}\r\n--b${i}--`;
    }
    expect(found(MIXED, mixed(body))).toBeUndefined();
  });
});

describe('replaceBodyPart', () => {
  it('changes that part and nothing else', () => {
    const isup = 'Content-Type: application/ISUP\r\n\r\n\x01\x02';
    const body = mixed(isup, `Content-Type: application/sdp\r\nContent-Length: 7\r\n\r\nv=0\r\nab`);
    const part = findBodyPart(MIXED, body, 'application/sdp')!;
    expect(replaceBodyPart(body, part, Buffer.from('v=0\r\nlonger'))).toEqual(
      mixed(isup, `Content-Type: application/sdp\r\nContent-Length: 11\r\n\r\nv=0\r\nlonger`),
    );
  });
});
