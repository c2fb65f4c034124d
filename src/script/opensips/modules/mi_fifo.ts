import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { answerRpc } from '../mi/json-rpc.ts';
import { openFifo } from './mi_fifo/fifo-door.ts';

const { define } = moduleParts<AsyncDisposable>();

const NO_TRACE = 'commands are not traced';

/** A name or a number, as `chown` takes both. */
function owner(describe: string) {
  return parsedParameter('', describe, (given) =>
    /^[A-Za-z0-9_][\w.-]*$/.test(String(given))
      ? { ok: true, value: String(given) }
      : { ok: false, problem: `${JSON.stringify(given)} is no name and no number` },
  );
}

export const module: ScriptModule = define({
  name: 'mi_fifo',
  sharedState: true,
  summary: 'Management commands as JSON-RPC 2.0 by a FIFO: `:reply_fifo:{…}`.',
  params: {
    fifo_name: textParameter('/tmp/opensips_fifo', 'The path of the FIFO.'),
    fifo_mode: parsedParameter(
      0o660,
      'Its permissions.',
      (given) => {
        const mode = typeof given === 'number' ? given : Number.parseInt(given, 8);
        return mode >= 0 && mode <= 0o777
          ? { ok: true, value: mode }
          : { ok: false, problem: `${given} are no permissions`, hint: 'write them as 0660' };
      },
      '0660',
    ),
    fifo_user: owner('Whose it is; as the server runs where nothing is said.'),
    fifo_group: owner('Its group.'),
    reply_dir: textParameter('/tmp/', 'Where FIFOs for answers are.'),
    pretty_printing: intParameter(0, '1: answers have lines and indents.', { least: 0, most: 1 }),
    trace_destination: ignored('text', 'Where commands are traced.', NO_TRACE),
    trace_bwlist: ignored('text', 'Which commands are traced.', NO_TRACE),
  },
  start: (params, { services, program, log }) => {
    const { fifo_user: user, fifo_group: group } = params;
    return openFifo(services, {
      settings: {
        path: params.fifo_name,
        mode: params.fifo_mode,
        owner: user === '' && group === '' ? undefined : `${user}${group === '' ? '' : `:${group}`}`,
      },
      replies: params.reply_dir,
      answer: (json) => answerRpc(program, json, params.pretty_printing === 1),
      log: (text) => log('warn', text),
    });
  },
  notes:
    'Whoever may write into the FIFO commands the server: mind its permissions. It is made by the program `mkfifo`.',
});
