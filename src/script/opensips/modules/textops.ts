import type { RE2JS } from 're2js';
import { byteString } from '../../../wire/sip/text.ts';
import { changeUri, setUri } from '../core/uri-variables.ts';
import { type Argument, type ParsedArgument, parsed, regex, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { type Substitution, substitute, substitution } from '../transform/other-transforms.ts';

const { fn, define } = moduleParts<undefined>();
const ROUTES: RouteKinds = ['request', 'onreply', 'failure', 'branch'];

function readSubstitution(given: string): ParsedArgument<Substitution> {
  const value = substitution(given);
  return value === undefined
    ? {
        ok: false,
        problem: `${JSON.stringify(given)} is no substitution`,
        hint: 'write "/expression/replacement/flags" with flags of i, g, s',
      }
    : { ok: true, value };
}

const subst: Argument<Substitution> = parsed('subst', readSubstitution, '`/re/repl/flags`');

/** The body as it will go out. */
function body(m: ScriptMessage): string {
  const bytes = m.changes.bodyOf(m.message);
  return bytes === null ? '' : byteString(bytes, 0, bytes.length);
}

function setBody(m: ScriptMessage, changed: string | undefined): boolean {
  if (changed === undefined) return false;
  m.changes.setBody(Buffer.from(changed, 'latin1'));
  return true;
}

/** Where a pattern matches, first or everywhere. */
function places(pattern: RE2JS, given: string, all: boolean): [start: number, end: number][] {
  const found: [number, number][] = [];
  const matcher = pattern.matcher(given);
  while (matcher.find()) {
    found.push([matcher.start(), matcher.end()]);
    if (!all) break;
  }
  return found;
}

function replaced(
  pattern: RE2JS,
  given: string,
  by: string,
  all: boolean,
  append = false,
): string | undefined {
  let out = '';
  let from = 0;
  const found = places(pattern, given, all);
  for (const [start, end] of found) {
    out += given.slice(from, append ? end : start) + by;
    from = end;
  }
  return found.length === 0 ? undefined : out + given.slice(from);
}

/** The header lines of a message: text that scripts may change; start line and empty line are not theirs. */
function head({ message }: ScriptMessage): string {
  return byteString(message.bytes, message.headersStart, message.headersEnd);
}

/** Changes headers in place; a change that would end them, or make one that is none, is not made. */
function editHead(m: ScriptMessage, pattern: RE2JS, by: string, all: boolean, append = false): boolean {
  const found = places(pattern, head(m), all);
  if (found.length === 0 || /\r?\n(?![^\s:]+:)|\0/.test(by.replace(/\r?\n$/, ''))) return false;
  const { headersStart } = m.message;
  m.changes.add((edit) => {
    for (const [start, end] of found)
      edit.replace(headersStart + (append ? end : start), headersStart + end, by);
  });
  return true;
}

export const module: ScriptModule = define({
  name: 'textops',
  summary:
    'Expressions on headers and bodies. Headers are changed in place, and what comes of it must be headers.',
  functions: {
    search: fn({
      args: [regex('re')],
      routes: ROUTES,
      describe: 'Whether an expression matches anywhere in the message.',
      run: (m, _s, pattern) => pattern.matcher(m.message.toString()).find(),
    }),
    search_body: fn({
      args: [regex('re')],
      routes: ROUTES,
      describe: 'Whether an expression matches in the body.',
      run: (m, _s, pattern) => pattern.matcher(body(m)).find(),
    }),
    search_append: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Adds a text behind what matches first in the headers.',
      run: (m, _s, pattern, txt) => editHead(m, pattern, txt, false, true),
    }),
    search_append_body: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Adds a text behind what matches first in the body.',
      run: (m, _s, pattern, txt) => setBody(m, replaced(pattern, body(m), txt, false, true)),
    }),
    replace: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Replaces what matches first in the headers, else in the body.',
      run: (m, _s, pattern, txt) =>
        editHead(m, pattern, txt, false) || setBody(m, replaced(pattern, body(m), txt, false)),
    }),
    replace_body: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Replaces what matches first in the body.',
      run: (m, _s, pattern, txt) => setBody(m, replaced(pattern, body(m), txt, false)),
    }),
    replace_all: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Replaces all that matches in headers and body.',
      run: (m, _s, pattern, txt) => {
        const inHead = editHead(m, pattern, txt, true);
        return setBody(m, replaced(pattern, body(m), txt, true)) || inHead;
      },
    }),
    replace_body_all: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Replaces all that matches in the body, line by line.',
      run: (m, _s, pattern, txt) => {
        let changed = false;
        const lines = body(m)
          .split(/(?<=\n)/)
          .map((line) => {
            const end = /\r?\n$/.exec(line)?.[0] ?? '';
            const other = replaced(pattern, line.slice(0, line.length - end.length), txt, true);
            changed ||= other !== undefined;
            return other === undefined ? line : other + end;
          });
        return setBody(m, changed ? lines.join('') : undefined);
      },
    }),
    replace_body_atonce: fn({
      args: [regex('re'), text('txt')],
      routes: ROUTES,
      describe: 'Replaces all that matches in the body as a whole.',
      run: (m, _s, pattern, txt) => setBody(m, replaced(pattern, body(m), txt, true)),
    }),
    subst: fn({
      args: [subst],
      routes: ROUTES,
      describe: 'Replaces by `/re/repl/flags` in the headers.',
      run: (m, _s, given) => {
        const { message } = m;
        let changed = false;
        const lines: [number, string][] = [];
        for (let line = 0; line < message.lineCount; line++) {
          const before = message.rawLine(line).slice(0, -2);
          const after = substitute(before, given);
          if (
            after === undefined ||
            after === before ||
            /[\r\n\0]/.test(after) ||
            !/^[^\s:]+[ \t]*:/.test(after)
          )
            continue;
          lines.push([line, after]);
          changed = true;
          if (!given.all) break;
        }
        m.changes.add((edit) => {
          for (const [line, after] of lines)
            edit.replace(message.lineStart(line), message.valueEnd(line), after);
        });
        return changed;
      },
    }),
    subst_uri: fn({
      args: [subst],
      routes: ROUTES,
      describe: 'Replaces by `/re/repl/flags` in the Request-URI.',
      run: (m, _s, given) => setUri(m.target, substitute(m.target.uri, given)),
    }),
    subst_user: fn({
      args: [subst],
      routes: ROUTES,
      describe: 'Replaces by `/re/repl/flags` in the user of the Request-URI.',
      run: (m, _s, given) =>
        changeUri(m.target, (uri) => {
          const user = substitute(uri.user ?? '', given);
          return user === undefined ? undefined : uri.with({ user: user === '' ? undefined : user });
        }),
    }),
    subst_body: fn({
      args: [subst],
      routes: ROUTES,
      describe: 'Replaces by `/re/repl/flags` in the body.',
      run: (m, _s, given) => setBody(m, substitute(body(m), given)),
    }),
  },
});
