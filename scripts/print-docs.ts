// Writes the parts of the documents that follow from the sources: `node scripts/print-docs.ts`. A test holds them current.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from '../src/base/errors.ts';
import { withDefaults } from '../src/ops/config/defaults.ts';
import { configJsonSchema, type JsonSchema } from '../src/ops/config/json-schema.ts';
import { markdownTable } from './markdown-table.ts';
import { opensipsDocs } from './opensips-docs.ts';
import { opensipsTypes } from './opensips-types.ts';

const DOCS = join(import.meta.dirname, '../docs');
const BEGIN = '<!-- from the schema: scripts/print-docs.ts -->';
const END = '<!-- end -->';

/** Every generated document, by its name in `docs/`. */
export async function generatedDocs(): Promise<Readonly<Record<string, string>>> {
  const configuration = readFileSync(join(DOCS, 'configuration.md'), 'utf8');
  const begin = configuration.indexOf(BEGIN) + BEGIN.length;
  const end = configuration.indexOf(END);
  return {
    'configuration.md': `${configuration.slice(0, begin)}\n\n${keyTable()}\n\n${configuration.slice(end)}`,
    'errors.md': errorsPage(),
    ...(await opensipsDocs()),
    ...(await opensipsTypes()),
  };
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]);
  return `# Errors

Faults that stop something carry one of these codes. The message says what happened, and the hint what to do. Codes
never change their meaning.

${markdownTable(['code', 'meaning'], rows)}
`;
}

interface Key {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

function keyTable(): string {
  const rows = keysOf(configJsonSchema(), []).map(({ path, schema }) => {
    return [
      `\`${path.join('.').replaceAll('.[]', '[]')}\``,
      schema.description ?? '',
      defaultOf(path, schema),
    ];
  });
  return markdownTable(['key', 'meaning', 'default'], rows);
}

function keysOf(schema: JsonSchema, path: readonly string[]): readonly Key[] {
  const branches = [schema, ...(schema.anyOf ?? [])];
  const items = branches.flatMap((branch) => {
    const { items } = branch;
    return items ? [items, ...(items.anyOf ?? [])].flatMap((item) => childrenOf(item, [...path, '[]'])) : [];
  });
  return [...branches.flatMap((branch) => childrenOf(branch, path)), ...items];
}

function childrenOf(schema: JsonSchema, path: readonly string[]): readonly Key[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const own = [...path, name];
    // The keys of a listener's own settings are those of the settings for all.
    if (name === 'tls' && path.length > 0) return [{ path: own, schema: child }];
    return [{ path: own, schema: child }, ...keysOf(child, own)];
  });
}

function defaultOf(path: readonly string[], schema: JsonSchema): string {
  const config: unknown = withDefaults({}, undefined, '/');
  const value = path.reduce<unknown>((it, key) => (it as Record<string, unknown> | undefined)?.[key], config);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    // A duration is a text in the file, be it one of several forms.
    const forms = [schema, ...(schema.anyOf ?? [])];
    if (!forms.some(({ type, const: word }) => type === 'string' && word === undefined)) return String(value);
    return durationText(path[0] === 'registrar' ? value * 1000 : value);
  }
  if (typeof value === 'string') return value.startsWith('/') ? `.${value}` : value;
  if (Array.isArray(value) && value.every((it) => typeof it === 'string')) return value.join(', ');
  return '';
}

function durationText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

if (import.meta.main) {
  mkdirSync(join(DOCS, 'opensips'), { recursive: true });
  for (const [name, text] of Object.entries(await generatedDocs())) writeFileSync(join(DOCS, name), text);
}
