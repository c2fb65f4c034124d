import { describe, expect, it } from 'vitest';
import { LineFramer, LONGEST_FRAME, parseFrame, printCommandFrame, printReplyFrame } from './frame.ts';
import { parseNotification, parseNotifySocket, printNotification } from './notification.ts';
import {
  parseReply,
  printCounters,
  printError,
  printRelayAddress,
  QUERY_COUNTERS,
  readCounters,
  readRelayAddress,
} from './reply.ts';

function words(text: string): readonly string[] {
  const reply = parseReply(text);
  return reply?.ok ? reply.words : [];
}

describe('replies', () => {
  it.each([
    ['35000 10.0.0.34', { port: 35000, address: '10.0.0.34' }],
    ['35000 2001:db8::1 6', { port: 35000, address: '2001:db8::1' }],
    ['35000', { port: 35000, address: undefined }],
    ['0', { port: 0, address: undefined }],
  ])('tell where the relay listens: %s', (text, address) => {
    expect(readRelayAddress(words(`${text}\n`))).toEqual(address);
    expect(printRelayAddress(address)).toBe(text);
  });

  it.each(['', '70000 10.0.0.34', '-1', '35000 nowhere'])('tell no address with "%s"', (text) => {
    expect(readRelayAddress(words(text))).toBeUndefined();
  });

  it('tell errors and what sub-commands gave', () => {
    expect(parseReply('E72\n')).toEqual({ ok: false, error: 72 });
    expect(parseReply(printError(5))).toEqual({ ok: false, error: 5 });
    expect(parseReply('35000 10.0.0.34 && 0 && -1')).toEqual({
      ok: true,
      words: ['35000', '10.0.0.34'],
      subresults: [['0'], ['-1']],
    });
    expect(parseReply(' \n')).toBeUndefined();
    expect(parseReply('Exx')).toEqual({ ok: true, words: ['Exx'], subresults: [] });
  });

  it('tell counters', () => {
    const counters = new Map([
      ['ttl', 60],
      ['npkts_ina', 1],
      ['npkts_ino', 2],
      ['nrelayed', 3],
      ['ndropped', 0],
    ]);
    expect(readCounters(words('60 1 2 3 0'), QUERY_COUNTERS)).toEqual(counters);
    expect(readCounters(words('ttl=60 npkts_ina=1 npkts_ino=2 nrelayed=3 ndropped=0'), [])).toEqual(counters);
    const printed = [
      ['ttl', '60'],
      ['longest_ipi', '0.020000'],
    ] as const;
    expect(printCounters(printed, false)).toBe('60 0.020000');
    expect(printCounters(printed, true)).toBe('ttl=60 longest_ipi=0.020000');
    expect(readCounters(['x'], ['ttl'])).toBeUndefined();
    expect(readCounters(['1', '2'], ['ttl'])).toBeUndefined();
  });
});

describe('frames', () => {
  it('have a cookie in datagrams', () => {
    expect(parseFrame(Buffer.from('411_7_1 V\r\n'))).toEqual({ cookie: '411_7_1', text: 'V' });
    expect(printCommandFrame({ cookie: 'c', text: 'V' }).toString()).toBe('c V');
    expect(printReplyFrame({ cookie: 'c', text: '20040107' }).toString()).toBe('c 20040107\n');
  });

  it.each(['', 'V', ' V', 'c ', 'c\n', `c ${'x'.repeat(LONGEST_FRAME)}`, `${'c'.repeat(300)} V`])(
    'have none in others',
    (text) => {
      expect(parseFrame(Buffer.from(text))).toBeUndefined();
    },
  );

  it('are lines on streams, however they are cut', () => {
    const all = Buffer.from('V\nVF 20050322\r\n\nX\nI');
    const framer = new LineFramer();
    expect([...all].flatMap((byte) => framer.push(Buffer.of(byte)))).toEqual(['V', 'VF 20050322', 'X']);
    expect(framer.rest).toBe('I');
  });

  it('are bounded on streams', () => {
    const framer = new LineFramer();
    expect(framer.push(Buffer.from(`V\n${'x'.repeat(LONGEST_FRAME + 1)}`))).toEqual(['V']);
    expect([framer.overflow, framer.push(Buffer.from('\nV\n'))]).toEqual([true, []]);
  });
});

describe('notifications', () => {
  it('tell timeouts and keys', () => {
    const key = { kind: 'key', tag: 'Dc12', event: 11, volume: 10, duration: 800, stream: 0 } as const;
    expect(printNotification(key)).toBe('Dc12 # 10 800 0\n');
    expect(parseNotification('Dc12 # 10 800 0\n')).toEqual(key);
    expect(parseNotification('Dc12 0 10 800 1')).toEqual({ ...key, event: 0, stream: 1 });
    expect(printNotification({ kind: 'timeout', tag: 'T7' })).toBe('T7\n');
    expect(parseNotification('T7')).toEqual({ kind: 'timeout', tag: 'T7' });
    for (const line of ['', 'T7 1', 'T7 1 2 3 x', 'T7 1 2 3 4 5', 'Dc12 11 10 800 0'])
      expect(parseNotification(line)).toBeUndefined();
    expect(() => printNotification({ kind: 'timeout', tag: 'T7\nT8' })).toThrow('one word');
    expect(() => printNotification({ ...key, event: 17 })).toThrow('no key');
  });

  it.each([
    ['unix:/run/n.sock', { kind: 'unix', path: '/run/n.sock' }],
    ['/run/n.sock', { kind: 'unix', path: '/run/n.sock' }],
    ['tcp:192.0.2.1:9999', { kind: 'tcp', host: '192.0.2.1', port: 9999 }],
    ['192.0.2.1:9999', { kind: 'tcp', host: '192.0.2.1', port: 9999 }],
    ['tcp:[2001:db8::1]:9999', { kind: 'tcp', host: '2001:db8::1', port: 9999 }],
    ['%%CC_SELF%%:9999', { kind: 'tcp', host: '198.51.100.7', port: 9999 }],
    ['unix:', undefined],
    ['tcp:192.0.2.1', undefined],
    ['tcp::9999', undefined],
    ['2001:db8::1:9999', undefined],
  ])('go to %s', (text, socket) => {
    expect(parseNotifySocket(text, '198.51.100.7')).toEqual(socket);
  });

  it('go nowhere where nobody knows who asked', () => {
    expect(parseNotifySocket('%%CC_SELF%%:9999')).toBeUndefined();
  });
});
