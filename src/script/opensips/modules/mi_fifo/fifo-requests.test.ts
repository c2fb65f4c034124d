import { describe, expect, it } from 'vitest';
import { FifoRequests } from './fifo-requests.ts';

describe('FifoRequests', () => {
  it.each([
    ['with a line end', [':r:{"a":1}\n'], [{ reply: 'r', json: '{"a":1}' }]],
    ['without one', [':r:{"a":"}\\"{"}'], [{ reply: 'r', json: '{"a":"}\\"{"}' }]],
    ['without an answer', ['::{}'], [{ reply: '', json: '{}' }]],
    ['in pieces', [':re', 'ply', ':{"a":', '{"b":2}', '}\n'], [{ reply: 'reply', json: '{"a":{"b":2}}' }]],
    [
      'several',
      [':a:{}:b:{}\n\n:c:{}'],
      [
        { reply: 'a', json: '{}' },
        { reply: 'b', json: '{}' },
        { reply: 'c', json: '{}' },
      ],
    ],
    ['over lines', [':a:{\n "x": 1\n}\n'], [{ reply: 'a', json: '{\n "x": 1\n}' }]],
    ['behind rubbish', ['what is this\n:a:{}'], [{ reply: 'a', json: '{}' }]],
    [
      'what is no object',
      [':a:ps\n:b:{}'],
      [
        { reply: 'a', json: 'ps' },
        { reply: 'b', json: '{}' },
      ],
    ],
    ['with a name that is too long', [`:${'x'.repeat(200)}:{}\n:b:{}`], [{ reply: 'b', json: '{}' }]],
  ])('cuts requests %s', (_what, pieces, requests) => {
    const reader = new FifoRequests();
    expect(pieces.flatMap((piece) => reader.take(piece))).toEqual(requests);
  });

  it('holds no more than fits', () => {
    const reader = new FifoRequests();
    for (let i = 0; i < 100; i++) expect(reader.take(i === 0 ? ':a:{"' : 'x'.repeat(1000))).toEqual([]);
    reader.forget();
    expect(reader.incomplete).toBe(false);
    expect(reader.take(':b:{}')).toEqual([{ reply: 'b', json: '{}' }]);
  });
});
