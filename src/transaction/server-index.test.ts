import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SipMessage } from '../wire/sip/message.ts';
import { parseMessage } from '../wire/sip/parse.ts';
import { ServerIndex } from './server-index.ts';
import { ServerKey } from './server-key.ts';
import { IndexEntry } from './testing/index-entry.ts';

function request(via: string, callId = 'a'): SipMessage {
  const text = `INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP ${via}\r\nCall-ID: ${callId}\r\nCSeq: 1 INVITE\r\n\r\n`;
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function key(via: string, method = 'INVITE', callId = 'a'): ServerKey {
  const message = request(via, callId);
  return new ServerKey(message, message.topVia!, method);
}

describe('a key', () => {
  it('is method, sent-by in any case, port and branch', () => {
    const one = key('Host.example:5060;branch=z9hG4bKa');
    expect(one.equals(key('host.EXAMPLE:5060;branch=z9hG4bKa'))).toBe(true);
    for (const other of [
      key('Host.example:5060;branch=z9hG4bKA'),
      key('Host.example;branch=z9hG4bKa'),
      key('Host.example:5061;branch=z9hG4bKa'),
      key('host2.example:5060;branch=z9hG4bKa'),
      key('Host.example:5060;branch=z9hG4bKa', 'CANCEL'),
      key('Host.example:5060;branch=a'),
    ]) {
      expect(one.equals(other)).toBe(false);
    }
  });

  it('is what RFC 2543 matched by where the branch has no magic cookie', () => {
    expect(key('10.0.0.1;branch=1').equals(key('10.0.0.1;branch=1'))).toBe(true);
    expect(key('10.0.0.1;branch=1').equals(key('10.0.0.1;branch=1', 'INVITE', 'b'))).toBe(false);
  });
});

describe('the index of server transactions', () => {
  it('finds what a map would find, through growth and removals', () => {
    const branches = fc.array(fc.nat(3000), { minLength: 1, maxLength: 4000 });
    fc.assert(
      fc.property(branches, fc.integer(), (numbers, seed) => {
        const index = new ServerIndex<IndexEntry>(seed);
        const map = new Map<number, IndexEntry>();
        for (const number of numbers) {
          const sought = key(`10.0.0.${number % 7};branch=z9hG4bK${number}`);
          const known = map.get(number);
          expect(index.find(sought)).toBe(known);
          if (known) {
            index.remove(known);
            map.delete(number);
          } else {
            const entry = new IndexEntry(sought);
            index.add(entry);
            map.set(number, entry);
          }
        }
        expect(index.size).toBe(map.size);
        expect(new Set(index.all())).toEqual(new Set(map.values()));
      }),
      { numRuns: 20 },
    );
  });

  it('forgets an entry once', () => {
    const index = new ServerIndex<IndexEntry>(7);
    const entry = new IndexEntry(key('10.0.0.1;branch=z9hG4bKa'));
    index.add(entry);
    index.remove(entry);
    index.remove(entry);
    expect(index.size).toBe(0);
  });

  it('spreads keys that differ in one place', () => {
    const index = new ServerIndex<IndexEntry>(1);
    for (let i = 0; i < 1024; i++) index.add(new IndexEntry(key(`10.0.0.1;branch=z9hG4bK-${i}-x`)));
    const used = new Set(index.all().map((entry) => entry.keyHash & 1023));
    // Of 1024 balls into 1024 boxes about 647 boxes are hit.
    expect(used.size).toBeGreaterThan(580);
  });
});
