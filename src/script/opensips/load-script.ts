import { existsSync, readdirSync } from 'node:fs';
import { nearest } from '../../base/nearest.ts';
import type { Problem } from '../script-module.ts';
import { Scope } from './compile/scope.ts';
import { type CompiledScript, compileScript } from './compile/script-compiler.ts';
import { coreModule } from './core/core-module.ts';
import { DbUrl } from './db/db-url.ts';
import type { ScriptModule } from './frame/module.ts';
import type { LoadModule, Script } from './language/ast.ts';
import { Faults } from './language/faults.ts';
import { type ReadOptions, readScript } from './language/read-script.ts';
import { parseScript } from './language/script-parser.ts';
import type { SourceText } from './language/source-text.ts';
import { readSettings, type ScriptSettings } from './settings.ts';
import { NEEDLESS, SUBSTITUTES } from './substitutes.ts';
import { takeParameters } from './take-parameters.ts';
import { transformations } from './transform/transformations.ts';

/** A script that was read, checked and compiled; nothing runs yet. */
export interface LoadedScript {
  readonly file: string;
  readonly source: SourceText;
  readonly script: Script;
  readonly settings: ScriptSettings;
  /** The core first, then the loaded ones in their order. */
  readonly modules: readonly ScriptModule[];
  /** For each of {@link modules} what its parameters say. */
  readonly parameters: readonly Readonly<Record<string, unknown>>[];
  readonly compiled: CompiledScript;
}

export type LoadScriptResult =
  | { readonly ok: true; readonly loaded: LoadedScript; readonly notices: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly notices: readonly Problem[] };

export interface CompileOptions {
  /** Whether assignments are told on the channel `step`. */
  readonly traced?: boolean;
}

/** Reads and compiles a script; everything that is wrong with it is found in one go. */
export async function loadScript(
  file: string,
  options: ReadOptions & CompileOptions,
): Promise<LoadScriptResult> {
  const read = readScript(file, options);
  if (!read.ok) return { ok: false, problems: [read.problem], notices: [] };
  return compileSource(file, read.source, options);
}

/** As {@link loadScript}, for a text that is at hand. */
export async function compileSource(
  file: string,
  source: SourceText,
  options: CompileOptions = {},
): Promise<LoadScriptResult> {
  const faults = new Faults(source);
  const script = parseScript(faults);
  const names = script.modules.map(({ name }) => name);
  const result = compileParsed(file, script, await importModules(names), faults, options);
  if (result.ok) return result;
  // Once more, now that it is worth the time to know whose the names are that are not known.
  const again = new Faults(source);
  return compileParsed(file, parseScript(again), await importModules(moduleNames()), again);
}

/**
 * As {@link compileSource}, for a text that was read into `script`.
 * @param available modules that are at hand, those that the script loads among them
 */
export function compileParsed(
  file: string,
  script: Script,
  available: ReadonlyMap<string, ScriptModule>,
  faults: Faults,
  options: CompileOptions = {},
): LoadScriptResult {
  const settings = { ...readSettings(script, faults), traced: options.traced === true };
  const modules = [coreModule, ...takeModules(script.modules, available, faults)];
  checkNeeds(modules, script.modules, faults);
  checkDatabases(modules, script, faults);
  const parameters = takeParameters(modules, script.parameters, script.modules, faults);
  const scope = new Scope(modules, transformations, {
    elsewhere: [...available.values()].filter((it) => !modules.includes(it)),
    incomplete: script.modules.some(({ name }) => !available.has(name) && NEEDLESS[name] === undefined),
  });
  const compiled = compileScript(script, scope, faults, settings);
  const { source, notices } = faults;
  if (compiled === undefined) return { ok: false, problems: faults.errors, notices };
  return {
    ok: true,
    loaded: { file, source, script, settings, modules, parameters, compiled },
    notices,
  };
}

const FOLDER = new URL('./modules/', import.meta.url);

/** The names of the modules that there are. */
export function moduleNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => /^[a-z0-9_]+\.[jt]s$/.test(name))
    .map((name) => name.slice(0, -3))
    .sort();
}

/** @returns undefined where there is none of that name */
export async function importModule(name: string): Promise<ScriptModule | undefined> {
  if (!/^[a-z0-9_]+$/.test(name)) return undefined;
  const file = ['.ts', '.js'].map((suffix) => new URL(name + suffix, FOLDER)).find((url) => existsSync(url));
  if (file === undefined) return undefined;
  const { module } = (await import(file.href)) as { readonly module?: ScriptModule };
  return module;
}

export async function importModules(names: readonly string[]): Promise<ReadonlyMap<string, ScriptModule>> {
  const modules = new Map<string, ScriptModule>();
  for (const name of names) {
    const module = await importModule(name);
    if (module !== undefined) modules.set(name, module);
  }
  return modules;
}

export function takeModules(
  wanted: readonly LoadModule[],
  available: ReadonlyMap<string, ScriptModule>,
  faults: Faults,
): ScriptModule[] {
  const found: ScriptModule[] = [];
  for (const { name, start } of wanted) {
    const module = available.get(name);
    if (module !== undefined) found.push(module);
    else if (NEEDLESS[name] !== undefined) faults.notice(start, `${name} has no effect: ${NEEDLESS[name]}`);
    else noModule(name, start, faults);
  }
  return found;
}

function noModule(name: string, start: number, faults: Faults): void {
  const instead = SUBSTITUTES[name];
  if (instead !== undefined) {
    faults.error(start, `the module ${name} is not there`, instead);
    return;
  }
  const near = nearest(name, moduleNames());
  faults.error(
    start,
    `there is no module ${name}`,
    near === undefined ? `there are ${moduleNames().join(', ')}` : `did you mean ${near}?`,
  );
}

/** Each database that the script names must have the module that serves it. */
function checkDatabases(modules: readonly ScriptModule[], script: Script, faults: Faults): void {
  for (const { name, value, valueStart } of script.parameters) {
    if (name !== 'db_url') continue;
    const url = DbUrl.parse(String(value).replace(/^\s*\d+\s+/, ''));
    if (url === undefined || modules.some((it) => it.name === url.module)) continue;
    const there = moduleNames().includes(url.module);
    faults.error(
      valueStart,
      `no loaded module serves ${url.scheme}://`,
      there ? `write loadmodule "${url.module}.so"` : SUBSTITUTES[url.module],
    );
  }
}

export function checkNeeds(
  modules: readonly ScriptModule[],
  written: readonly LoadModule[],
  faults: Faults,
): void {
  for (const { name, needs } of modules) {
    for (const needed of needs ?? []) {
      if (modules.some((it) => it.name === needed)) continue;
      const start = written.find((it) => it.name === name)?.start ?? 0;
      faults.error(start, `the module ${name} needs ${needed}`, `write loadmodule "${needed}.so" before it`);
    }
  }
}
