import { headerId } from '../../../../wire/sip/header-name.ts';
import { int, optional, regex, text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { type RouteKinds, WITH_MESSAGE } from '../../frame/route-kind.ts';
import { headerLines, splitHeader } from '../../runtime/header-lines.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';

const { fn } = moduleParts<undefined>();
const REPLYING: RouteKinds = ['request', 'failure', 'branch', 'error'];

/** Puts lines somewhere; what is no header is refused. */
function put(m: ScriptMessage, given: string, place: (m: ScriptMessage) => number): boolean {
  const lines = headerLines(given);
  if (lines === undefined) {
    m.program.log('warn', `${JSON.stringify(given)} is no header`, m.message.callId);
    return false;
  }
  const at = place(m);
  const textual = lines.map((line) => `${line}\r\n`).join('');
  m.changes.add((edit) => edit.insert(at, textual));
  return true;
}

/** Takes lines away that a test chooses by their names. */
function remove(m: ScriptMessage, chosen: (name: string) => boolean): boolean {
  const { message } = m;
  const lines: number[] = [];
  for (let line = 0; line < message.lineCount; line++) if (chosen(message.nameAt(line))) lines.push(line);
  if (lines.length === 0) return false;
  m.changes.add((edit) => {
    for (const line of lines) edit.removeLine(line);
  });
  return true;
}

/** Whether two names mean one header, in any case and form. */
function sameHeader(wanted: string): (name: string) => boolean {
  const id = headerId(wanted);
  const lower = wanted.toLowerCase();
  return (name) => name.toLowerCase() === lower || (id !== 0 && headerId(name) === id);
}

/** `*` and `?` as shells have them. */
function glob(given: string): (name: string) => boolean {
  const pattern = given
    .toLowerCase()
    .replaceAll(/[.+^${}()|\\[\]]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const compiled = new RegExp(`^${pattern}$`);
  return (name) => compiled.test(name.toLowerCase());
}

export const headerFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  append_to_reply: fn({
    args: [text('txt', '`Name: value\\r\\n`')],
    routes: REPLYING,
    describe: 'Adds headers to all answers that the server itself gives to the request.',
    run: (m, _s, given) => {
      const lines = headerLines(given);
      if (lines === undefined) return false;
      for (const line of lines) m.context.replyHeaders.push(splitHeader(line));
      return true;
    },
  }),
  append_body_to_reply: fn({
    args: [text('txt')],
    routes: REPLYING,
    describe:
      'Adds a body to all answers that the server itself gives; append_to_reply gives its Content-Type.',
    run: (m, _s, body) => {
      m.context.replyBody = Buffer.from(body, 'latin1');
      return true;
    },
  }),
  append_hf: fn({
    args: [text('txt', '`Name: value\\r\\n`'), optional(text('hdr_anchor'))],
    routes: WITH_MESSAGE,
    describe: 'Adds headers below all others, or below the first of a name.',
    run: (m, _s, given, anchor) =>
      put(m, given, ({ message }) => {
        const line = anchor === undefined ? -1 : message.findNamed(anchor);
        return line < 0 ? message.headersEnd : message.lineEnd(line);
      }),
  }),
  insert_hf: fn({
    args: [text('txt', '`Name: value\\r\\n`'), optional(text('hdr'))],
    routes: WITH_MESSAGE,
    describe: 'Adds headers above all others, or above the first of a name.',
    run: (m, _s, given, anchor) =>
      put(m, given, ({ message }) => {
        const line = anchor === undefined ? -1 : message.findNamed(anchor);
        return line < 0 ? message.headersStart : message.lineStart(line);
      }),
  }),
  append_urihf: fn({
    args: [text('prefix'), text('suffix')],
    routes: ['request', 'failure', 'branch'],
    describe: 'Adds a header with the Request-URI as it came between two texts.',
    run: (m, _s, prefix, suffix) =>
      put(m, prefix + m.context.request.requestUri + suffix, ({ message }) => message.headersEnd),
  }),
  is_present_hf: fn({
    args: [text('hf_name')],
    routes: WITH_MESSAGE,
    describe: 'Whether the message has a header of that name, in any form.',
    run: (m, _s, name) => m.message.findNamed(name) >= 0,
  }),
  remove_hf: fn({
    args: [text('hname')],
    routes: WITH_MESSAGE,
    describe: 'Takes all headers of a name away that the message came with.',
    run: (m, _s, name) => remove(m, sameHeader(name)),
  }),
  remove_hf_re: fn({
    args: [regex('hname_expr')],
    routes: WITH_MESSAGE,
    describe: 'Takes headers away whose names match an expression.',
    run: (m, _s, pattern) => remove(m, (name) => pattern.matcher(name).find()),
  }),
  remove_hf_glob: fn({
    args: [text('hname_pattern')],
    routes: WITH_MESSAGE,
    describe: 'Takes headers away whose names match a pattern with `*` and `?`.',
    run: (m, _s, pattern) => remove(m, glob(pattern)),
  }),
  append_time: fn({
    args: [],
    routes: ['request', 'failure', 'branch', 'local'],
    describe: 'Adds a Date to the answers of the server.',
    run: (m) => {
      m.context.replyHeaders.push(['Date', new Date(m.program.services.clock.wallNow()).toUTCString()]);
      return true;
    },
  }),
  is_method: fn({
    args: [text('name', 'several with `|` between')],
    routes: WITH_MESSAGE,
    describe: 'Whether the method is one of those; of a reply that in CSeq.',
    run: (m, _s, names) => {
      const method = m.isRequest ? m.message.method : (m.message.cseq?.method ?? '');
      return isOneOf(method, names);
    },
  }),
  has_totag: fn({
    args: [],
    routes: WITH_MESSAGE,
    describe: 'Whether the message belongs to a dialog that stands: its To has a tag.',
    run: (m) => m.message.to?.tag !== undefined,
  }),
  change_reply_status: fn({
    args: [int('code', { least: 100, most: 699 }), text('reason')],
    routes: ['onreply'],
    describe: 'Gives a reply another status of its own class, and another reason phrase.',
    run: (m, _s, code, reason) => {
      const { status, headersStart } = m.message;
      if (Math.floor(status / 100) !== Math.floor(code / 100) || /[\r\n\0]/.test(reason)) return false;
      m.changes.add((edit) => edit.replace(0, headersStart, `SIP/2.0 ${code} ${reason}\r\n`));
      return true;
    },
  }),
};

/** `INVITE|ACK`, in any case. */
export function isOneOf(method: string, names: string): boolean {
  if (names.length === method.length && names.toUpperCase() === method) return true;
  let from = 0;
  while (from <= names.length) {
    const bar = names.indexOf('|', from);
    const end = bar < 0 ? names.length : bar;
    if (end - from === method.length && names.slice(from, end).toUpperCase() === method.toUpperCase())
      return true;
    from = end + 1;
  }
  return false;
}
