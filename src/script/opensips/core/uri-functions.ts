import type { Uri } from '../../../wire/sip/uri.ts';
import { int, optional, output, text } from '../frame/argument.ts';
import type { FunctionSpec } from '../frame/function.ts';
import { moduleParts } from '../frame/module.ts';
import { ANY } from '../frame/route-kind.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { changeUri, setDestination, setUri, withHost, withPort, withUser } from './uri-variables.ts';

const { fn } = moduleParts<undefined>();

function rewrite(name: string, describe: string, change: (uri: Uri, value: string) => Uri | undefined) {
  return fn({
    args: [text(name)],
    routes: ANY,
    describe,
    run: (m, _s, value) => changeUri(m.target, (uri) => change(uri, value)),
  });
}

function older(spec: FunctionSpec<undefined>, instead: string): FunctionSpec<undefined> {
  return { ...spec, older: `write ${instead}` };
}

function withHostPort(uri: Uri, value: string): Uri | undefined {
  const colon = value.startsWith('[') ? value.indexOf(':', value.indexOf(']')) : value.indexOf(':');
  if (colon < 0) return withHost(uri, value);
  const hosted = withHost(uri, value.slice(0, colon));
  return hosted && withPort(hosted, value.slice(colon + 1));
}

const setUriFunction = fn({
  args: [text('uri')],
  routes: ANY,
  describe: 'Puts another Request-URI in place.',
  run: (m, _s, uri) => setUri(m.target, uri),
});
const setHost = rewrite('host', 'Puts another host into the Request-URI.', withHost);
const setHostPort = rewrite('hostport', 'Puts another host and port into the Request-URI.', withHostPort);
const setUser = rewrite('user', 'Puts another user into the Request-URI.', withUser);
const setUserPass = rewrite('password', 'Puts another password into the Request-URI.', (uri, password) =>
  uri.with({ password: password === '' ? undefined : password }),
);
const setPort = rewrite('port', 'Puts another port into the Request-URI.', withPort);

function cut(describe: string, shorten: (user: string, count: number) => string) {
  return fn({
    args: [int('count', { least: 0 })],
    routes: ANY,
    describe,
    run: (m, _s, count) =>
      changeUri(m.target, (uri) => {
        const user = shorten(uri.user ?? '', count);
        return uri.with({ user: user === '' ? undefined : user });
      }),
  });
}

const setNextHop = fn({
  args: [text('uri')],
  routes: ANY,
  describe: 'Sends the request there instead of to its Request-URI.',
  run: (m, _s, uri) => setDestination(m.target, uri),
});

/** Functions of the core that change where a request goes. */
export const uriFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  sethost: setHost,
  sethostport: setHostPort,
  setuser: setUser,
  setuserpass: setUserPass,
  setport: setPort,
  seturi: setUriFunction,
  rewritehost: older(setHost, 'sethost'),
  rewritehostport: older(setHostPort, 'sethostport'),
  rewriteuser: older(setUser, 'setuser'),
  rewriteuserpass: older(setUserPass, 'setuserpass'),
  rewriteport: older(setPort, 'setport'),
  rewriteuri: older(setUriFunction, 'seturi'),
  prefix: rewrite('prefix', 'Puts a prefix before the user of the Request-URI.', (uri, prefix) =>
    uri.with({ user: prefix + (uri.user ?? '') }),
  ),
  strip: cut('Takes characters off the beginning of the user of the Request-URI.', (user, count) =>
    user.slice(count),
  ),
  strip_tail: cut('Takes characters off the end of the user of the Request-URI.', (user, count) =>
    user.slice(0, Math.max(0, user.length - count)),
  ),
  revert_uri: fn({
    args: [],
    routes: ANY,
    describe: 'Puts the Request-URI back as it came.',
    run: (m) => setUri(m.target, m.context.request.requestUri),
  }),
  setdsturi: setNextHop,
  resetdsturi: fn({
    args: [],
    routes: ANY,
    describe: 'Has the Request-URI say again where the request goes.',
    run: (m) => {
      m.target.du = null;
      return true;
    },
  }),
  isdsturiset: fn({
    args: [],
    routes: ANY,
    describe: 'Whether `$du` is set.',
    run: (m) => m.target.du !== null,
  }),
  construct_uri: fn({
    args: [
      text('proto'),
      optional(text('user')),
      text('domain'),
      optional(text('port')),
      optional(text('extra', 'parameters')),
      output('result', 'takes the URI'),
    ],
    routes: ANY,
    describe: 'Puts a URI together.',
    run: (m: ScriptMessage, _s, proto, user, domain, port, extra, result) => {
      if (proto === '' || domain === '') return false;
      const who = user === undefined || user === '' ? '' : `${user}@`;
      const where = port === undefined || port === '' ? domain : `${domain}:${port}`;
      const params = extra === undefined || extra === '' ? '' : `;${extra}`;
      return result.set(m, `${proto}:${who}${where}${params}`);
    },
  }),
};
