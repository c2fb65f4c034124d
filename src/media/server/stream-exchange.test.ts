import { describe, expect, it } from 'vitest';
import type { Execute } from './command-source.ts';
import { doorCounters } from './door-counters.ts';
import { StreamExchange } from './stream-exchange.ts';

function connection(execute: Execute, oneCommand = false) {
  const seen: string[] = [];
  const counters = doorCounters();
  const peer = {
    write: (text: string) => seen.push(text),
    close: () => seen.push('closed'),
    flow: (wanted: boolean) => seen.push(wanted ? 'on' : 'off'),
  };
  const exchange = new StreamExchange(execute, { address: undefined }, peer, { oneCommand }, counters);
  return {
    seen,
    counters,
    exchange,
    receive: (text: string) => exchange.receive(Buffer.from(text, 'latin1')),
  };
}

describe('StreamExchange', () => {
  it('answers line by line, and stays', () => {
    const { seen, receive, exchange } = connection((text) => `(${text})`);
    receive('V\nVF 1');
    receive('23\r\n\n  \nX\n');
    expect(seen.join('')).toBe('(V)\n(VF 123)\n(X)\n');
    expect(exchange.commands).toBe(3);
  });

  it('keeps the order of answers', async () => {
    const waiting: ((answer: string) => void)[] = [];
    const { seen, receive } = connection((text) =>
      text === 'V' ? '20040107' : new Promise((resolve) => waiting.push(resolve)),
    );
    receive('U\nV\nU\nV\n');
    waiting[1]!('second');
    await Promise.resolve();
    expect(seen).toEqual([]);
    waiting[0]!('first');
    await Promise.resolve();
    expect(seen).toEqual(['first\n20040107\nsecond\n20040107\n']);
  });

  it('executes what stands without a line end when the peer has finished, and closes behind the last answer', () => {
    const { seen, receive, exchange } = connection((text) => text);
    receive('V');
    expect(seen).toEqual([]);
    exchange.end();
    exchange.end();
    expect(seen).toEqual(['V\n', 'closed']);
  });

  it('takes one command and closes where that is the rule, with a line end or without', () => {
    for (const text of ['V', 'V\n', 'V\nX\n']) {
      const { seen, receive } = connection((it) => it, true);
      receive(text);
      receive('X\n');
      expect(seen).toEqual(['V\n', 'closed']);
    }
    const { seen, exchange } = connection((it) => it, true);
    exchange.end();
    expect(seen).toEqual(['closed']);
  });

  it('closes on a line that has no end', () => {
    const { seen, counters, receive } = connection((text) => text);
    receive('V\n');
    for (let i = 0; i < 10; i++) receive('x'.repeat(1000));
    receive('V\n');
    expect(seen).toEqual(['V\n', 'closed']);
    expect(counters.malformed).toBe(1);
  });

  it('reads no more while much is under way', async () => {
    const waiting: ((answer: string) => void)[] = [];
    const { seen, receive } = connection(() => new Promise((resolve) => waiting.push(resolve)));
    receive('U\n'.repeat(70));
    expect(seen).toEqual(['off']);
    for (const answer of waiting) answer('0');
    await new Promise(setImmediate);
    expect(seen.filter((it) => it.startsWith('o'))).toEqual(['off', 'on']);
    expect(seen.join('').match(/0\n/g)).toHaveLength(70);
  });
});
