import { toByteString } from '../../../wire/sip/text.ts';
import type { Call, Operand } from '../language/ast.ts';

const CALL = /\bm\.([a-z]\w*)\(((?:[^()'"`]|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")*)\)/g;
const ARGUMENT = /\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|([^,]*))\s*(?:,|$)/y;

/**
 * The calls that a program has, with the texts that stand in it: modules look at them before the script starts, for the
 * tables and files that it names. What is made at run time is left out, as it is for scripts in OpenSIPS's language.
 */
export function writtenCalls(source: string): readonly Call[] {
  return [...source.matchAll(CALL)].map(({ 1: name = '', 2: inner = '', index }) => ({
    kind: 'call',
    name,
    args: argumentsOf(inner),
    start: index,
    end: index,
  }));
}

function argumentsOf(inner: string): readonly (Operand | undefined)[] {
  const found: (Operand | undefined)[] = [];
  ARGUMENT.lastIndex = 0;
  while (ARGUMENT.lastIndex < inner.length) {
    const match = ARGUMENT.exec(inner);
    if (match === null) break;
    const text = match[1] ?? match[2];
    found.push(
      text === undefined
        ? undefined
        : { kind: 'string', text: toByteString(text.replace(/\\(.)/g, '$1')), start: 0 },
    );
  }
  return found;
}
