import { ServerError } from '../../../base/errors.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { avpParameter, parsedParameter } from '../frame/parameter.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { textOf } from '../value.ts';

/** Who this server is to others. */
export interface Credential {
  readonly user: string;
  readonly realm: string;
  /** Or `0x` and HA1 in hexadecimal digits. */
  readonly password: string;
}

/** The state of the module, for uac and others that answer challenges. */
export interface UacAuthState {
  readonly credentials: readonly Credential[];
  /** Names of AVPs. */
  readonly avps: { readonly realm: string; readonly user: string; readonly password: string } | undefined;
}

const { define } = moduleParts<UacAuthState>();

/** What is known for a realm: what the AVPs of the request say comes first. */
export function credentialFor(
  m: ScriptMessage,
  { credentials, avps }: UacAuthState,
  realm: string,
): Credential | undefined {
  if (avps !== undefined) {
    const [named, user, password] = [avps.realm, avps.user, avps.password].map((name) =>
      textOf(m.avps.get(name)),
    );
    if (named === realm && user && password) return { user, realm, password };
  }
  return credentials.find((it) => it.realm === realm);
}

export const module: ScriptModule = define({
  name: 'uac_auth',
  summary: 'Users and passwords by which this server answers challenges of others.',
  params: {
    credential: parsedParameter<readonly Credential[]>(
      [],
      '`user:realm:password`; the password may be `0x` and HA1. May be given several times.',
      (given, before) => {
        const match = /^\s*([^:\s]+)\s*:\s*([^:\s]+)\s*:\s*(\S+)\s*$/.exec(String(given));
        if (!match) {
          return { ok: false, problem: 'these are no credentials', hint: 'write "user:realm:password"' };
        }
        // The one that was given last is found first.
        return { ok: true, value: [{ user: match[1]!, realm: match[2]!, password: match[3]! }, ...before] };
      },
    ),
    auth_realm_avp: avpParameter('Holds a realm.'),
    auth_username_avp: avpParameter('Holds the user for it.'),
    auth_password_avp: avpParameter('Holds the password for it.'),
  },
  start: ({ credential, auth_realm_avp: realm, auth_username_avp: user, auth_password_avp: password }) => {
    const given = [realm, user, password].filter((it) => it !== undefined).length;
    if (given !== 0 && given !== 3) {
      throw new ServerError(
        'CFG_INVALID',
        'uac_auth: auth_realm_avp, auth_username_avp and auth_password_avp are given together',
      );
    }
    const avps = realm === undefined ? undefined : { realm, user: user!, password: password! };
    return { credentials: credential, avps };
  },
});
