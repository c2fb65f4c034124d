import { nearest } from '../../base/nearest.ts';
import type { ScriptModule } from './frame/module.ts';
import type { LoadModule, ModuleParameter } from './language/ast.ts';
import type { Faults } from './language/faults.ts';

type Values = Record<string, unknown>;

/** What the `modparam` lines make of the parameters, for each module; everything wrong is told to `faults`. */
export function takeParameters(
  modules: readonly ScriptModule[],
  lines: readonly ModuleParameter[],
  written: readonly LoadModule[],
  faults: Faults,
): readonly Readonly<Values>[] {
  const values = modules.map(({ params }): Values => {
    return Object.fromEntries(Object.entries(params ?? {}).map(([name, { initial }]) => [name, initial]));
  });
  for (const line of lines) {
    const unknown =
      written.some(({ name }) => name === line.modules) && !modules.some(({ name }) => name === line.modules);
    // The module is not there at all, which is told where it is loaded.
    if (!unknown) take(line, modules, values, faults);
  }
  return values;
}

/** The name of a module may be several with `|` between, or a regular expression that all of it matches. */
function take(
  line: ModuleParameter,
  modules: readonly ScriptModule[],
  values: readonly Values[],
  faults: Faults,
): void {
  const names = line.modules.split('|');
  const meant = modules.filter(({ name }) => names.includes(name));
  if (meant.length === 0) {
    const near = nearest(
      line.modules,
      modules.map(({ name }) => name),
    );
    faults.error(
      line.modulesStart,
      `the module ${line.modules} is not loaded`,
      near === undefined ? `write loadmodule "${line.modules}.so" before it` : `did you mean ${near}?`,
    );
    return;
  }
  let taken = false;
  for (const module of meant)
    taken = takeOne(line, module, values[modules.indexOf(module)]!, faults) || taken;
  if (taken) return;
  const known = meant.flatMap(({ params }) => Object.keys(params ?? {}));
  const missing = meant.map(({ missing }) => missing?.[line.name]).find((why) => why !== undefined);
  const near = nearest(line.name, known);
  const hint =
    missing ?? (near === undefined ? `it has ${known.sort().join(', ') || 'none'}` : `did you mean ${near}?`);
  faults.error(line.nameStart, `${line.modules} has no parameter ${line.name}`, hint);
}

/** @returns false where the module has no such parameter */
function takeOne(line: ModuleParameter, module: ScriptModule, values: Values, faults: Faults): boolean {
  const params = module.params ?? {};
  const parameter = Object.hasOwn(params, line.name) ? params[line.name] : undefined;
  if (parameter === undefined) return false;
  if (parameter.noEffect !== undefined) {
    faults.notice(line.nameStart, `${module.name}: ${line.name} has no effect: ${parameter.noEffect}`);
  }
  const name = parameter.olderNameOf ?? line.name;
  if (parameter.olderNameOf !== undefined) {
    faults.notice(line.nameStart, 'an older spelling', `write ${parameter.olderNameOf}`);
  }
  const result = parameter.take(values[name], line.value);
  if (result.ok) {
    values[name] = result.value;
    if (result.notice !== undefined) faults.notice(line.valueStart, result.notice);
  } else faults.error(line.valueStart, `${module.name}: ${line.name}: ${result.problem}`, result.hint);
  return true;
}
