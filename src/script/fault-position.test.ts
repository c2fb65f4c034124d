import { describe, expect, it } from 'vitest';
import { faultPosition, positionText } from './fault-position.ts';

function thrown(...frames: string[]): Error {
  const error = new Error('no');
  error.stack = ['Error: no', ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

const FILES = ['/srv/my routes.ts', '/srv/lib.ts'];

describe('faultPosition', () => {
  it('finds the topmost frame in a script, however it is written', () => {
    for (const frame of [
      'invite (/srv/lib.ts:3:7)',
      'async Object.invite [as handler] (/srv/lib.ts:3:7)',
      '/srv/lib.ts:3:7',
      'async /srv/lib.ts:3:7',
      'invite (file:///srv/lib.ts:3:7)',
    ]) {
      const error = thrown('parse (node:internal/url:1:1)', frame, 'invite (/srv/my routes.ts:9:9)');
      expect(faultPosition(error, FILES)).toEqual({ file: '/srv/lib.ts', line: 3, column: 7 });
    }
    expect(faultPosition(thrown('register (/srv/my routes.ts:9:1)'), FILES)?.file).toBe('/srv/my routes.ts');
  });

  it('follows causes, and not for ever', () => {
    const failed = thrown('node:internal/deps/undici:1:1');
    failed.cause = thrown('fetch (node:internal:1:1)', 'options (/srv/lib.ts:10:7)');
    expect(positionText(faultPosition(failed, FILES)!)).toBe('/srv/lib.ts:10:7');
    const endless = thrown('x (/elsewhere.ts:1:1)');
    endless.cause = endless;
    expect(faultPosition(endless, FILES)).toBeUndefined();
  });

  it('finds nothing where no script is meant', () => {
    expect(faultPosition('a text', FILES)).toBeUndefined();
    expect(faultPosition(thrown('x (/srv/other.ts:1:1)'), FILES)).toBeUndefined();
    expect(faultPosition(thrown(), FILES)).toBeUndefined();
  });
});
