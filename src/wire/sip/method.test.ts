import { describe, expect, it } from 'vitest';
import { methodAt } from './method.ts';

describe('a method', () => {
  it.each([
    'INVITE',
    'ACK',
    'BYE',
    'CANCEL',
    'PUBLISH',
    'invite',
    'INVITES',
    'A',
    '',
    'MYOWNMETHODWITHANAME',
  ])('%j is as it was written', (text) =>
    expect(methodAt(Buffer.from(` ${text} `), 1, text.length + 1)).toBe(text),
  );
});
