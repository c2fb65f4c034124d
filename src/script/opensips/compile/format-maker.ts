import { compileFunction } from 'node:vm';
import { BoundedMap } from '../../../base/bounded-map.ts';
import { Faults } from '../language/faults.ts';
import { SourceText } from '../language/source-text.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { CodeWriter } from './code-writer.ts';
import * as operations from './operations.ts';
import type { Scope } from './scope.ts';
import { VariableCompiler } from './variable-compiler.ts';

export type FormatFunction = (m: ScriptMessage, states: readonly unknown[]) => string;

/** Formats that are made at run time; more than a script has are made again and again. */
const REMEMBERED = 200;

/** @returns what compiles a format, or undefined where it cannot be read: a fault in it is nobody's but the caller's */
export function formatMaker(
  scope: Scope,
  writerFor: (faults: Faults) => CodeWriter,
): (text: string) => FormatFunction | undefined {
  const known = new BoundedMap<string, FormatFunction | undefined>(REMEMBERED, 'drop-oldest');
  return (text) => {
    if (!known.has(text)) known.set(text, formatOf(text, scope, writerFor));
    return known.get(text);
  };
}

function formatOf(
  text: string,
  scope: Scope,
  writerFor: (faults: Faults) => CodeWriter,
): FormatFunction | undefined {
  const faults = new Faults(SourceText.of(text, ''));
  const writer = writerFor(faults);
  const code = new VariableCompiler(writer, scope).format(text, 0);
  if (code === undefined || faults.failed) return undefined;
  const names = writer.constants.map((_, i) => `k${i}`).join(', ');
  const states = scope.modules.map((_, i) => `s${i}`).join(', ');
  const make = compileFunction(`const [${names}] = K; return (m, [${states}]) => ${code};`, ['K', 'R']);
  return make(writer.constants, operations) as FormatFunction;
}
