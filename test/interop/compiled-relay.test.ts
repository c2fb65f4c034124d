import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { noteSkipped } from '../cloud/requirements.ts';

const BUILT = join(import.meta.dirname, '../../dist/src');
const of = (file: string) => JSON.stringify(pathToFileURL(join(BUILT, file)).href);

/** What a program does that has the package: starts an embedded relay, and asks it something. */
const PROGRAM = `
const { EmbeddedRelay } = await import(${of('media/server/embedded-relay.js')});
const { SystemClock } = await import(${of('base/clock.js')});
const { DEFAULT_RECORDER_SETTINGS } = await import(${of('media/recorder/recorder.js')});
const { DEFAULT_RELAY_SETTINGS } = await import(${of('media/relay/relay-settings.js')});
await using relay = await EmbeddedRelay.start({
  relay: { ...DEFAULT_RELAY_SETTINGS, addresses: [{ address: '127.0.0.1' }] },
  path: 'auto', trafficClass: 0, notifySockets: [], recordsAll: false,
  sound: { recordings: DEFAULT_RECORDER_SETTINGS, prompts: {} },
}, new SystemClock());
const port = await relay.connect();
port.postMessage({ id: 1, command: 'U call 127.0.0.1 9 f;1' });
const { answer } = await new Promise((resolve) => port.once('message', resolve));
console.log(answer);
`;

describe('the embedded relay', () => {
  if (!existsSync(join(BUILT, 'media/server/relay-thread.js'))) {
    noteSkipped('the relay of the compiled package', 'npm run build has not been run');
    it.skip('runs from the compiled package');
    return;
  }

  it('runs from the compiled package', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^\d+ 127\.0\.0\.1\n$/);
  });
});
