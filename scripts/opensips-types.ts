import { coreModule } from '../src/script/opensips/core/core-module.ts';
import type { Argument } from '../src/script/opensips/frame/argument.ts';
import type { FunctionSpec } from '../src/script/opensips/frame/function.ts';
import type { ScriptModule } from '../src/script/opensips/frame/module.ts';
import type { VariableSpec } from '../src/script/opensips/frame/variable.ts';
import { importModule, moduleNames } from '../src/script/opensips/load-script.ts';

const FOLDER = '../src/script/opensips/api/names/';
const HEAD = '// biome-ignore-all format: printed by scripts/print-docs.ts';

/** Types of the functions and variables that scripts in TypeScript have, by file relative to `docs/`. */
export async function opensipsTypes(): Promise<Readonly<Record<string, string>>> {
  const modules = [
    coreModule,
    ...(await Promise.all(moduleNames().map(async (name) => (await importModule(name))!))),
  ];
  const named = modules.filter(({ functions, variables }) => functions ?? variables);
  const files = named.map((module) => [`${FOLDER}${fileOf(module)}`, typesOf(module)]);
  return { ...Object.fromEntries(files), [`${FOLDER}names.ts`]: allOf(named) };
}

const fileOf = ({ name }: ScriptModule) => `${name.replaceAll('_', '-')}.ts`;

function interfaceOf({ name }: ScriptModule): string {
  return `${name.replace(/(?:^|_)([a-z])/g, (_, c: string) => c.toUpperCase())}Names`;
}

function allOf(modules: readonly ScriptModule[]): string {
  return [
    HEAD,
    HEAD.replace('format', 'assist/source/organizeImports'),
    ...modules.map((it) => `import type { ${interfaceOf(it)} } from './${fileOf(it)}';`),
    '',
    '/** What the modules of scripts have. */',
    'export interface Names',
    '  extends',
    `${modules.map((it) => `    ${interfaceOf(it)}`).join(',\n')} {}`,
    '',
  ].join('\n');
}

function typesOf(module: ScriptModule): string {
  const functions = Object.entries(module.functions ?? {}).filter(([, { older }]) => older === undefined);
  const variables = Object.entries(module.variables ?? {}).filter(([, { older }]) => older === undefined);
  const lines = [
    ...functions.flatMap(([name, spec]) => [comment(spec.describe), functionType(name, spec)]),
    ...variables.flatMap(([name, spec]) => [comment(spec.describe), ...variableType(name, spec)]),
  ];
  const body = lines.map((line) => `  ${line}`);
  const head = [
    HEAD,
    body.some((it) => it.includes('Promise<')) && '',
    body.some((it) => /\bValue\b/.test(it)) && "import type { Value } from '../../value.ts';",
    body.some((it) => /\bArgument\b/.test(it)) && "import type { Argument } from '../message.ts';",
  ].filter((it) => typeof it === 'string' && it !== '');
  return [
    ...head,
    '',
    `/** ${module.summary} */`,
    `export interface ${interfaceOf(module)} {`,
    ...body,
    '}',
    '',
  ].join('\n');
}

const comment = (text: string) => `/** ${text.replaceAll('*/', '* /')} */`;

function functionType(name: string, { args, waits, first }: FunctionSpec<never>): string {
  const result = waits ? 'boolean | Promise<boolean>' : 'boolean';
  const list = (some: readonly Argument<unknown>[]) =>
    some.map((it, i) => parameter(it, some.slice(i))).join(', ');
  const one = `${name}(${list(args)}): ${result};`;
  return first === undefined ? one : `${name}(${list(args.slice(1))}): ${result};\n  ${one}`;
}

/** One may be left out where all behind it may. */
function parameter({ name, kind, optional }: Argument<unknown>, rest: readonly Argument<unknown>[]): string {
  const mark = rest.every((it) => it.optional) ? '?' : '';
  const type = kind.is === 'variable' || kind.is === 'variables' ? 'string' : 'Argument';
  const known =
    kind.is === 'choice' && !optional ? `${kind.known.map((it) => `'${it}'`).join(' | ')} | ${type}` : type;
  const safe = name.replace(/\W+(\w)/g, (_, c: string) => c.toUpperCase()).replace(/\W/g, '');
  return `${RESERVED.has(safe) ? `${safe}_` : safe}${mark}: ${known}`;
}

const RESERVED: ReadonlySet<string> = new Set([
  'default',
  'function',
  'new',
  'in',
  'var',
  'switch',
  'case',
  'for',
]);

function variableType(
  name: string,
  { inner = 'none', fields, indexed, write }: VariableSpec<never>,
): readonly string[] {
  const property = /^\w+$/.test(name) ? `$${name}` : `'$${name}'`;
  if (inner === 'none') {
    // What is assigned may have come to nothing, which is told then.
    return write
      ? [`get ${property}(): Value;`, `set ${property}(value: Argument);`]
      : [`readonly ${property}: Value;`];
  }
  const known = fields
    ? `${Object.keys(fields)
        .map((it) => `'${it}'`)
        .join(' | ')} | (string & {})`
    : 'string';
  const index = indexed ? ", index?: number | '*'" : '';
  return [`${property}(name${inner === 'optional' ? '?' : ''}: ${known}${index}): Value;`];
}
