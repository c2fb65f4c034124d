import { NameAddr } from '../../../wire/sip/name-addr.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import { optional, parsed, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { avpParameter, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { textOf } from '../value.ts';
import { algorithmList, qopList } from './auth/algorithms.ts';
import { ANSWERED, AUTH_FAULT, type AuthKind, USED_CREDENTIALS, Verifier } from './auth/verifier.ts';

/** The state of the module; auth_db uses its verifier. */
export interface AuthState {
  readonly verifier: Verifier;
  readonly usernameFormat: string | undefined;
  readonly passwordFormat: string | undefined;
  readonly calculateHa1: boolean;
  readonly rpidAvp: string | undefined;
  readonly rpidPrefix: string;
  readonly rpidSuffix: string;
}

const { fn, define } = moduleParts<AuthState>();

const CODES =
  '1: the credentials are right; -1: there is no such user; -2: the password is wrong; -3: the nonce is too old, or was used; -4: there are no credentials; -5: it failed. 0: it was answered with 400, and the script ends.';

function challenge(kind: AuthKind) {
  return fn({
    args: [
      text('realm', 'by default the domain of From, or of To in a REGISTER'),
      optional(parsed('qop', qopList, '`auth`, `auth-int`, or both')),
      optional(parsed('algorithms', algorithmList, 'several with commas between; MD5 where left out')),
    ],
    routes: ['request'],
    describe: `Asks for credentials by a ${kind === 'www' ? 401 : 407}.`,
    returns: '0: it was sent, and the script ends; -1: it was not.',
    run: (m, { verifier }, realm, qop, algorithms) =>
      verifier.challenge(m, kind, realm, qop ?? '', algorithms ?? []) ? ANSWERED : -1,
  });
}

/** Authorizes by the user and password that stand in variables. */
function byVariables(kind: AuthKind) {
  return fn({
    args: [text('realm', 'by default the domain of From, or of To in a REGISTER')],
    routes: ['request'],
    describe: 'Whether the credentials are those of `username_spec` and `password_spec`.',
    returns: CODES,
    waits: true,
    run: (m, { verifier, usernameFormat, passwordFormat, calculateHa1 }, realm) => {
      const [user, password] = [usernameFormat, passwordFormat].map((format) =>
        format === undefined ? undefined : textOf(m.program.evaluate(m, format)),
      );
      if (user === undefined || password === undefined) return AUTH_FAULT;
      return verifier.verify(m, kind, realm, ({ name, whole }) => {
        if (name !== user && whole !== user) return undefined;
        return calculateHa1 ? { password } : { ha1: password };
      });
    },
  });
}

/** The URI that a database has given for Remote-Party-ID. */
function rpidOf(m: ScriptMessage, { rpidAvp }: AuthState): string | undefined {
  const value = rpidAvp === undefined ? undefined : textOf(m.avps.get(rpidAvp));
  return value === '' ? undefined : value;
}

export const module: ScriptModule = define({
  name: 'auth',
  summary: 'Digest authentication (RFC 7616, RFC 8760): challenges, and what auth_db works with.',
  needs: ['signaling'],
  params: {
    secret: parsedParameter<string | undefined>(
      undefined,
      'What nonces are made with, 32 characters, for servers that share it; random where it is not given.',
      (given) =>
        String(given).length === 32
          ? { ok: true, value: String(given) }
          : { ok: false, problem: `it has ${String(given).length} characters, and must have 32` },
    ),
    nonce_expire: intParameter(30, 'Seconds that a nonce is good for.', { least: 1 }),
    realm_prefix: textParameter('', 'Taken off realms that stand in the request: `sip.`.'),
    username_spec: textParameter(undefined, 'The variable with the user, for pv_www_authorize.'),
    password_spec: textParameter(undefined, 'The variable with the password or its HA1.'),
    calculate_ha1: intParameter(0, '1: password_spec holds a password; 0: its HA1.', { least: 0, most: 1 }),
    disable_nonce_check: intParameter(0, '1: a nonce may be used again as long as it is good.', {
      least: 0,
      most: 1,
    }),
    rpid_avp: avpParameter('Holds the URI for Remote-Party-ID.', 'rpid'),
    rpid_prefix: textParameter('', 'Stands before it.'),
    rpid_suffix: textParameter(';party=calling;id-type=subscriber;screen=yes', 'Stands behind it.'),
  },
  start: (params, { services }) => ({
    verifier: new Verifier(
      {
        nonceExpire: params.nonce_expire,
        secret: params.secret,
        checkNonces: params.disable_nonce_check === 0,
        realmPrefix: params.realm_prefix,
      },
      services,
    ),
    usernameFormat: params.username_spec,
    passwordFormat: params.password_spec,
    calculateHa1: params.calculate_ha1 === 1,
    rpidAvp: params.rpid_avp,
    rpidPrefix: params.rpid_prefix,
    rpidSuffix: params.rpid_suffix,
  }),
  functions: {
    www_challenge: challenge('www'),
    proxy_challenge: challenge('proxy'),
    pv_www_authorize: byVariables('www'),
    pv_proxy_authorize: byVariables('proxy'),
    consume_credentials: fn({
      args: [],
      routes: ['request'],
      describe: 'Takes the credentials that were looked at out of the request.',
      returns: '1; -1: none were looked at.',
      run: (m) => {
        const used = m.context.get(USED_CREDENTIALS);
        if (used === undefined) return false;
        m.changes.add((edit) => void edit.removeLine(used.line));
        return true;
      },
    }),
    is_rpid_user_e164: fn({
      args: [],
      routes: ['request'],
      describe: 'Whether the URI for Remote-Party-ID has a number as its user: `+` and up to 15 digits.',
      run: (m, state) => {
        const value = rpidOf(m, state);
        const uri = value === undefined ? undefined : (NameAddr.parse(value)?.uri ?? Uri.parse(value));
        return /^\+\d{1,15}$/.test(uri?.user ?? '');
      },
    }),
    append_rpid_hf: fn({
      args: [optional(text('prefix')), optional(text('suffix'))],
      routes: ['request', 'failure', 'branch'],
      describe: 'Adds Remote-Party-ID with the URI that `rpid_avp` holds.',
      run: (m, state, prefix, suffix) => {
        const value = rpidOf(m, state);
        const line = `${prefix ?? state.rpidPrefix}${value}${suffix ?? state.rpidSuffix}`;
        if (value === undefined || /[\r\n\0]/.test(line)) return false;
        m.changes.appendLine(`Remote-Party-ID: ${line}`);
        return true;
      },
    }),
  },
  notes:
    'A nonce is good once for each count (`nc`), and once without counts. A client that was told too late gets `stale=true`, and need not ask its user.',
});
