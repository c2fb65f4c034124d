import { H } from '../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { paramValue, unquote } from '../../../wire/sip/params.ts';
import type { VariableSpec } from '../frame/variable.ts';
import type { Value } from '../value.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;

/** A field of the first credentials, quotes taken off. */
function credential(message: SipMessage, name: string): string | undefined {
  const text = message.get(H.ProxyAuthorization) ?? message.get(H.Authorization);
  return text === undefined ? undefined : digestField(text, name);
}

/** `Digest a="1", b=2`: one of its fields. */
export function digestField(text: string, name: string): string | undefined {
  const digest = /^\s*Digest\s+/i.exec(text);
  if (!digest) return undefined;
  // Commas separate what semicolons do in parameters; those in quotes are left alone by the reader.
  let params = '';
  let quoted = false;
  for (const c of text.slice(digest[0].length)) {
    if (c === '"') quoted = !quoted;
    params += c === ',' && !quoted ? ';' : c;
  }
  const value = paramValue(`;${params.replaceAll(/;\s+/g, ';')}`, name);
  return value === undefined ? undefined : unquote(value);
}

function field(describe: string, name: string): VariableSpec<undefined> {
  return { describe, read: (m) => credential(m.message, name) ?? null };
}

function challenge(describe: string, name: string): VariableSpec<undefined> {
  return {
    describe,
    read: (m) => {
      const message = m.isRequest ? (m.context.reply ?? m.message) : m.message;
      const text = message.get(H.WwwAuthenticate) ?? message.get(H.ProxyAuthenticate);
      return text === undefined ? null : (digestField(text, name) ?? null);
    },
  };
}

/** A username may be `user@domain`. */
function userPart(message: SipMessage, part: 'user' | 'domain'): Value {
  const name = credential(message, 'username');
  if (name === undefined) return null;
  const at = name.indexOf('@');
  if (part === 'user') return at < 0 ? name : name.slice(0, at);
  return at < 0 ? null : name.slice(at + 1);
}

/** What credentials and challenges say. */
export const authVariables: Variables = {
  ad: { describe: 'Domain in the username of the credentials.', read: (m) => userPart(m.message, 'domain') },
  adu: field('URI of the credentials.', 'uri'),
  an: field('Nonce of the credentials.', 'nonce'),
  ar: field('Realm of the credentials.', 'realm'),
  au: { describe: 'User in the username of the credentials.', read: (m) => userPart(m.message, 'user') },
  aU: field('Username of the credentials.', 'username'),
  Au: {
    describe: 'User for accounting: that of the credentials, else that of From.',
    read: (m) => userPart(m.message, 'user') ?? m.message.from?.uri?.user ?? null,
  },
  'auth.alg': field('Algorithm of the credentials.', 'algorithm'),
  'auth.cnonce': field('cnonce of the credentials.', 'cnonce'),
  'auth.nc': field('Nonce count of the credentials.', 'nc'),
  'auth.nonce': field('Nonce of the credentials.', 'nonce'),
  'auth.opaque': field('Opaque of the credentials.', 'opaque'),
  'auth.qop': field('qop of the credentials.', 'qop'),
  'auth.resp': field('Response of the credentials.', 'response'),
  'challenge.algorithm': challenge('Algorithm of a challenge.', 'algorithm'),
  'challenge.ck': challenge('ck of a challenge.', 'ck'),
  'challenge.ik': challenge('ik of a challenge.', 'ik'),
  'challenge.nonce': challenge('Nonce of a challenge.', 'nonce'),
  'challenge.opaque': challenge('Opaque of a challenge.', 'opaque'),
  'challenge.qop': challenge('qop of a challenge.', 'qop'),
  'challenge.realm': challenge('Realm of a challenge.', 'realm'),
};
