import { describe, expect, it } from 'vitest';
import type { Listener } from '../net/listener.ts';
import { RouteTags } from './route-tag.ts';

const key = Buffer.alloc(32, 7);
const listener = (name: string, port = 5060): Listener => ({
  name,
  transport: 'udp',
  address: '10.0.0.34',
  port,
  family: 4,
  advertised: undefined,
});
const a = listener('public');
const b = listener('private', 5070);

describe('RouteTags', () => {
  it('finds a listener by twelve characters that fit a URI parameter', () => {
    const tags = new RouteTags(key, [a, b]);
    expect(tags.tagOf(a)).toMatch(/^[A-Za-z0-9_-]{12}$/);
    expect(tags.tagOf(a)).not.toBe(tags.tagOf(b));
    expect(tags.listenerOf(tags.tagOf(b))).toBe(b);
    expect(tags.listenerOf('AAAAAAAAAAAA')).toBeUndefined();
    expect(tags.listenerOf('')).toBeUndefined();
  });

  it('gives the same tag after a restart and on every node, another under another key', () => {
    expect(new RouteTags(key, [a]).tagOf(a)).toBe(new RouteTags(Buffer.from(key), [b, a]).tagOf(a));
    expect(new RouteTags(Buffer.alloc(32, 8), [a]).tagOf(a)).not.toBe(new RouteTags(key, [a]).tagOf(a));
  });

  it('keeps the tag of a listener whose address changes, retires that of one removed, takes one back', () => {
    const tags = new RouteTags(key, [a, b]);
    const [tagA, tagB] = [tags.tagOf(a), tags.tagOf(b)];
    const moved = { ...a, address: '10.0.0.35' };
    tags.update([moved]);
    expect(tags.listenerOf(tagA)).toBe(moved);
    expect(tags.listenerOf(tagB)).toBe('retired');
    tags.update([moved, b]);
    expect(tags.listenerOf(tagB)).toBe(b);
  });

  it('refuses a short key', () => {
    expect(() => new RouteTags(Buffer.alloc(8), [])).toThrow(
      expect.objectContaining({ code: 'CFG_INVALID' }),
    );
  });

  it('seals a text into URI characters and back, the same each time', () => {
    const tags = new RouteTags(key, []);
    for (const text of ['', 'sip:alice@192.168.1.7:5060;transport=tcp', '\xff\x00\r\n']) {
      const token = tags.seal(text);
      expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(tags.unseal(token)).toBe(text);
      expect(tags.seal(text)).toBe(token);
      expect(new RouteTags(Buffer.from(key), [a]).unseal(token)).toBe(text);
    }
  });

  it('gives nothing for a token that was changed in any character, cut, or sealed elsewhere', () => {
    const tags = new RouteTags(key, []);
    const token = tags.seal('sip:alice@192.168.1.7');
    for (let i = 0; i < token.length; i++) {
      const other = token[i] === 'A' ? 'B' : 'A';
      expect(tags.unseal(`${token.slice(0, i)}${other}${token.slice(i + 1)}`)).toBeUndefined();
      expect(tags.unseal(token.slice(0, i))).toBeUndefined();
    }
    expect(tags.unseal(`${token}=`)).toBeUndefined();
    expect(tags.unseal(`${token}.`)).toBeUndefined();
    expect(tags.unseal('x'.repeat(100_000))).toBeUndefined();
    expect(new RouteTags(Buffer.alloc(32, 8), []).unseal(token)).toBeUndefined();
  });
});
