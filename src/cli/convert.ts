import { ServerError } from '../base/errors.ts';
import { diagnosticsText } from '../ops/config/diagnostic.ts';
import { convertScript } from '../script/opensips/convert/convert-script.ts';
import { loadScript } from '../script/opensips/load-script.ts';
import { print } from './terminal.ts';

/** `viaduct convert opensips.cfg`: the program on the standard output, notices beside it. */
export async function convert(
  file: string,
  { preprocessor }: { readonly preprocessor?: string },
): Promise<void> {
  const given = preprocessor ?? (file.endsWith('.m4') ? 'm4' : undefined);
  const result = await loadScript(file, { preprocessor: given, workingDirectory: process.cwd() });
  if (!result.ok) throw new ServerError('CFG_INVALID', diagnosticsText(result.problems));
  if (result.notices.length > 0) {
    const notices = result.notices.map((it) => ({ ...it, message: `notice: ${it.message}` }));
    process.stderr.write(`${diagnosticsText(notices)}\n`);
  }
  print(convertScript(result.loaded).trimEnd());
}
