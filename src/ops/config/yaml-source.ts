import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
} from 'yaml';
import type { Diagnostic } from './diagnostic.ts';
import { type Environment, expandVariables } from './expand-variables.ts';
import type { ConfigPath, ConfigSource, Place } from './place.ts';

/** Merging and aliases may not grow a small file into a large one. */
const MOST_ALIASES = 100;

export type YamlResult =
  | { readonly ok: true; readonly source: ConfigSource }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Reads YAML 1.2 and puts the environment into `${NAME}` and `${NAME:-default}` of its values. */
export function readYaml(file: string, text: string, environment: Environment): YamlResult {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const fault = document.errors[0];
  if (fault) {
    // The faults behind the first mostly follow from it.
    const { pos, message } = fault;
    return {
      ok: false,
      diagnostics: [{ file, ...at(pos[0]), message: firstLine(message), hint: yamlHint(text, pos[0]) }],
    };
  }
  const diagnostics: Diagnostic[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const expanded = expandVariables(node.value, environment);
      if (expanded.ok) node.value = isPlain(node) ? typed(expanded.text) : expanded.text;
      else {
        const { message, hint } = expanded;
        const place = at((node.range?.[0] ?? 0) + quoteLength(node) + expanded.offset);
        diagnostics.push({ file, ...place, message, hint });
      }
    },
  });
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  return {
    ok: true,
    source: { file, text, value, placeOf: (path, what) => at(offsetOf(document, path, what)) },
  };
}

/** Follows the path as far as it goes: what is missing is reported where it would stand. */
function offsetOf(document: Document, path: ConfigPath, what: 'value' | 'key'): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (!pair) return offset;
      const last = depth === path.length - 1;
      offset = start(last && what === 'key' ? pair.key : (pair.value ?? pair.key)) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = start(node) ?? offset;
    } else return offset;
  }
  return isScalar(node) && what === 'value' ? offset + quoteLength(node) : offset;
}

function start(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0];
}

function isPlain(node: Scalar): boolean {
  return node.type === Scalar.PLAIN;
}

function quoteLength(node: Scalar): 0 | 1 {
  return node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE ? 1 : 0;
}

/** A plain scalar is a number or a truth value where it looks like one; so is a variable's text in its place. */
function typed(text: string): string | number | boolean {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function firstLine(message: string): string {
  const line = message.split('\n')[0]!;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function yamlHint(text: string, offset: number): string | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const [line = ''] = text.slice(lineStart).split('\n', 1);
  if (/^\s*\t/.test(line)) return 'YAML is indented with spaces';
  if (line.includes('${')) return `within { } and [ ], text with \${…} stands in quotes`;
  return undefined;
}
