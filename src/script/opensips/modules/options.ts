import type { HeaderEntry } from '../../../wire/sip/build.ts';
import { headerLine } from '../../../wire/sip/edit.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { type Parameter, parsedParameter } from '../frame/parameter.ts';

type Headers = readonly HeaderEntry[];

const { fn, define } = moduleParts<Headers>();

/** The value of a header; empty for none. Line breaks are found when the script is loaded. */
function headerParameter(initial: string, header: string): Parameter<string> {
  return parsedParameter(
    initial,
    `The header ${header} of the answer; empty leaves it out.`,
    (given) => {
      try {
        headerLine(header, String(given));
        return { ok: true, value: String(given) };
      } catch {
        return { ok: false, problem: `${JSON.stringify(given)} cannot stand in a header` };
      }
    },
    initial,
  );
}

export const module: ScriptModule = define({
  name: 'options',
  summary: 'Answers OPTIONS requests to the server itself, by which others see whether it is there.',
  params: {
    accept: headerParameter('*/*', 'Accept'),
    accept_encoding: headerParameter('', 'Accept-Encoding'),
    accept_language: headerParameter('en', 'Accept-Language'),
    support: headerParameter('', 'Supported'),
  },
  start: ({ accept, accept_encoding, accept_language, support }) => {
    const all: Headers = [
      ['Accept', accept],
      ['Accept-Encoding', accept_encoding],
      ['Accept-Language', accept_language],
      ['Supported', support],
    ];
    return all.filter(([, value]) => value !== '');
  },
  functions: {
    options_reply: fn({
      args: [],
      routes: ['request'],
      describe: 'Answers an OPTIONS request without a user in its Request-URI; ask is_myself("$rd") before.',
      returns: '1: it was answered; -1: it is another request, or has a user.',
      run: (m, headers) => {
        const { request } = m.context;
        const user = m.target.parsed?.user;
        if (request.method !== 'OPTIONS' || (user !== undefined && user !== '')) return false;
        return m.program.reply(m.context, 200, 'OK', { headers, stateless: true });
      },
    }),
  },
});
