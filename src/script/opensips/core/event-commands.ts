import { toByteString } from '../../../wire/sip/text.ts';
import { CommandError, type CommandSpec, type Json, textParam } from '../frame/command.ts';
import type { RunningProgram } from '../runtime/running-program.ts';
import type { Value } from '../value.ts';
import type { CoreState } from './core-state.ts';

function eventsOf(program: RunningProgram): readonly string[] {
  return [...new Set(program.modules.flatMap(({ events }) => Object.keys(events ?? {})))];
}

function scriptValue(given: Json): Value {
  if (given === null) return null;
  if (typeof given === 'number' && Number.isInteger(given)) return given | 0;
  return toByteString(typeof given === 'string' ? given : JSON.stringify(given));
}

/** Parameters in a list have their place, from 1, for a name. */
function eventParams(given: Json | undefined): Readonly<Record<string, Value>> {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object') throw new CommandError(400, 'Bad Params');
  const entries = Array.isArray(given)
    ? (given as readonly Json[]).map((value, i) => [String(i + 1), value] as const)
    : Object.entries(given as { readonly [name: string]: Json });
  return Object.fromEntries(entries.map(([name, value]) => [name, scriptValue(value)]));
}

/** Commands on events. */
export const eventCommands: Readonly<Record<string, CommandSpec<CoreState>>> = {
  'evi:list': {
    describe: 'Lists the events that the modules raise.',
    aliases: ['events_list'],
    run: ({ context: { program } }) => ({ Events: eventsOf(program).map((name, id) => ({ name, id })) }),
  },
  'evi:raise': {
    describe: 'Raises an event.',
    params: ['event', 'params?'],
    aliases: ['raise_event'],
    run: ({ context: { program } }, params) => {
      const event = textParam(params, 'event');
      if (!eventsOf(program).includes(event) && !program.hasRoute('event', event)) {
        throw new CommandError(404, 'Event not registered');
      }
      program.raise(event, eventParams(params.params));
      return 'OK';
    },
  },
};
