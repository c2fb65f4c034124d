import { loadScriptDefinition } from './loader.ts';
import type { LoadScriptResult } from './opensips/load-script.ts';
import { loadDefinition } from './opensips/typescript/load-definition.ts';

/** Loads an OpenSIPS script in TypeScript; everything that is wrong with it is found in one go. */
export async function loadScriptProgram(file: string): Promise<LoadScriptResult> {
  const loaded = loadScriptDefinition(file);
  if (!loaded.ok) return { ok: false, problems: loaded.problems, notices: [] };
  return await loadDefinition(file, loaded.source, loaded.definition);
}
