import { pathToFileURL } from 'node:url';
import type { Diagnostic } from './diagnostic.ts';
import { type ConfigPath, type ConfigSource, type Place, placeAt } from './place.ts';

export type ModuleResult =
  | { readonly ok: true; readonly source: ConfigSource }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Imports `viaduct.config.ts` (or `.js`, `.mjs`), whose default export is the configuration. */
export async function readModule(file: string, text: string): Promise<ModuleResult> {
  const url = pathToFileURL(file);
  // Each version of the text is a module of its own, so that a reload sees changes.
  url.searchParams.set('v', String(Date.now()));
  try {
    const module = (await import(url.href)) as { readonly default?: unknown };
    if (module.default === undefined || isEmptyCommonJs(module)) {
      const hint = "write export default { listen: ['udp:10.0.0.34:5060'] }";
      return { ok: false, diagnostics: [{ file, line: 1, column: 1, message: 'nothing is exported', hint }] };
    }
    const source = { file, text, value: module.default, placeOf: (path: ConfigPath) => placeIn(text, path) };
    return { ok: true, source };
  } catch (error) {
    const { line, column } = thrownAt(error, file);
    const message = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return { ok: false, diagnostics: [{ file, line, column, message }] };
  }
}

/** A file without a word of import or export is CommonJS to Node, whose default export is always there. */
function isEmptyCommonJs(module: object): boolean {
  if (!('module.exports' in module)) return false;
  const exported = module['module.exports'];
  return typeof exported === 'object' && exported !== null && Object.keys(exported).length === 0;
}

/** Finds each key of the path behind the one before it; a computed configuration is reported at its last known key. */
function placeIn(text: string, path: ConfigPath): Place {
  let offset = Math.max(0, text.indexOf('export default'));
  for (const step of path) {
    if (typeof step !== 'string') continue;
    const rest = text.slice(offset);
    const match = new RegExp(`(?<![\\w$])['"]?${RegExp.escape(step)}['"]?\\s*:`).exec(rest);
    if (!match) break;
    offset += match.index;
  }
  return placeAt(text, offset);
}

function thrownAt(error: unknown, file: string): Place {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  // A syntax error's stack begins with FILE:LINE, a thrown error's frames have FILE?v=…:LINE:COLUMN.
  const match = new RegExp(`${RegExp.escape(file)}(?:\\?v=\\d+)?:(\\d+)(?::(\\d+))?`).exec(stack);
  return { line: Number(match?.[1] ?? 1), column: Number(match?.[2] ?? 1) };
}
