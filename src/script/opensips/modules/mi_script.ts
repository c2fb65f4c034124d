import { fromByteString, toByteString } from '../../../wire/sip/text.ts';
import { input, optional, output, text } from '../frame/argument.ts';
import type { Json } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import { commandsOf } from '../mi/command-table.ts';
import { runCommand } from '../mi/json-rpc.ts';
import { type GivenParams, wordParams } from '../mi/take-params.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { printed, type Value } from '../value.ts';

const { fn, define } = moduleParts<{ readonly pretty: boolean }>();

const NO_TRACE = 'commands are not traced';
const MOST_PARAMS = 100;

/** The values of an AVP in the order in which they were pushed. */
function valuesOf(m: ScriptMessage, list: VariableRef): readonly Value[] {
  const values: Value[] = [];
  for (let i = 0; i < MOST_PARAMS; i++) {
    const value = list.at(m, i);
    if (value === null) break;
    values.push(value);
  }
  return values.reverse();
}

function jsonOf(value: Value): Json {
  if (typeof value === 'number') return value;
  const written = fromByteString(printed(value));
  const list = /^__array\((.*)\)$/s.exec(written);
  return list === null ? written : list[1]!.split(' ');
}

/** @returns undefined where names have no values */
function paramsOf(
  m: ScriptMessage,
  words: readonly string[],
  names: VariableRef | undefined,
  values: VariableRef | undefined,
): GivenParams | 'unequal' {
  const [command = '', ...rest] = words;
  if (names === undefined || values === undefined) {
    const list = names ?? values;
    if (list !== undefined) return valuesOf(m, list).map(jsonOf);
    const found = commandsOf(m.program).find(command);
    return found === undefined ? rest : wordParams(found.params, rest);
  }
  const keys = valuesOf(m, names);
  const given = valuesOf(m, values);
  if (given.length < keys.length) return 'unequal';
  return Object.fromEntries(keys.map((key, i) => [printed(key), jsonOf(given[i]!)]));
}

export const module: ScriptModule = define({
  name: 'mi_script',
  sharedState: true,
  summary: 'Runs management commands from the script.',
  params: {
    pretty_printing: intParameter(0, '1: answers have lines and indents.', { least: 0, most: 1 }),
    trace_destination: ignored('text', 'Where commands are traced.', NO_TRACE),
    trace_bwlist: ignored('text', 'Which commands are traced.', NO_TRACE),
  },
  start: ({ pretty_printing }) => ({ pretty: pretty_printing === 1 }),
  functions: {
    mi: fn({
      args: [
        text('command', 'a command, and its parameters with spaces between'),
        optional(output('ret_var', 'gets the answer as JSON, or what was wrong')),
        optional(input('params_avp', 'names of parameters; their values where no values are given', ['avp'])),
        optional(input('vals_avp', 'values of the named parameters', ['avp'])),
      ],
      routes: ANY,
      describe: 'Runs a management command.',
      returns: '1: done; -1: there is no such command; otherwise its error, below 0 (404 is -404).',
      waits: true,
      run: async (m, { pretty }, line, result, names, values) => {
        const words = fromByteString(line)
          .split(' ')
          .filter((word) => word !== '');
        const command = words[0] ?? '';
        if (commandsOf(m.program).find(command) === undefined) return -1;
        const params = paramsOf(m, words, names, values);
        if (params === 'unequal') {
          m.program.log('error', `mi: ${command}: there are more names than values`, m.message.callId);
          return -2;
        }
        const outcome = await runCommand(m.program, command, params);
        if ('error' in outcome) {
          const { code, message } = outcome.error;
          result?.set(m, toByteString(message));
          return -Math.abs(code) || -3;
        }
        const answer = JSON.stringify(outcome.result, null, pretty ? '\t' : undefined);
        return result === undefined || result.set(m, toByteString(answer)) ? 1 : -3;
      },
    }),
  },
  notes:
    'Parameters by position are passed in the order in which they were pushed to the AVP, as the manual of OpenSIPS has it.',
});
