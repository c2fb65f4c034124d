import { describe, expect, it } from 'vitest';
import { buildRequest, type HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import { SdpBody } from './sdp-body.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 10.0.0.50\r\ns=\xfc\r\n';

function message(contentType: string | undefined, body: string, ...headers: HeaderEntry[]): SipMessage {
  const bytes = buildRequest({
    method: 'INVITE',
    requestUri: 'sip:bob@example.com',
    headers: [
      [H.Via, 'SIP/2.0/UDP 10.0.0.50;branch=z9hG4bK1'],
      ...(contentType === undefined ? [] : [[H.ContentType, contentType] as const]),
      ...headers,
    ],
    body: Buffer.from(body, 'latin1'),
  });
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

describe('SdpBody', () => {
  it('is the whole body, as bytes', () => {
    const body = SdpBody.of(message('Application/SDP; charset=utf-8', SDP))!;
    expect(body.text).toBe(SDP);
    expect(body.with('v=1\r\n').toString('latin1')).toBe('v=1\r\n');
  });

  it('is a part among others, which stay as they are', () => {
    const around = (sdp: string) =>
      `--b\r\nContent-Type: application/sdp\r\n\r\n${sdp}\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n`;
    const body = SdpBody.of(message('multipart/mixed;boundary=b', around(SDP)))!;
    expect(body.text).toBe(SDP);
    expect(body.with('v=1').toString('latin1')).toBe(around('v=1'));
  });

  it.each([
    ['no body', 'application/sdp', ''],
    ['another type', 'text/plain', SDP],
    ['no type', undefined, SDP],
    ['a multipart body that never shows its boundary', 'multipart/mixed;boundary=b', SDP],
  ])('is missing with %s', (_, type, body) => {
    expect(SdpBody.of(message(type, body))).toBeUndefined();
  });

  it('is missing where it is encoded, but for the encoding that is none', () => {
    expect(SdpBody.of(message('application/sdp', SDP, ['Content-Encoding', 'gzip']))).toBeUndefined();
    expect(SdpBody.of(message('application/sdp', SDP, ['Content-Encoding', 'identity']))?.text).toBe(SDP);
  });
});
