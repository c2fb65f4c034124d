import type { z } from 'zod';
import { nearest } from '../../base/nearest.ts';
import type { Diagnostic } from './diagnostic.ts';
import { knownKeys } from './json-schema.ts';
import type { ParsedConfig } from './parsed-config.ts';
import type { ConfigPath, ConfigSource } from './place.ts';
import { configSchema } from './schema.ts';
import { splitFault } from './values.ts';

export type CheckResult =
  | { readonly ok: true; readonly config: ParsedConfig }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

type Issue = z.core.$ZodIssue;

/** Checks a configuration against the schema; every fault comes with its place and a hint. */
export function checkConfig(source: ConfigSource): CheckResult {
  const result = configSchema.safeParse(source.value);
  if (result.success) return { ok: true, config: result.data };
  const diagnostics = result.error.issues.flatMap((issue) => describe(issue, [], source));
  diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, diagnostics };
}

function describe(issue: Issue, parent: ConfigPath, source: ConfigSource): Diagnostic[] {
  const path = [...parent, ...issue.path];
  const file = source.file;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      file,
      ...source.placeOf([...path, key], 'key'),
      message: `unknown key "${key}"${path.length > 0 ? ` in ${named(path)}` : ''}`,
      hint: keyHint(key, knownKeys(path)),
    }));
  }
  if (issue.code === 'invalid_key') {
    const { message, hint } = splitFault(issue.issues[0]?.message ?? issue.message);
    return [{ file, ...source.placeOf(path, 'key'), message: `${named(path)}: ${message}`, hint }];
  }
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch) {
      const found = branch.flatMap((inner) => describe(inner, path, source));
      return found.map((it) => ({
        ...it,
        hint: it.hint?.startsWith(ONE_OF) ? it.hint + otherKinds(issue.errors) : it.hint,
      }));
    }
  }
  const place = source.placeOf(path, 'value');
  const column = issue.code === 'custom' ? Number(issue.params?.column ?? 1) : 1;
  const { message, hint } = words(issue, source.value, path);
  return [
    {
      file,
      line: place.line,
      column: place.column + column - 1,
      message: `${named(path)}: ${message}`,
      hint,
    },
  ];
}

const ONE_OF = 'one of ';

/** The alternative that the writer meant: the one whose kind of value is there, wrong only within. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const within = branches.find((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === 'custom' || code === 'unrecognized_keys'),
  );
  return within ?? branches.find((issues) => issues.every(({ code }) => code === 'invalid_value'));
}

/** `, or a list`: where a word was written that is none of the words, perhaps no word was wanted. */
function otherKinds(branches: readonly (readonly Issue[])[]): string {
  const whole = branches.filter((issues) => issues.every(({ path }) => path.length === 0)).flat();
  if (!whole.some(({ code }) => code === 'invalid_value')) return '';
  const kinds = whole.flatMap((issue) =>
    issue.code === 'invalid_type' ? (KINDS[issue.expected] ?? []) : [],
  );
  return kinds.map((kind) => `, or a ${kind}`).join('');
}

function words(issue: Issue, root: unknown, path: ConfigPath): { message: string; hint: string | undefined } {
  const value = valueAt(root, path);
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String);
    const near = typeof value === 'string' ? nearest(value, allowed) : undefined;
    const hint = near ? `did you mean ${near}?` : `${ONE_OF}${allowed.join(', ')}`;
    return { message: `${shown(value)} is not allowed here`, hint };
  }
  const said = splitFault(issue.message);
  if (said.hint !== undefined)
    return { message: value === undefined ? 'missing' : said.message, hint: said.hint };
  if (issue.code === 'invalid_type') {
    const expected = KINDS[issue.expected] ?? issue.expected;
    return {
      message: value === undefined ? 'missing' : `${shown(value)} is no ${expected}`,
      hint: issue.expected === 'array' ? 'a list is written [a, b], or each on a line after "- "' : undefined,
    };
  }
  if (issue.code === 'too_small') return { message: 'empty or too small', hint: undefined };
  if (issue.code === 'invalid_union') {
    const hints = issue.errors.flat().map((inner) => splitFault(inner.message).hint);
    return { message: `${shown(value)} does not fit here`, hint: hints.find((hint) => hint !== undefined) };
  }
  return { message: said.message, hint: undefined };
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'group of keys',
  record: 'group of keys',
  array: 'list',
  string: 'text',
  number: 'number',
};

function keyHint(key: string, known: readonly string[]): string | undefined {
  const near = nearest(key, known);
  if (near) return `did you mean ${near}?`;
  return known.length > 0 ? `known here: ${known.join(', ')}` : undefined;
}

/** `listen[1].as`; the whole file has no name. */
function named(path: ConfigPath): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : `${text && '.'}${String(step)}`;
  return text || 'the file';
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step],
    root,
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a group of keys';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
