import type { Argument } from '../frame/argument.ts';
import type { Operand } from '../language/ast.ts';
import type { CodeWriter } from './code-writer.ts';
import { referenceText, type VariableCompiler } from './variable-compiler.ts';

/** Code for one argument; where `fails` is set, it is undefined at run time for what cannot be used. */
export interface ArgumentCode {
  readonly code: string;
  readonly fails: boolean;
}

/** Code for a variable that a function is handed; undefined where it is none, which has been told. */
export function reference(
  argument: Argument<unknown>,
  operand: Operand,
  name: string,
  writer: CodeWriter,
  variables: VariableCompiler,
): ArgumentCode | undefined {
  const { kind } = argument;
  if (kind.is !== 'variable') return undefined;
  const { faults } = writer;
  const { start } = operand;
  const quoted = operand.kind === 'string' && operand.text.startsWith('$');
  if (operand.kind !== 'variable' && !quoted) {
    faults.error(start, `${name}: "${argument.name}" is a variable`, 'write one without quotes: $var(x)');
    return undefined;
  }
  if (quoted) faults.notice(start, 'an older spelling', 'variables stand without quotes');
  const code = referenceCode(argument.name, operand.text, start, name, kind, writer, variables);
  return code === undefined ? undefined : { code, fails: false };
}

/** The variables that stand in one text with `;` or `,` between. */
export function listOf(text: string): readonly string[] {
  return text
    .split(/[;,](?![^()]*\))/)
    .map((it) => it.trim())
    .filter((it) => it !== '');
}

/** As {@link reference}, for several in one text with `;` or `,` between. */
export function references(
  argument: Argument<unknown>,
  operand: Operand,
  name: string,
  writer: CodeWriter,
  variables: VariableCompiler,
): ArgumentCode | undefined {
  const { kind } = argument;
  if (kind.is !== 'variables' || operand.kind === 'null') return undefined;
  const { start } = operand;
  const codes: string[] = [];
  for (const text of listOf(operand.text)) {
    if (!text.startsWith('$')) {
      writer.faults.error(
        start,
        `${name}: ${JSON.stringify(text)} is no variable`,
        'write "$avp(a);$avp(b)"',
      );
      return undefined;
    }
    const wanted = { writable: true, only: kind.only };
    const code = referenceCode(argument.name, text, start, name, wanted, writer, variables);
    if (code === undefined) return undefined;
    codes.push(code);
  }
  return { code: writer.declare(`[${codes.join(', ')}]`), fails: false };
}

function referenceCode(
  argument: string,
  text: string,
  start: number,
  name: string,
  wanted: { readonly writable: boolean; readonly only: readonly string[] | undefined },
  writer: CodeWriter,
  variables: VariableCompiler,
): string | undefined {
  const { faults } = writer;
  const bound = variables.variable(text, start);
  if (bound === undefined) return undefined;
  const { only, writable } = wanted;
  if (only !== undefined && !only.includes(bound.name)) {
    faults.error(start, `${name}: "${argument}" is a variable of the kind $${only.join(', $')}`);
    return undefined;
  }
  if (writable && bound.write === undefined) {
    faults.error(start, `${name}: ${bound.text} cannot be written`);
    return undefined;
  }
  return writer.declare(referenceText(bound));
}
