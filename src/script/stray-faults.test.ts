import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MODULE = new URL('./stray-faults.ts', import.meta.url).href;

/** Runs a body with the watch on, in a process of its own, where the runtime takes faults that say `script` for its own. */
function watched(body: string): Promise<{ stdout: string }> {
  const program = `
    import { watchStrayFaults } from ${JSON.stringify(MODULE)};
    const watch = watchStrayFaults({
      isScriptFault: (error) => error.message.includes('script'),
      strayFault: (error) => console.log('logged:', error.message),
    });
    ${body}
    setTimeout(() => { console.log('alive'); watch[Symbol.dispose](); }, 50);
  `;
  return promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program]);
}

describe('the watch over stray faults', () => {
  it('logs what scripts throw in timers, and every rejection that nobody hears', async () => {
    const { stdout } = await watched(`
      setTimeout(() => { throw new Error('script timer'); }, 1);
      Promise.reject(new Error('of fetch'));
    `);
    expect(stdout.trim().split('\n').sort()).toEqual(['alive', 'logged: of fetch', 'logged: script timer']);
  });

  it('lets what the server throws end the process', async () => {
    const ended = watched(`setTimeout(() => { throw new Error('server timer'); }, 1);`);
    await expect(ended).rejects.toMatchObject({
      stderr: expect.stringContaining('server timer'),
      stdout: '',
    });
  });
});
