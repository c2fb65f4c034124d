import { describe, expect, it } from 'vitest';
import { harmless } from '../../src/cli/terminal.ts';

describe('text of strangers', () => {
  it('gives a terminal no orders', () => {
    expect(harmless('a\x1b[2Jb\x07\x9b31m\u202ec\x7f\r\0')).toBe(
      'a\ufffd[2Jb\ufffd\ufffd31m\ufffdc\ufffd\ufffd\ufffd',
    );
    expect(harmless('Jürgen 電話 ☎\nnext')).toBe('Jürgen 電話 ☎\nnext');
  });
});
