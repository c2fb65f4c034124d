import { existsSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { ServerError } from '../base/errors.ts';
import { type Diagnostic, diagnosticsText } from '../ops/config/diagnostic.ts';
import { configJsonSchema } from '../ops/config/json-schema.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import { isScriptProgram, loadRoutes } from '../script/loader.ts';
import { explainScript } from '../script/opensips/explain/explain-script.ts';
import { configOf, loadScriptConfig } from './config-options.ts';
import { complain, indent, paint, print } from './terminal.ts';
import { checkTypes } from './type-check.ts';

const SCRIPT = /\.m?[jt]s$/;

/** `viaduct check FILE…`: exit code 1 where anything is wrong. */
export async function check(
  files: readonly string[],
  options: { readonly schema?: true; readonly explain?: true },
): Promise<void> {
  if (options.schema) {
    print(JSON.stringify(configJsonSchema(), null, 2));
    return;
  }
  if (files.length === 0) {
    complain('nothing to check', 'name files: viaduct check viaduct.yaml routes.ts');
    process.exitCode = 2;
    return;
  }
  const routes = new Set<string>();
  let wrong = false;
  for (const file of files) {
    try {
      if (isScript(file)) await checkScript(file, options.explain);
      else if (isScriptProgram(file)) wrong = !(await checkProgram(file)) || wrong;
      else if (!isConfig(file)) routes.add(resolve(file));
      else {
        const config = await configOf({ config: file });
        listenersOf(config, networkInterfaces());
        if (config.routes !== undefined) routes.add(config.routes);
        good(resolve(file));
      }
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      process.stderr.write(`${error.message}\n${error.hint ? `  hint: ${error.hint}\n` : ''}`);
      wrong = true;
    }
  }
  for (const file of routes) if (!(await checkRoutes(file))) wrong = true;
  if (wrong) process.exitCode = 1;
}

/** OpenSIPS scripts are `.cfg`, and `.m4` where m4 makes them. */
function isScript(file: string): boolean {
  return /\.(?:cfg|m4)$/.test(file);
}

/** @throws ServerError CFG_INVALID */
async function checkScript(file: string, explained = false): Promise<void> {
  const { config, notices } = await loadScriptConfig(
    file,
    file.endsWith('.m4') ? { preprocessor: 'm4' } : {},
  );
  listenersOf(config, networkInterfaces());
  if (notices !== '') process.stderr.write(`${notices}\n`);
  good(resolve(file));
  if (explained && config.script) print(indent(explainScript(config.script)));
}

/** An OpenSIPS script in TypeScript: types first, for they find names that no module has. */
async function checkProgram(file: string): Promise<boolean> {
  const types = checkTypes(resolve(file));
  if (types.kind === 'wrong') return bad(types.diagnostics);
  await checkScript(file);
  return true;
}

function isConfig(file: string): boolean {
  return /\.ya?ml$/.test(file) || /\.config\.m?[jt]s$/.test(file);
}

/** Types first: what the compiler says about a path without an answer is better than what a trial of it shows. */
async function checkRoutes(file: string): Promise<boolean> {
  const reading = readability(file);
  if (reading !== undefined) return bad([{ file, line: 1, column: 1, ...reading }]);
  const types = checkTypes(file);
  if (types.kind === 'wrong') return bad(types.diagnostics);
  const loaded = await loadRoutes(file);
  if (!loaded.ok) return bad(loaded.problems);
  good(
    file,
    types.kind === 'unavailable' ? 'types not checked: there is no TypeScript compiler beside it' : undefined,
  );
  return true;
}

function readability(file: string): { message: string; hint?: string } | undefined {
  if (!SCRIPT.test(file)) {
    return {
      message: 'neither a configuration nor a routes file',
      hint: 'they end in .yaml, .yml, .ts or .js',
    };
  }
  if (!existsSync(file)) return { message: 'the file is not there' };
  return statSync(file).isFile() ? undefined : { message: 'this is no file' };
}

function bad(diagnostics: readonly Diagnostic[]): false {
  process.stderr.write(`${diagnosticsText(diagnostics)}\n`);
  return false;
}

function good(file: string, note?: string): void {
  print(`${file}: ${paint('green', 'good')}${note ? ` (${note})` : ''}`);
}
