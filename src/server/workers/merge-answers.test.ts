import { describe, expect, it } from 'vitest';
import { mergeAll, mergeGroups, mergeLists, mergeRelays, mergeStatus } from './merge-answers.ts';

const fault = { error: { code: -32602, message: 'not so' } };

describe('the answers of several workers', () => {
  it('are added up, but for what all know alike', () => {
    const each = [
      { net: { datagramsIn: 3, certificateDaysLeft: 30 }, quarantine: { entered: 1, inside: 2 } },
      {
        net: { datagramsIn: 4, certificateDaysLeft: 9 },
        quarantine: { entered: 2, inside: 1 },
        keepAlive: { sent: 1 },
      },
    ];
    expect(mergeGroups(each)).toEqual({
      net: { datagramsIn: 7, certificateDaysLeft: 9 },
      quarantine: { entered: 3, inside: 2 },
      keepAlive: { sent: 1 },
    });
  });

  it('are one status', () => {
    const outcomes = [1, 2].map((connections) => ({ result: { version: '1', connections, workers: 1 } }));
    expect(mergeStatus(outcomes, { workers: '2' })).toEqual({ version: '1', connections: 3, workers: '2' });
  });

  it('are one list, or the fault of one', () => {
    expect(mergeLists([{ result: [{ a: 1 }] }, { result: [] }, { result: [{ a: 2 }] }])).toEqual({
      result: [{ a: 1 }, { a: 2 }],
    });
    expect(mergeLists([{ result: [] }, fault])).toBe(fault);
  });

  it('are one row for each relay, with both states where they differ', () => {
    const row = (node: string, state: string) => ({
      relay: 'a',
      node,
      state,
      commands: 2,
      failures: 1,
      pending: 0,
    });
    const merged = mergeRelays([
      { result: [row('x', 'active'), row('y', 'active')] },
      { result: [row('x', 'inactive'), row('y', 'active')] },
    ]);
    expect(merged).toEqual({
      result: [
        { ...row('x', 'active; inactive'), commands: 4, failures: 2 },
        { ...row('y', 'active'), commands: 4, failures: 2 },
      ],
    });
  });

  it.each([
    ['the same', ['OK', 'OK'], 'OK'],
    ['numbers', [{ a: 1 }, { a: 2, b: 3 }], { a: 3, b: 3 }],
    ['lists', [[1], [2]], [1, 2]],
    ['anything else', ['a', 'b'], ['a', 'b']],
  ])('to one order: %s', (_what, results, result) => {
    expect(mergeAll(results.map((it) => ({ result: it })))).toEqual({ result });
  });

  it('to one order are a fault only where nobody could carry it out', () => {
    expect(mergeAll([fault, { result: 'done' }])).toEqual({ result: 'done' });
    expect(mergeAll([fault, fault])).toBe(fault);
  });
});
