import { describe, expect, it } from 'vitest';
import { H } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { parseMessage } from './parse.ts';

function message(...lines: string[]): SipMessage {
  const text = `INVITE sip:bob@example.com SIP/2.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
  const result = parseMessage(Buffer.from(text, 'latin1'));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

describe('SipMessage', () => {
  it('lists values over lines and commas, with their places', () => {
    const request = message('Route: <sip:a;lr>, "x,y" <sip:b>', 'To: t', 'route:', ' <sip:c>,,', ' <sip:d>');
    const elements = request.elements(H.Route);
    expect(elements.map(({ line, text }) => [line, text])).toEqual([
      [0, '<sip:a;lr>'],
      [0, '"x,y" <sip:b>'],
      [2, '<sip:c>'],
      [2, '<sip:d>'],
    ]);
    for (const { start, end, text } of elements)
      expect(request.bytes.toString('latin1', start, end)).toBe(text);
    expect(request.topElement(H.Route)).toEqual(elements[0]);
    expect([request.count(H.Route), request.count(H.Via)]).toEqual([2, 0]);
  });

  it('tells whether a list begins with a value', () => {
    const request = message('Route: <sip:a>, <sip:b>', 'Route: <sip:c>');
    expect(request.beginsWith(H.Route, '<sip:a>')).toBe(true);
    expect(request.beginsWith(H.Route, '<sip:a')).toBe(false);
    expect(request.beginsWith(H.Route, '<sip:c>')).toBe(false);
    expect(request.beginsWith(H.Via, '')).toBe(false);
  });

  it('finds the topmost value behind empty ones', () => {
    const request = message('Via: ,', 'Via:', 'Via: SIP/2.0/UDP a;branch=b');
    expect(request.topElement(H.Via)).toEqual(request.elements(H.Via)[0]);
    expect(request.topVia?.branch).toBe('b');
    expect(message('Via: ,').topElement(H.Via)).toBeUndefined();
  });

  it('reads the headers that everybody needs', () => {
    const request = message(
      'v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa, SIP/2.0/TCP b',
      'f: "A" <sip:a@example.com>;tag=1',
      't: sip:b@example.com',
      'i: abc@d',
      'CSeq: 0009',
      '  INVITE',
      'Max-Forwards: 0068',
    );
    expect([request.topVia?.host, request.from?.tag, request.from?.name]).toEqual(['192.0.2.1', '1', 'A']);
    expect([request.to?.uri?.user, request.to?.tag, request.callId]).toEqual(['b', undefined, 'abc@d']);
    expect([request.cseq, request.maxForwards]).toEqual([{ number: 9, method: 'INVITE' }, 68]);
  });

  it('tells absence from what cannot be read', () => {
    const empty = message();
    expect([empty.topVia, empty.from, empty.to, empty.callId, empty.cseq, empty.maxForwards]).toEqual([
      undefined,
      undefined,
      undefined,
      '',
      undefined,
      undefined,
    ]);
    const broken = message('Max-Forwards: 300', 'Via: x', 'To: "a');
    expect([broken.maxForwards, broken.topVia, broken.to]).toEqual([Number.NaN, undefined, undefined]);
  });

  it.each(['1', 'INVITE', '-1 INVITE', '2147483648 INVITE', '36893488147419103232 INVITE', '1 INV ITE', ''])(
    'reads no CSeq in %j',
    (value) => {
      expect(message(`CSeq: ${value}`).cseq).toBeUndefined();
    },
  );

  it('gives lines as they were written', () => {
    const request = message('Via: a  ', 'TO : b', ' ;c', 'v: d');
    expect(request.rawLines(H.Via)).toBe('Via: a\r\nv: d\r\n');
    expect(request.rawLines(H.To)).toBe('TO : b\r\n ;c\r\n');
    expect(request.rawLines(H.From)).toBe('');
    expect([request.header('to'), request.header('X')]).toEqual(['b ;c', undefined]);
  });
});
