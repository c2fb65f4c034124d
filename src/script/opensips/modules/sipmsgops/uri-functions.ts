import { Uri } from '../../../../wire/sip/uri.ts';
import { sameUri } from '../../../../wire/sip/uri-compare.ts';
import { changeUri } from '../../core/uri-variables.ts';
import { optional, text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { WITH_REQUEST } from '../../frame/route-kind.ts';

const { fn } = moduleParts<undefined>();

function isE164(user: string): boolean {
  return /^\+[0-9]{3,15}$/.test(user);
}

export const uriFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  ruri_has_param: fn({
    args: [text('param'), optional(text('value'))],
    routes: WITH_REQUEST,
    describe: 'Whether the Request-URI has a parameter; without a value, one without a value.',
    run: (m, _s, name, value) => {
      const found = m.target.parsed?.param(name);
      return found !== undefined && found.toLowerCase() === (value ?? '').toLowerCase();
    },
  }),
  ruri_add_param: fn({
    args: [text('param', '`name=value`')],
    routes: WITH_REQUEST,
    describe: 'Adds a parameter to the Request-URI.',
    run: (m, _s, param) => {
      const bare = param.replace(/^;/, '');
      if (!/^[^\s;=<>"?]+(?:=[^\s;<>"?]*)?$/.test(bare)) return false;
      return changeUri(m.target, (uri) => uri.with({ params: `${uri.params};${bare}` }));
    },
  }),
  ruri_del_param: fn({
    args: [text('param')],
    routes: WITH_REQUEST,
    describe: 'Takes a parameter of the Request-URI away.',
    run: (m, _s, name) =>
      changeUri(m.target, (uri) => (uri.param(name) === undefined ? undefined : uri.withoutParam(name))),
  }),
  ruri_tel2sip: fn({
    args: [],
    routes: WITH_REQUEST,
    describe: 'Makes a sip URI of a tel URI, with the domain of From.',
    run: (m) => {
      const uri = m.target.parsed;
      if (uri === undefined) return false;
      if (uri.kind !== 'tel') return true;
      const host = m.context.request.from?.uri?.host;
      if (host === undefined || host === '') return false;
      const number = (uri.user ?? '').replaceAll(/[-.()]/g, '');
      m.target.uri = Uri.sip({ user: number + uri.params, host, params: ';user=phone' }).toString();
      return true;
    },
  }),
  is_uri_user_e164: fn({
    args: [text('uri')],
    routes: ['request', 'failure', 'local'],
    describe: 'Whether the user of a URI is a number with a `+` before it.',
    run: (_m, _s, uri) => isE164(Uri.parse(uri)?.user ?? ''),
  }),
  compare_uri: fn({
    args: [text('uri1'), text('uri2')],
    routes: WITH_REQUEST,
    describe: 'Whether two URIs are the same (RFC 3261 §19.1.4).',
    run: (_m, _s, one, other) => {
      const a = Uri.parse(one);
      const b = Uri.parse(other);
      return a !== undefined && b !== undefined && sameUri(a, b);
    },
  }),
};
