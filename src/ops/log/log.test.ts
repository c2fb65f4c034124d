import { mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { channels, logLine } from '../../base/channels.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { Log } from './log.ts';

function somewhere(): string {
  return join(mkdtempSync(join(tmpdir(), 'viaduct-log-')), 'logs', 'viaduct.log');
}

function linesOf(file: string): Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8').trimEnd();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('Log', () => {
  it('writes lines with their fields, and errors with their stack', () => {
    const file = somewhere();
    {
      using _ = new Log({ level: 'info', file }, new FakeClock());
      logLine('debug', 'net', 'not wanted');
      logLine('warn', 'script', 'slow', { callId: 'a@b', error: new Error('why') });
    }
    logLine('info', 'net', 'after its end');
    expect(linesOf(file)).toMatchObject([
      {
        level: 'warn',
        area: 'script',
        text: 'slow',
        callId: 'a@b',
        error: { message: 'why', stack: expect.any(String) },
      },
    ]);
  });

  it('takes the level as it changes', () => {
    const file = somewhere();
    using log = new Log({ level: 'error', file }, new FakeClock());
    logLine('info', 'net', 'one');
    log.setLevel('debug');
    logLine('debug', 'net', 'two');
    channels.connection.publish({ event: 'opened' });
    log.setLevel('info');
    expect(channels.connection.hasSubscribers).toBe(false);
    expect(linesOf(file).map(({ text }) => text)).toEqual(['two', 'connection']);
  });

  it('does not let a flood fill the disk', () => {
    const file = somewhere();
    const clock = new FakeClock();
    using log = new Log({ level: 'info', file }, clock);
    for (let i = 0; i < 1000; i++) channels.refused.publish({ reason: 'flood' });
    expect(linesOf(file)).toHaveLength(50);
    expect(log.refusalsSkipped).toBe(950);
    clock.advance(1000);
    channels.refused.publish({ reason: 'flood' });
    expect(linesOf(file).at(-1)).toMatchObject({ reason: 'flood', skippedBefore: 950 });
  });

  it('opens its file anew', async () => {
    const file = somewhere();
    using log = new Log({ level: 'info', file }, new FakeClock());
    logLine('info', 'net', 'one');
    renameSync(file, `${file}.1`);
    log.reopen();
    await new Promise((resolve) => setImmediate(resolve));
    logLine('info', 'net', 'two');
    expect(linesOf(`${file}.1`).map(({ text }) => text)).toEqual(['one']);
    expect(linesOf(file).map(({ text }) => text)).toEqual(['two']);
  });

  it('says which file cannot be written', () => {
    const start = () => new Log({ level: 'info', file: '/dev/null/viaduct.log' }, new FakeClock());
    expect(start).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });
});
