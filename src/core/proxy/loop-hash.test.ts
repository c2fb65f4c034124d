import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../wire/sip/parse.ts';
import { loopHash } from './loop-hash.ts';

function hash(change: (text: string) => string = (text) => text, salt = 'salt'): string {
  const text = change(
    'INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n' +
      'From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: abcdefg\r\n' +
      'CSeq: 1 INVITE\r\nRoute: <sip:a.example.com;lr>\r\nMax-Forwards: 70\r\n\r\n',
  );
  const result = parseMessage(Buffer.from(text, 'latin1'));
  if (!result.ok) throw new Error(result.reason);
  return loopHash(result.message, salt);
}

describe('the hash by which loops are found', () => {
  it('is the same for a request that has only come further', () => {
    expect(hash((text) => text.replace('Max-Forwards: 70', 'Max-Forwards: 69'))).toBe(hash());
    expect(hash((text) => text.replace('Via:', 'Via: SIP/2.0/UDP b;branch=z9hG4bK2\r\nVia:'))).toBe(hash());
    expect(hash((text) => text.replace('Route: ', 'ROUTE:'))).toBe(hash());
  });

  it.each([
    ['Request-URI', 'INVITE sip:bob@', 'INVITE sip:rob@'],
    ['From tag', 'tag=1', 'tag=2'],
    ['absent From tag', ';tag=1', ''],
    ['empty From tag', ';tag=1', ';tag='],
    ['To tag', 'To: <sip:bob@example.com>', 'To: <sip:bob@example.com>;tag=1'],
    ['Call-ID', 'abcdefg', 'abcdefh'],
    ['CSeq', '1 INVITE', '2 INVITE'],
    ['Route', 'a.example.com', 'b.example.com'],
    ['Routes in two lines', 'Max-Forwards', 'Route: <sip:c.example.com;lr>\r\nMax-Forwards'],
    ['Proxy-Require', 'Max-Forwards', 'Proxy-Require: x\r\nMax-Forwards'],
    ['credentials', 'Max-Forwards', 'Proxy-Authorization: Digest x\r\nMax-Forwards'],
  ])('differs by the %s', (_, from, to) => expect(hash((text) => text.replace(from, to))).not.toBe(hash()));

  it('differs by the server', () => expect(hash(undefined, 'pepper')).not.toBe(hash()));

  it('reads a tag alike however its header is written', () => {
    expect(hash((text) => text.replace('From: <', 'From: "a \\"b\\""\r\n <'))).toBe(hash());
  });

  it('is short and a token, and does not repeat itself', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) seen.add(hash((text) => text.replace('abcdefg', `${i}-77@127.0.0.1`)));
    expect(seen.size).toBe(20_000);
    for (const it of seen) expect(it).toMatch(/^[0-9a-z]{1,11}$/);
  });
});
