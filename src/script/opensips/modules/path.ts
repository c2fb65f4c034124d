import { escapeParam } from '../../../wire/sip/escape.ts';
import { optional, parsed } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter } from '../frame/parameter.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { receivedUri } from './nathelper/contacts.ts';
import { USE_RECEIVED } from './rr.ts';

const { fn, define } = moduleParts();

const user = optional(
  parsed<string>(
    'user',
    (given) =>
      /^[\w.!~*'()%&=+$,;?/-]*$/.test(given)
        ? { ok: true, value: given }
        : { ok: false, problem: `${JSON.stringify(given)} is no user of a URI` },
    'the user of the URI',
  ),
);

/** Remembers the Path for when the request is forwarded. */
function addPath(m: ScriptMessage, name: string, given: string | undefined, received: boolean): boolean {
  const { context } = m;
  if (context.path !== undefined) {
    m.program.log('error', `${name}: there is a Path already`, m.message.callId);
    return false;
  }
  context.path = {
    ...(given !== undefined && given !== '' && { user: given }),
    ...(received && { params: `;received=${escapeParam(receivedUri(m.flow))}` }),
  };
  return true;
}

export const module: ScriptModule = define({
  name: 'path',
  summary: 'Has what a registrar behind this server sends to a phone come back this way (RFC 3327).',
  params: {
    use_received: intParameter(
      0,
      '1: `loose_route` sends a request to where `received` of our own Route says the phone was seen.',
      { least: 0, most: 1 },
    ),
    enable_double_path: ignored(
      'int',
      'Two values.',
      'two are written where the sockets or what they print differ, and one where they do not',
    ),
  },
  start: ({ use_received }, context) => {
    if (use_received === 1) context.onRequest((m) => void m.context.set(USE_RECEIVED, true));
    return undefined;
  },
  functions: {
    add_path: fn({
      args: [user],
      routes: ['request'],
      describe: 'Writes a Path into the request when it is forwarded.',
      run: (m, _state, name) => addPath(m, 'add_path', name, false),
    }),
    add_path_received: fn({
      args: [user],
      routes: ['request'],
      describe: 'The same, with where the request came from in `received`.',
      run: (m, _state, name) => addPath(m, 'add_path_received', name, true),
    }),
  },
  notes:
    'Without a user the Path carries a sealed token of the flow of the phone (RFC 5626 §5.1), so that it is reached through its NAT without `received`.',
});
