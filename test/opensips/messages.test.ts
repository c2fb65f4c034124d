import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../src/base/errors.ts';
import { diagnosticsText } from '../../src/ops/config/diagnostic.ts';
import { scriptConfig } from '../../src/ops/config/script-config.ts';
import { loadScript } from '../../src/script/opensips/load-script.ts';

const FOLDER = import.meta.dirname;

/** What a person reads who has it checked. */
async function messagesOf(file: string): Promise<string> {
  const result = await loadScript(join('messages', file), { workingDirectory: FOLDER });
  const found = result.ok
    ? afterwards(() => scriptConfig(result.loaded, [], FOLDER))
    : diagnosticsText(result.problems);
  return [`${found}`, '', 'Notices:', diagnosticsText(result.notices), '']
    .join('\n')
    .replaceAll(`${FOLDER}/`, '');
}

function afterwards(run: () => unknown): string {
  try {
    run();
    return 'Nothing is wrong.';
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return error.message;
  }
}

describe('messages about scripts', () => {
  const files = readdirSync(join(FOLDER, 'messages')).filter((file) => file.endsWith('.cfg'));

  it.each(files)('are those that were agreed on for %s', async (file) => {
    await expect(await messagesOf(file)).toMatchFileSnapshot(
      join(FOLDER, 'messages', file.replace('.cfg', '.txt')),
    );
  });
});
