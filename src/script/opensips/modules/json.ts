import { fromByteString, toByteString } from '../../../wire/sip/text.ts';
import { input, output } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { Index, VariableRef, VariableSpec } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { numberOf, textOf, type Value } from '../value.ts';
import {
  copyOf,
  follow,
  type JsonStyle,
  merged,
  type Node,
  parseJson,
  printJson,
  put,
} from './json/document.ts';
import { type JsonPath, parsePath } from './json/path.ts';

interface State {
  /** As OpenSIPS has it: they outlive the message that set them. */
  readonly documents: Map<string, Node>;
  readonly quoteLong: boolean;
}

const { fn, define } = moduleParts<State>();

/** A script whose names come from messages must not fill the memory. */
const MOST_DOCUMENTS = 10_000;

function find(state: State, path: JsonPath): Node | undefined {
  return follow(state.documents.get(path.name), path.steps);
}

function valueOfNode(node: Node | undefined, style: JsonStyle, state: State): Value {
  if (node === undefined) return null;
  if (typeof node === 'string') return toByteString(node);
  if (Number.isInteger(node)) {
    const fits = (node as number) >= -(2 ** 31) && (node as number) < 2 ** 31;
    return fits || !state.quoteLong ? (node as number) | 0 : String(node);
  }
  const text = printJson(node, style);
  return text === undefined ? null : toByteString(text);
}

function listed(node: Node | undefined, of: JsonPath['of']): readonly Node[] {
  if (node instanceof Map) return of === 'keys' ? [...node.keys()] : [...node.values()];
  return Array.isArray(node) && of !== 'keys' ? node : [];
}

function readAs(style: JsonStyle) {
  return (_m: unknown, state: State, inner: string, index: Index): Value => {
    const path = parsePath(inner);
    if (path === undefined) return null;
    const node = find(state, path);
    if (index === undefined && path.of === 'value') return valueOfNode(node, style, state);
    const values = listed(node, path.of);
    if (typeof index !== 'number') {
      return values.length === 0 ? null : values.map((it) => textOf(valueOfNode(it, style, state))).join(' ');
    }
    return valueOfNode(values[index < 0 ? values.length + index : index], style, state);
  };
}

function written(value: Value, how: '=' | ':='): Node | undefined {
  if (value === null) return undefined;
  if (how === ':=') return parseJson(fromByteString(textOf(value)!));
  return typeof value === 'number' ? value : (numberOf(value) ?? fromByteString(textOf(value)!));
}

function assign(state: State, path: JsonPath | undefined, node: Node | undefined): boolean {
  if (path === undefined || path.of !== 'value') return false;
  const { documents } = state;
  if (path.steps.length > 0) return put(documents.get(path.name), path.steps, node);
  if (node === undefined) documents.delete(path.name);
  else if (documents.size < MOST_DOCUMENTS || documents.has(path.name)) documents.set(path.name, node);
  else return false;
  return true;
}

const INNER =
  '`name/key[index]`, with `[]` behind an array for a new element, `.keys` or `.values` for `for … in`';

function printedAs(style: JsonStyle, describe: string): VariableSpec<State> {
  return { describe: `${describe} ${INNER}.`, inner: 'name', indexed: true, read: readAs(style) };
}

const NAME = /^\$\(?json\((.*?)\)/s;

/** The path that a variable names, with the variables in it filled in. */
function pathOf(m: ScriptMessage, ref: VariableRef): JsonPath | undefined {
  const inner = NAME.exec(ref.text)?.[1];
  const filled = inner === undefined ? undefined : textOf(m.program.evaluate(m, inner));
  return filled === undefined ? undefined : parsePath(filled);
}

export const module: ScriptModule = define({
  name: 'json',
  summary: 'JSON documents in variables: read by path, changed, printed.',
  params: {
    enable_long_quoting: intParameter(0, 'Numbers beyond 32 bits are read as text instead of being cut.', {
      least: 0,
      most: 1,
    }),
  },
  start: ({ enable_long_quoting }) => ({ documents: new Map(), quoteLong: enable_long_quoting === 1 }),
  variables: {
    json: {
      describe: `A JSON document or a part of it: ${INNER}. \`=\` sets text or a number, \`:=\` reads the text as JSON, NULL removes.`,
      inner: 'name',
      indexed: true,
      read: readAs('spaced'),
      write: (m, state, value, inner, _index, how) => {
        const node = written(value, how);
        if (node === undefined && value !== null) {
          m.program.log('warn', `$json(${inner}): no JSON`, m.message.callId);
          return false;
        }
        return assign(state, parsePath(inner), node);
      },
    },
    json_pretty: printedAs('pretty', 'As `$json`, with line breaks:'),
    json_compact: printedAs('compact', 'As `$json`, without blanks:'),
    json_compact_noescape: printedAs('compact-noescape', 'As `$json_compact`, slashes as they are:'),
  },
  functions: {
    json_link: fn({
      args: [output('dest', undefined, ['json']), input('source', undefined, ['json'])],
      routes: ANY,
      describe: 'Makes one part the same as another, so that a change of one is seen in both.',
      run: (m, state, dest, source) => {
        const from = pathOf(m, source);
        const node = from && find(state, from);
        return node !== undefined && assign(state, pathOf(m, dest), node);
      },
    }),
    json_merge: fn({
      args: [input('main', undefined, ['json']), input('patch', undefined, ['json']), output('result')],
      routes: ANY,
      describe: 'Merges the second document into the first, and gives the result.',
      run: (m, state, main, patch, result) => {
        const [first, second] = [main, patch].map((ref) => {
          const path = pathOf(m, ref);
          return path && find(state, path);
        });
        if (first === undefined || second === undefined) return false;
        return result.set(m, toByteString(printJson(merged(first, copyOf(second)), 'spaced') ?? ''));
      },
    }),
  },
  notes: 'Documents live until they are set to NULL, across messages.',
});
