import type { Step } from './path.ts';

/** What JSON can say; objects and arrays change in place, so that linked ones are one. */
export type Node = null | boolean | number | string | Node[] | Map<string, Node>;

/** Deeper ones are refused: a circle of links has no end. */
const MOST_DEPTH = 200;

/** @returns undefined for text that is no JSON */
export function parseJson(text: string): Node | undefined {
  try {
    return nodeOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return value.map(nodeOf);
  if (typeof value !== 'object' || value === null) return value as Node;
  // A map, for "__proto__" is a key like any other.
  return new Map(Object.entries(value).map(([key, inner]) => [key, nodeOf(inner)]));
}

export function copyOf(node: Node): Node {
  if (Array.isArray(node)) return node.map(copyOf);
  return node instanceof Map ? new Map([...node].map(([key, inner]) => [key, copyOf(inner)])) : node;
}

/** How a document is written: as json-c does by itself, with line breaks, or without blanks. */
export type JsonStyle = 'spaced' | 'pretty' | 'compact' | 'compact-noescape';

/** @returns undefined for a document without an end */
export function printJson(node: Node, style: JsonStyle, depth = 0): string | undefined {
  if (depth > MOST_DEPTH) return undefined;
  if (typeof node === 'string') return printText(node, style);
  if (typeof node !== 'object' || node === null) return JSON.stringify(node);
  const isArray = Array.isArray(node);
  const [open, close] = isArray ? '[]' : '{}';
  const parts: string[] = [];
  for (const entry of isArray ? node : node.entries()) {
    const [key, inner] = isArray ? [undefined, entry as Node] : (entry as [string, Node]);
    const value = printJson(inner, style, depth + 1);
    if (value === undefined) return undefined;
    parts.push(
      key === undefined ? value : `${printText(key, style)}${style === 'spaced' ? ': ' : ':'}${value}`,
    );
  }
  if (style === 'pretty') {
    if (parts.length === 0) return `${open}${close}`;
    const pad = '  '.repeat(depth + 1);
    return `${open}\n${parts.map((part) => pad + part).join(',\n')}\n${'  '.repeat(depth)}${close}`;
  }
  if (style !== 'spaced') return `${open}${parts.join(',')}${close}`;
  return parts.length === 0 ? `${open} ${close}` : `${open} ${parts.join(', ')} ${close}`;
}

/** json-c writes a slash with a backslash before it. */
function printText(text: string, style: JsonStyle): string {
  const printed = JSON.stringify(text);
  return style === 'compact-noescape' ? printed : printed.replaceAll('/', '\\/');
}

/** @returns undefined where the way leads nowhere */
export function follow(root: Node | undefined, steps: readonly Step[]): Node | undefined {
  let node = root;
  for (const step of steps) {
    if ('key' in step) node = node instanceof Map ? node.get(step.key) : undefined;
    else if ('index' in step && Array.isArray(node)) node = node[placeOf(node, step.index)];
    else return undefined;
    if (node === undefined) return undefined;
  }
  return node;
}

function placeOf(list: readonly Node[], index: number): number {
  return index < 0 ? list.length + index : index;
}

/**
 * Puts a value where the last step of the way leads; `undefined` takes away what is there.
 * @returns false where the way leads nowhere
 */
export function put(root: Node | undefined, steps: readonly Step[], value: Node | undefined): boolean {
  const holder = follow(root, steps.slice(0, -1));
  const last = steps.at(-1);
  if (last === undefined || holder === undefined) return false;
  if ('key' in last) {
    if (!(holder instanceof Map)) return false;
    if (value === undefined) holder.delete(last.key);
    else holder.set(last.key, value);
    return true;
  }
  if (!Array.isArray(holder)) return false;
  if ('append' in last) {
    if (value === undefined) return false;
    holder.push(value);
    return true;
  }
  const at = placeOf(holder, last.index);
  if (at < 0 || at >= holder.length) return false;
  if (value === undefined) holder.splice(at, 1);
  else holder[at] = value;
  return true;
}

/** `patch` over `main`: objects are merged, everything else of the patch takes the place of what was there. */
export function merged(main: Node, patch: Node): Node {
  if (!(main instanceof Map) || !(patch instanceof Map)) return copyOf(patch);
  const result = new Map(main);
  for (const [key, value] of patch) {
    const old = result.get(key);
    result.set(key, old === undefined ? copyOf(value) : merged(old, value));
  }
  return result;
}
