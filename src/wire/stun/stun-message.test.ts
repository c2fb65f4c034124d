import { describe, expect, it } from 'vitest';
import { bindingAnswer, parseBindingRequest } from './stun-message.ts';

/** The transaction of RFC 5769 §2.1, and what its responses (§2.2, §2.3) say. */
const ID = '2112a442b7e7a701bc34d686fa87dfae';
const V4 = [192, 0, 2, 1];
const V6 = [0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77];

function request(attributes = '', length = attributes.length / 2): Buffer {
  return Buffer.from(`0001${length.toString(16).padStart(4, '0')}${ID}${attributes}`, 'hex');
}

describe('bindingAnswer', () => {
  it('gives an IPv4 source as in RFC 5769 §2.2', () => {
    const answer = bindingAnswer(parseBindingRequest(request())!, V4, 32853);
    expect(answer.toString('hex')).toBe(`0101000c${ID}002000080001a147e112a643`);
  });

  it('gives an IPv6 source as in RFC 5769 §2.3', () => {
    const answer = bindingAnswer(parseBindingRequest(request())!, V6, 32853);
    expect(answer.toString('hex')).toBe(`01010018${ID}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`);
  });

  it('refuses what must be understood and is not with 420, in few bytes', () => {
    // PRIORITY must be understood, SOFTWARE need not (RFC 8445 §7.1.1, RFC 8489 §14.14).
    const parsed = parseBindingRequest(request(`002400046e0001ff${'80220003616263'}00`))!;
    expect(parsed.unknown).toEqual([0x24]);
    const answer = bindingAnswer(parsed, V4, 1);
    expect(answer.toString('hex')).toBe(
      `01110024${ID}0009001500000414${Buffer.from('Unknown Attribute').toString('hex')}000000000a000200240000`,
    );
    const many = parseBindingRequest(request('0024000000250000'.repeat(200)))!;
    expect(bindingAnswer(many, V4, 1).length).toBeLessThan(80);
  });
});

describe('parseBindingRequest', () => {
  it.each([
    ['too short', request().subarray(0, 19)],
    ['longer than it says', Buffer.concat([request(), Buffer.alloc(4)])],
    ['shorter than it says', request('', 4)],
    ['a length that is no multiple of four', request('800100'.padEnd(12, '0'), 6)],
    ['an attribute beyond the end', request('8022000961626364')],
    ['another cookie', Buffer.from(`00010000${ID.replace('2112', '2113')}`, 'hex')],
    ['a response', Buffer.from(`01010000${ID}`, 'hex')],
    ['an indication', Buffer.from(`00110000${ID}`, 'hex')],
  ])('takes nothing that is %s', (_name, bytes) => {
    expect(parseBindingRequest(bytes)).toBeUndefined();
  });
});
