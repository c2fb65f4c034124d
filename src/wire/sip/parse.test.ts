import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flaw } from './flaw.ts';
import { H, headerName } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { parseMessage } from './parse.ts';

function parse(text: string): SipMessage {
  const result = parseMessage(Buffer.from(text, 'latin1'));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function withHeaders(...lines: string[]): SipMessage {
  return parse(`OPTIONS sip:a SIP/2.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
}

describe('parseMessage, start line', () => {
  it('reads a request', () => {
    const message = parse('INVITE sip:bob@example.com SIP/2.0\r\n\r\n');
    expect(message).toMatchObject({
      isRequest: true,
      method: 'INVITE',
      requestUri: 'sip:bob@example.com',
      version: 'SIP/2.0',
      status: 0,
      flaws: 0,
    });
    expect(message.bytes.toString('latin1', message.uriStart, message.uriEnd)).toBe('sip:bob@example.com');
    expect(message.uri?.user).toBe('bob');
  });

  it.each([
    ['SIP/2.0 200 OK', 200, 'OK'],
    ['SIP/2.0 100 ', 100, ''],
    ['SIP/2.0 100', 100, ''],
    ['SIP/2.0 404 \xd0\xbd\xd0\xbe  x', 404, '\xd0\xbd\xd0\xbe  x'],
  ])('reads %j', (line, status, reason) => {
    const message = parse(`${line}\r\n\r\n`);
    expect([message.isRequest, message.status, message.reason, message.flaws]).toEqual([
      false,
      status,
      reason,
      0,
    ]);
    expect(message.uri).toBeUndefined();
  });

  it.each([
    'INVITE  sip:a SIP/2.0',
    'INVITE sip:a  SIP/2.0',
    'INVITE sip:a SIP/2.0 ',
    'INVITE sip:a; lr SIP/2.0',
    'SIP/2.0 4294967301 big',
    'SIP/2.0 700 x',
    'SIP/2.0 0200 x',
  ])('notes the flaw of %j', (line) => {
    expect(parse(`${line}\r\n\r\n`).flaws).toBe(Flaw.StartLine);
  });

  it.each([
    ['', 'empty'],
    ['\r\n\r\n', 'empty'],
    ['hello', 'start-line'],
    ['INVITE sip:a\r\n\r\n', 'start-line'],
    ['INVITE sip:a HTTP/1.1\r\n\r\n', 'start-line'],
    ['INV@TE sip:a SIP/2.0\r\n\r\n', 'start-line'],
    ['SIP/2.0 abc\r\n\r\n', 'start-line'],
    ['SIP/2.0  200 OK\r\n\r\n', 'start-line'],
    [' INVITE sip:a SIP/2.0\r\n\r\n', 'start-line'],
    ['\0\x01\x02 SIP/2.0', 'start-line'],
  ])('drops %j: %s', (text, reason) => {
    expect(parseMessage(Buffer.from(text, 'latin1'))).toEqual({ ok: false, reason });
  });

  it('passes over line ends before it (RFC 3261 §7.5)', () => {
    const message = parse('\r\n\r\nOPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n');
    expect([message.method, message.get(H.To), message.toString()]).toEqual([
      'OPTIONS',
      'x',
      'OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n',
    ]);
  });
});

describe('parseMessage, headers', () => {
  it('knows names in any case, compact, and with blanks before the colon', () => {
    const message = withHeaders('v: 1', 'VIA : 2', 'Via\t :3', 'X-Foo : 4', 'x-foo:5');
    expect([0, 1, 2].map((line) => [message.id(line), message.valueAt(line)])).toEqual([
      [H.Via, '1'],
      [H.Via, '2'],
      [H.Via, '3'],
    ]);
    expect([message.findNamed('X-FOO'), message.findNamed('x-foo', 4), message.findNamed('v')]).toEqual([
      3, 4, 0,
    ]);
    expect(message.flaws).toBe(0);
  });

  it('unfolds values', () => {
    const message = withHeaders('TO :', ' sip:a ;   tag    = 1', 'Subject: a', '\t', '  b ', 's :');
    expect([message.get(H.To), message.get(H.Subject), message.lineCount]).toEqual([
      'sip:a ;   tag    = 1',
      'a b',
      3,
    ]);
    expect(message.valueAt(2)).toBe('');
  });

  it('keeps raw bytes', () => {
    const message = withHeaders('Subject: J\xfcrgen \xff\x80\x07');
    expect(message.get(H.Subject)).toBe('J\xfcrgen \xff\x80\x07');
    expect(message.flaws).toBe(0);
  });

  it.each([
    ['a bare LF', 'Subject: a\nTo: b', Flaw.StrayControl],
    ['a bare CR', 'Subject: a\rTo: b', Flaw.StrayControl],
    ['a NUL', 'Subject: a\0b', Flaw.StrayControl],
    ['a NUL of a quoted pair', 'To: "\\\0" <sip:a>', 0],
    ['no colon', 'Subject', Flaw.HeaderSyntax],
    ['no name', ': a', Flaw.HeaderSyntax],
    ['a name that is no token', 'Sub ject: a', Flaw.HeaderSyntax],
    ['a control before the colon (AST-2016-009)', 'To\x01: a', Flaw.HeaderSyntax],
    ['a vertical tab before the colon', 'To\x0b: a', Flaw.HeaderSyntax],
    ['a no-break space before the colon', 'To\xa0: a', Flaw.HeaderSyntax],
    ['a fold on the first line', ' To: a', Flaw.HeaderSyntax],
  ])('sees %s', (_, line, flaw) => {
    const message = withHeaders(line, 'Call-ID: 1');
    expect(message.flaws).toBe(flaw);
    expect(message.callId).toBe('1');
  });

  it('does not take a line with a broken name for the header', () => {
    const message = withHeaders('To\x01: a', 'T o: b');
    expect(message.has(H.To)).toBe(false);
    expect(message.findNamed('to')).toBe(-1);
  });

  it('stops at too many', () => {
    const bytes = Buffer.from(`OPTIONS sip:a SIP/2.0\r\n${'a:\r\n'.repeat(11)}\r\n`);
    expect(parseMessage(bytes, { headers: 10 })).toEqual({ ok: false, reason: 'too-many-headers' });
    expect(parseMessage(bytes, { headers: 11 }).ok).toBe(true);
  });
});

describe('parseMessage, body', () => {
  it.each([
    ['Content-Length: 4', 'body', 'body', 0],
    ['l: 2', 'body', 'bo', Flaw.TrailingBytes],
    ['Content-Length: 5', 'body', 'body', Flaw.BodyTruncated],
    ['Content-Length: -999', 'body', 'body', Flaw.ContentLength],
    ['Content-Length: 4294967328', 'body', 'body', Flaw.BodyTruncated],
    ['Content-Length: 99999999999999999999', 'body', 'body', Flaw.ContentLength],
    ['Content-Length: 4\r\nl: 2', 'body', 'body', Flaw.ContentLength],
    ['Content-Length: 4\r\nl: 4', 'body', 'body', 0],
    ['Content-Length:\r\n 4', 'body', 'body', 0],
    ['Subject: none', 'body', 'body', 0],
  ])('%j before %j', (line, body, expected, flaws) => {
    const message = parse(`OPTIONS sip:a SIP/2.0\r\n${line}\r\n\r\n${body}`);
    expect([message.body.toString('latin1'), message.flaws]).toEqual([expected, flaws]);
  });

  it('notes headers without end', () => {
    for (const text of [
      'OPTIONS sip:a SIP/2.0',
      'OPTIONS sip:a SIP/2.0\r\n',
      'OPTIONS sip:a SIP/2.0\r\nTo: a\r\n',
    ]) {
      expect(parse(text).flaws).toBe(Flaw.NoEndOfHeaders);
    }
    const message = parse('OPTIONS sip:a SIP/2.0\r\nTo: a');
    expect([message.get(H.To), message.rawLines(H.To)]).toEqual(['a', 'To: a\r\n']);
  });
});

describe('parse and print', () => {
  const name = fc.constantFrom('Via', 'v', 'TO', 'X-Foo', 'x', 'Subject ', 'Route');
  const value = fc.constantFrom('', 'a', ' a', '"x,\\"" <sip:a>;b, c', 'a\r\n b', '\xff', 'a \t');
  const message = fc
    .tuple(fc.array(fc.tuple(name, value), { maxLength: 8 }), fc.string({ unit: 'binary-ascii' }))
    .map(([lines, body]) => {
      const head = lines.map(([name, value]) => `${name}:${value}\r\n`).join('');
      return `INVITE sip:bob@example.com SIP/2.0\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    });

  it('give the same bytes, and the same message from them', () => {
    fc.assert(
      fc.property(message, (text) => {
        const first = parse(text);
        expect(first.toString()).toBe(text);
        expect(first.flaws).toBe(0);
        expect(parse(first.toString()).table).toEqual(first.table);
      }),
    );
  });

  it('find every line once, where it stands', () => {
    fc.assert(
      fc.property(message, (text) => {
        const parsed = parse(text);
        let at = parsed.headersStart;
        for (let line = 0; line < parsed.lineCount; line++) {
          expect(parsed.lineStart(line)).toBe(at);
          at = parsed.lineEnd(line);
          const id = parsed.id(line);
          const names = id === H.Other ? [parsed.nameAt(line)] : [parsed.nameAt(line), headerName(id)];
          for (const name of names) expect(parsed.findNamed(name, line)).toBe(line);
        }
        expect(at).toBe(parsed.headersEnd);
      }),
    );
  });
});
