import { RE2JS } from 're2js';
import { BoundedMap } from '../../../base/bounded-map.ts';

/** Patterns that are made at run time; a script that makes one for each call must not fill the memory. */
const REMEMBERED = 1000;
const made = new BoundedMap<string, RE2JS | undefined>(REMEMBERED, 'drop-oldest');

/**
 * A POSIX extended expression as OpenSIPS uses them: without regard to case, anywhere in the text, line ends are
 * characters like others. Runs in linear time.
 * @returns undefined where it is none
 */
export function pattern(text: string, options: { readonly matchCase?: boolean } = {}): RE2JS | undefined {
  let flags = RE2JS.DOTALL | RE2JS.LONGEST_MATCH;
  if (options.matchCase !== true) flags |= RE2JS.CASE_INSENSITIVE;
  try {
    return RE2JS.compile(fromPosix(text), flags);
  } catch {
    return undefined;
  }
}

/** As {@link pattern}, for one that is made again and again. */
export function patternOf(text: string): RE2JS | undefined {
  if (made.has(text)) return made.get(text);
  const compiled = pattern(text);
  made.set(text, compiled);
  return compiled;
}

/** In brackets a backslash is a character like others, and outside GNU's own escapes mean something else in RE2. */
function fromPosix(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    if (c === '[') {
      const end = bracketEnd(text, at);
      if (end < 0) return text;
      out += text.slice(at, end).replaceAll('\\', '\\\\');
      at = end;
    } else if (c === '\\') {
      const next = text[at + 1] ?? '';
      out +=
        next === '<' || next === '>'
          ? '\\b'
          : /[A-Za-z0-9]/.test(next) && !/[wWsSbB]/.test(next)
            ? next
            : c + next;
      at += 2;
    } else if (
      c === '*' &&
      (at === 0 || text[at - 1] === '(' || text[at - 1] === '|' || text[at - 1] === '^')
    ) {
      out += '\\*';
      at++;
    } else {
      out += c;
      at++;
    }
  }
  return out;
}

/** Where a bracket expression ends, behind its `]`; one that stands first is a character of it. */
function bracketEnd(text: string, open: number): number {
  let at = open + 1;
  if (text[at] === '^') at++;
  if (text[at] === ']') at++;
  while (at < text.length) {
    if (text[at] === ']') return at + 1;
    const named = /^\[([:.=]).*?\1\]/.exec(text.slice(at, at + 32));
    at += named ? named[0].length : 1;
  }
  return -1;
}
