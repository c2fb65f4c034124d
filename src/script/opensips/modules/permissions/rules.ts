import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { RE2JS } from 're2js';
import { pattern } from '../../compile/pattern.ts';

interface Side {
  /** Undefined for `ALL`. */
  readonly any: readonly RE2JS[] | undefined;
  readonly except: readonly RE2JS[];
}

interface Rule {
  readonly left: Side;
  readonly right: Side;
}

/** A line that cannot be read. */
export interface RuleFault {
  readonly line: number;
  readonly message: string;
}

/** The rules of an allow or deny file: `from [EXCEPT from] : uri [EXCEPT uri]`, with expressions or `ALL`. */
export class Rules {
  readonly #rules: Rule[] = [];
  readonly faults: RuleFault[] = [];

  /** @param text a byte string */
  constructor(text: string) {
    for (const [i, line] of text.split('\n').entries()) {
      const rule = readLine(line);
      if (typeof rule === 'string') this.faults.push({ line: i + 1, message: rule });
      else if (rule !== undefined) this.#rules.push(rule);
    }
  }

  get empty(): boolean {
    return this.#rules.length === 0;
  }

  match(left: string, right: string): boolean {
    return this.#rules.some((rule) => holds(rule.left, left) && holds(rule.right, right));
  }
}

/** A pair of files; what is not there is empty. */
export interface RuleFiles {
  readonly allow: Rules;
  readonly deny: Rules;
}

function holds({ any, except }: Side, text: string): boolean {
  if (any !== undefined && !any.some((it) => it.matcher(text).find())) return false;
  return !except.some((it) => it.matcher(text).find());
}

/** @returns undefined for an empty line, and what is wrong with a broken one */
function readLine(line: string): Rule | string | undefined {
  let quoted = false;
  let colon = -1;
  let end = line.length;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === ':') colon = i;
    else if (c === '#') {
      end = i;
      break;
    }
  }
  const text = line.slice(0, end);
  if (text.trim() === '') return undefined;
  if (colon <= 0) return 'there is no colon between its two sides';
  const left = readSide(text.slice(0, colon));
  const right = readSide(text.slice(colon + 1));
  if (typeof left === 'string') return left;
  return typeof right === 'string' ? right : { left, right };
}

function readSide(text: string): Side | string {
  const at = text.indexOf(' EXCEPT ');
  const first = (at < 0 ? text : text.slice(0, at)).trim();
  const any = first === 'ALL' ? undefined : readList(first);
  const except = at < 0 ? [] : readList(text.slice(at + ' EXCEPT '.length));
  if (typeof any === 'string') return any;
  return typeof except === 'string' ? except : { any, except };
}

function readList(text: string): readonly RE2JS[] | string {
  const expressions: RE2JS[] = [];
  for (const [, quoted, bare] of text.matchAll(/\s*(?:"([^"]*)"|([^,"]+))\s*(?:,|$)/g)) {
    const source = quoted ?? bare!.trim();
    if (source === '') continue;
    const compiled = pattern(source);
    if (compiled === undefined) return `${source} is no regular expression`;
    expressions.push(compiled);
  }
  return expressions.length === 0 ? 'a side is empty' : expressions;
}

/** Files that are read once, by their paths. */
export class RuleStore {
  readonly #folder: string;
  readonly #tell: (text: string) => void;
  readonly #known = new Map<string, Rules>();

  /** @param script the file of the script: paths are relative to its folder */
  constructor(script: string, tell: (text: string) => void) {
    this.#folder = dirname(script);
    this.#tell = tell;
  }

  read(name: string): Rules {
    const path = isAbsolute(name) ? name : join(this.#folder, name);
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    let text = '';
    try {
      text = readFileSync(path, 'latin1');
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'ENOENT') this.#tell(`${path}: ${String(error)}`);
    }
    const rules = new Rules(text);
    for (const { line, message } of rules.faults) this.#tell(`${path}:${line}: ${message}`);
    this.#known.set(path, rules);
    return rules;
  }

  /** Those that were read already; undefined where they were not. */
  known(name: string): Rules | undefined {
    return this.#known.get(isAbsolute(name) ? name : join(this.#folder, name));
  }
}
