import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScript } from '../load-script.ts';
import { readScript } from './read-script.ts';

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'viaduct-read-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** `file:line: message` of each fault. */
async function faultsOf(workingDirectory: string, file: string, preprocessor?: string): Promise<string[]> {
  const result = await loadScript(file, { workingDirectory, preprocessor });
  if (result.ok) return [];
  return result.problems.map(
    (it) => `${it.file.replace(`${workingDirectory}/`, '')}:${it.line}: ${it.message}`,
  );
}

describe('readScript', () => {
  it('puts included files in place, by either word, in either quotes, again and again', () => {
    const workingDirectory = folder({
      'main.cfg': 'a\ninclude_file "one.cfg"\nb\n  import_file \'one.cfg\'  # twice\nc\n',
      'one.cfg': 'one\n',
    });
    const read = readScript('main.cfg', { workingDirectory });
    expect(
      read.ok &&
        read.source.text
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean),
    ).toEqual(['a', 'one', 'b', 'one', 'c']);
  });

  it('passes over imported files that are not there, and complains of included ones', async () => {
    const workingDirectory = folder({
      'a.cfg': 'import_file "none.cfg"\nroute { exit; }\n',
      'b.cfg': 'route { exit; }\ninclude_file "none.cfg"\n',
    });
    expect(await faultsOf(workingDirectory, 'a.cfg')).toEqual([]);
    expect(await faultsOf(workingDirectory, 'b.cfg')).toEqual([
      expect.stringMatching(/^b\.cfg:2: .*none\.cfg/),
    ]);
  });

  it('complains of files that include themselves, and of a script that is not there', async () => {
    const workingDirectory = folder({ 'a.cfg': 'include_file "b.cfg"\n', 'b.cfg': 'include_file "a.cfg"\n' });
    expect(await faultsOf(workingDirectory, 'a.cfg')).toEqual([
      expect.stringMatching(/b\.cfg:1: .*a\.cfg includes itself/),
    ]);
    expect(await faultsOf(workingDirectory, 'none.cfg')).toEqual([expect.stringContaining('none.cfg')]);
  });

  it('leaves words in strings and comments alone', () => {
    const workingDirectory = folder({
      'main.cfg': '# include_file "none.cfg"\nroute { xlog("include_file \\"none.cfg\\""); }\n',
    });
    expect(readScript('main.cfg', { workingDirectory }).ok).toBe(true);
  });

  it('tells the places of what went through a preprocessor in the files as they were written', async () => {
    const workingDirectory = folder({
      'main.cfg': 'route {\n  WORD("x");\n}\ninclude_file "more.cfg"\n',
      'more.cfg': '\nroute[more] {\n\n  WORD(1, 2, 3);\n}\n',
    });
    expect(await faultsOf(workingDirectory, 'main.cfg', "sed 's/WORD/xlgo/'")).toEqual([
      'main.cfg:2: there is no function xlgo',
      'more.cfg:4: there is no function xlgo',
    ]);
    expect(
      await faultsOf(workingDirectory, 'main.cfg', 'sed \'s/WORD(1, 2, 3)/xlog("b")/; s/WORD/xlog/\''),
    ).toEqual([]);
  });

  it('tells what a preprocessor has said that failed', async () => {
    const workingDirectory = folder({ 'main.cfg': 'route { exit; }\n' });
    expect(await faultsOf(workingDirectory, 'main.cfg', 'echo no such macro >&2; false')).toEqual([
      expect.stringContaining('no such macro'),
    ]);
    writeFileSync(join(workingDirectory, 'large.cfg'), `route { exit; }\n${'#\n'.repeat(200_000)}`);
    expect(await faultsOf(workingDirectory, 'large.cfg', 'exec <&-; sleep 0.1; exit 3')).toEqual([
      expect.stringContaining('it ended with 3'),
    ]);
    expect(await faultsOf(workingDirectory, 'main.cfg', 'no-such-program-here')).toEqual([
      expect.stringContaining('not found'),
    ]);
  });
});
