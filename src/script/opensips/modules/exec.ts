import { headerName } from '../../../wire/sip/header-name.ts';
import { fromByteString } from '../../../wire/sip/text.ts';
import { input, optional, output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { textOf } from '../value.ts';
import { MOST_RUNNING, runCommand } from './exec/run-command.ts';

interface State {
  readonly setVariables: boolean;
  readonly longestMs: number | undefined;
}

const { fn, define } = moduleParts<State>();

/** What a NUL would do to an environment, nobody wants to know. */
function clean(value: string): string {
  return fromByteString(value).replaceAll('\0', '');
}

/** The message as commands see it with `setvars`: `SIP_HF_…` and the rest. */
function messageVariables(m: ScriptMessage): Record<string, string> {
  const { message, flow, context, target } = m;
  const found: Record<string, string> = {};
  for (let line = 0; line < message.lineCount; line++) {
    const id = message.id(line);
    const name = (id === 0 ? message.nameAt(line) : headerName(id))
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '_');
    const key = `SIP_HF_${name}`;
    const value = clean(message.valueAt(line));
    found[key] = key in found ? `${found[key]},${value}` : value;
  }
  found.SIP_SRCIP = flow.remoteAddress;
  found.SIP_ORURI = clean(context.request.requestUri);
  found.SIP_RURI = clean(target.uri);
  found.SIP_USER = clean(target.parsed?.user ?? '');
  found.SIP_OUSER = clean(context.request.uri?.user ?? '');
  found.SIP_TID = clean(context.request.topVia?.branch ?? '');
  found.SIP_DID = clean(message.to?.tag ?? '');
  return found;
}

function environmentOf(
  m: ScriptMessage,
  state: State,
  extra: VariableRef | undefined,
): Record<string, string> {
  const found = state.setVariables ? messageVariables(m) : {};
  for (let i = 0; extra !== undefined && i < 1000; i++) {
    const value = textOf(extra.at(m, i));
    if (value === undefined) break;
    found[`OSIPS_EXEC_${i}`] = clean(value);
  }
  return found;
}

/** A list gets the lines, the first one read first; any other variable the last one. */
function setLines(m: ScriptMessage, result: VariableRef, printedText: string): boolean {
  const lines = printedText.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (!result.text.startsWith('$avp')) return result.set(m, lines.at(-1) ?? '');
  return lines.toReversed().every((line) => result.set(m, line));
}

export const module: ScriptModule = define({
  name: 'exec',
  summary: 'Runs commands of the machine by the shell.',
  params: {
    setvars: intParameter(0, 'Tells commands of the message by environment variables (`SIP_HF_FROM` …).', {
      least: 0,
      most: 1,
    }),
    time_to_kill: intParameter(0, 'Seconds after which a command is ended; 0: never.', { least: 0 }),
  },
  start: ({ setvars, time_to_kill }) => ({
    setVariables: setvars === 1,
    longestMs: time_to_kill > 0 ? time_to_kill * 1000 : undefined,
  }),
  functions: {
    exec: fn({
      args: [
        text('command'),
        optional(text('stdin')),
        optional(output('stdout')),
        optional(output('stderr')),
        optional(input('envavp', 'values for `OSIPS_EXEC_0` …', ['avp'])),
      ],
      routes: ANY,
      describe: 'Runs a command. It is waited for only where its output is wanted.',
      returns: '1: it was run (and, where it was waited for, ended with 0); -1: it failed, or too many run.',
      waits: true,
      run: (m, state, command, stdin, stdout, stderr, envavp) => {
        const wantsOutput = stdout !== undefined || stderr !== undefined;
        const result = runCommand(fromByteString(command), {
          input: stdin === undefined ? undefined : Buffer.from(stdin, 'latin1'),
          environment: environmentOf(m, state, envavp),
          longestMs: state.longestMs,
          wantsOutput,
        });
        if (result === undefined) {
          m.program.log('error', `exec: ${MOST_RUNNING} commands run already`, m.message.callId);
          return false;
        }
        if (!wantsOutput) return true;
        return result.then(({ output: printedOutput, errors, code }) => {
          if (stdout !== undefined) setLines(m, stdout, printedOutput);
          if (stderr !== undefined) setLines(m, stderr, errors);
          return code === 0;
        });
      },
    }),
  },
  notes:
    "What stands in a command comes from messages of strangers: put variables into quotes, and take quotes out of them first, as in `$(ct{re.subst,/'//g})`.",
});
