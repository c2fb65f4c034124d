import { describe, expect, it } from 'vitest';
import { module } from './maxfwd.ts';

describe('maxfwd', () => {
  it('takes max_limit from 1 to 256', () => {
    const { max_limit } = module.params!;
    expect(max_limit!.take(256, 32)).toEqual({ ok: true, value: 32 });
    expect(max_limit!.take(256, 0)).toMatchObject({ ok: false });
    expect(max_limit!.take(256, '32')).toMatchObject({ ok: true, value: 32, notice: expect.any(String) });
  });
});
