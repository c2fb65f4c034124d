import { describe, expect, it } from 'vitest';
import { parseBencode, printBencode } from './bencode.ts';
import { parseJson, printJson } from './json.ts';
import { type NgMessage, ngRequest, ngResult, parseNgMessage, printNgMessage } from './message.ts';
import type { NgValue } from './value.ts';

describe('bencode', () => {
  it.each<[string, NgValue]>([
    ['4:spam', 'spam'],
    ['0:', ''],
    ['2:\xc3\xa9', '\xc3\xa9'],
    ['i-42e', -42],
    ['i0e', 0],
    ['i18446744073709551615e', 2 ** 64],
    ['l4:spami7ee', ['spam', 7]],
    ['d3:cow3:moo4:spaml1:a1:bee', { cow: 'moo', spam: ['a', 'b'] }],
    ['d9:__proto__d3:foo3:baree', JSON.parse('{"__proto__":{"foo":"bar"}}') as NgValue],
    ['de', {}],
  ])('reads %s', (text, value) => {
    expect(printJson(parseBencode(text)!)).toBe(printJson(value));
    expect(parseBencode(printBencode(value))).toEqual(parseBencode(text));
  });

  it('reads keys in any order and writes them sorted', () => {
    expect(printBencode(parseBencode('d1:b1:x1:a1:ye')!)).toBe('d1:a1:y1:b1:xe');
  });

  it.each([
    '',
    'i',
    'ie',
    'i-e',
    'i-0e',
    'i01e',
    'i1.5e',
    `i${'9'.repeat(20)}e`,
    `i${'9'.repeat(400)}e`,
    '4:spa',
    '04:spam',
    '-1:a',
    '99999999999999999999999:a',
    'l',
    'li1e',
    'd1:ae',
    'di1e1:ae',
    'i1ei2e',
    'x',
    'l'.repeat(60_000),
    `${'l'.repeat(33)}${'e'.repeat(33)}`,
  ])('refuses %s', (text) => {
    expect(parseBencode(text)).toBeUndefined();
  });

  it('refuses to write what it cannot say', () => {
    expect(() => printBencode(1.5)).toThrow('whole');
    expect(() => printBencode('\u20ac')).toThrow('latin1');
  });
});

describe('JSON', () => {
  it('carries byte strings as UTF-8', () => {
    const text = Buffer.from('{"a":"é","b":[1,true,null]}').toString('latin1');
    const value = parseJson(text)!;
    expect(value).toEqual(Object.assign(Object.create(null), { a: '\xc3\xa9', b: [1, 'yes', ''] }));
    expect(printJson(value)).toBe(text.replace('true,null', '"yes",""'));
  });

  it.each(['', '{', '{"a":}', '1e999', '['.repeat(60_000), `${'['.repeat(34)}${']'.repeat(34)}`])(
    'refuses %s',
    (text) => {
      expect(parseJson(text)).toBeUndefined();
    },
  );
});

describe('ng messages', () => {
  const body = ngRequest('offer', {
    'call-id': 'c@x',
    sdp: 'v=0\r\n',
    flags: ['trust-address'],
    'to-tag': undefined,
  });

  it('are framed by a cookie', () => {
    const bytes = printNgMessage({ cookie: '5323_1', encoding: 'bencode', body });
    expect(bytes.toString()).toBe(
      '5323_1 d7:call-id3:c@x7:command5:offer5:flagsl13:trust-addresse3:sdp5:v=0\r\ne',
    );
    expect(parseNgMessage(bytes)).toMatchObject({ cookie: '5323_1', encoding: 'bencode', body });
  });

  it('keep their encoding', () => {
    const message: NgMessage = { cookie: 'c', encoding: 'json', body };
    expect(parseNgMessage(printNgMessage(message))).toMatchObject(message);
  });

  it.each([
    '',
    'd2:aae',
    ' de',
    'c ',
    'c le',
    'c []',
    'c de\n',
    `c d1:a${'9'.repeat(5)}:e`,
    `${'c'.repeat(300)} de`,
  ])('are not %s', (text) => {
    expect(parseNgMessage(Buffer.from(text))).toBeUndefined();
  });

  it('tell how it went', () => {
    expect(ngResult({ result: 'pong' })).toEqual({ ok: true, body: { result: 'pong' } });
    expect(ngResult({ result: 'error', 'error-reason': 'Unknown call-id' })).toEqual({
      ok: false,
      reason: 'Unknown call-id',
    });
    expect(ngResult({ result: 'load limit' })).toEqual({ ok: false, reason: 'result load limit' });
    for (const text of ['c de', 'c d6:resultdee', 'c {"result":{}}', 'c d12:error-reasonlee']) {
      expect(ngResult(parseNgMessage(Buffer.from(text))!.body)).toEqual({ ok: false, reason: 'no result' });
    }
  });
});
