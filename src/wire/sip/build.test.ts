import { describe, expect, it } from 'vitest';
import { buildRequest, buildResponse } from './build.ts';
import { H } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { parseMessage } from './parse.ts';
import { reasonPhrase } from './reason-phrase.ts';

const REQUEST = [
  'INVITE sip:b SIP/2.0',
  'v: SIP/2.0/UDP a;branch=z9hG4bK1;rport, SIP/2.0/UDP b  ',
  'Record-Route: <sip:p;lr>',
  'From: <sip:a>;tag=1',
  'Via: SIP/2.0/TCP c',
  'To: sip:b',
  'Call-ID: 1',
  'Timestamp: 54',
  'CSeq: 1 INVITE',
  'Subject: x',
];

function request(lines: readonly string[] = REQUEST): SipMessage {
  const result = parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function lines(bytes: Buffer): string[] {
  return bytes.toString('latin1').split('\r\n');
}

describe('buildResponse', () => {
  it('copies what RFC 3261 §8.2.6 wants', () => {
    const topVia = 'SIP/2.0/UDP a;branch=z9hG4bK1;rport=9;received=192.0.2.1';
    const headers = [
      [H.Contact, '<sip:b>'],
      ['X-Y', 'z'],
    ] as const;
    expect(lines(buildResponse(request(), { status: 180, toTag: 't', topVia, headers }))).toEqual([
      'SIP/2.0 180 Ringing',
      `v: ${topVia}, SIP/2.0/UDP b`,
      'Via: SIP/2.0/TCP c',
      'Record-Route: <sip:p;lr>',
      'From: <sip:a>;tag=1',
      'To: sip:b;tag=t',
      'Call-ID: 1',
      'CSeq: 1 INVITE',
      'Contact: <sip:b>',
      'X-Y: z',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  it('gives 100 the Timestamp and no Record-Route', () => {
    const out = lines(buildResponse(request(), { status: 100 }));
    expect(out).toContain('Timestamp: 54');
    expect(out).not.toContain('Record-Route: <sip:p;lr>');
    expect(out).toContain('To: sip:b');
  });

  it('keeps the To tag that is there, and copies folded lines', () => {
    const folded = request([...REQUEST.slice(0, 5), 'To: <sip:b>', ' ;tag=x ', ...REQUEST.slice(6)]);
    const out = buildResponse(folded, {
      status: 486,
      toTag: 't',
      reason: 'Gone for lunch',
      body: Buffer.from('\xff', 'latin1'),
    });
    expect(out.toString('latin1')).toContain('SIP/2.0 486 Gone for lunch\r\n');
    expect(out.toString('latin1')).toContain('\r\nTo: <sip:b>\r\n ;tag=x\r\nCall-ID');
    expect(out.toString('latin1').endsWith('Content-Length: 1\r\n\r\n\xff')).toBe(true);
  });

  it('answers requests that end in the middle of a line', () => {
    const result = parseMessage(Buffer.from('OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nTo: sip:b'));
    if (!result.ok) throw new Error(result.reason);
    expect(lines(buildResponse(result.message, { status: 400, toTag: 't' })).slice(0, 4)).toEqual([
      'SIP/2.0 400 Bad Request',
      'Via: SIP/2.0/UDP a',
      'To: sip:b;tag=t',
      'Content-Length: 0',
    ]);
  });

  it('writes the received parameters where the topmost Via stands behind empty ones', () => {
    const out = lines(
      buildResponse(request(['OPTIONS sip:b SIP/2.0', 'Via: ,', 'Via: SIP/2.0/UDP a']), {
        status: 200,
        topVia: 'new',
      }),
    );
    expect(out.slice(1, 3)).toEqual(['Via: ,', 'Via: new']);
  });

  it('refuses what would break out of its field', () => {
    expect(() => buildResponse(request(), { status: 200, reason: 'OK\r\nX: y' })).toThrow('reason');
    expect(() => buildResponse(request(), { status: 200, toTag: 'a\nb' })).toThrow('tag');
    expect(() => buildResponse(request(), { status: 200, headers: [['X', '\0']] })).toThrow('X');
  });
});

describe('buildRequest', () => {
  it('writes a request that reads back', () => {
    const bytes = buildRequest({
      method: 'OPTIONS',
      requestUri: 'sip:b@[::1]',
      headers: [
        [H.Via, 'SIP/2.0/UDP a'],
        ['X-Y', ''],
      ],
      body: Buffer.from('body'),
    });
    expect(bytes.toString()).toBe(
      'OPTIONS sip:b@[::1] SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nX-Y: \r\nContent-Length: 4\r\n\r\nbody',
    );
    const result = parseMessage(bytes);
    expect(result.ok && [result.message.flaws, result.message.body.toString()]).toEqual([0, 'body']);
  });

  it.each([
    ['method', { method: 'OPTIONS sip:x', requestUri: 'sip:b' }],
    ['method', { method: 'A\r\nB', requestUri: 'sip:b' }],
    ['method', { method: '', requestUri: 'sip:b' }],
    ['Request-URI', { method: 'OPTIONS', requestUri: 'sip:b\r\n' }],
    ['Request-URI', { method: 'OPTIONS', requestUri: 'sip:b SIP/2.0' }],
    ['Request-URI', { method: 'OPTIONS', requestUri: '' }],
  ])('refuses a broken %s', (field, parts) => {
    expect(() => buildRequest({ ...parts, headers: [] })).toThrow(field);
  });
});

describe('reasonPhrase', () => {
  it('knows codes, and else their class', () => {
    expect([reasonPhrase(416), reasonPhrase(299), reasonPhrase(499), reasonPhrase(999)]).toEqual([
      'Unsupported URI Scheme',
      'OK',
      'Bad Request',
      'Unknown',
    ]);
  });
});
