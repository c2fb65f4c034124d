import { undoEscapes } from '../../../../wire/sip/escape.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { type Gruu, readGruu } from './gruu.ts';
import type { RegistrarState } from './state.ts';

/** An address-of-record as usrloc keeps it: `alice@example.com`, or `alice` without domains. */
export interface AddressOfRecord {
  readonly aor: string;
  /** Where the URI is a GRUU: which contact it means. */
  readonly gruu?: Gruu | undefined;
}

/** @returns why there is none, with the code of the answer */
export function addressOfRecord(
  state: RegistrarState,
  text: string,
): AddressOfRecord | { readonly status: 400 | 500; readonly problem: string } {
  const { settings, location } = state;
  const uri = Uri.parse(text);
  if (uri === undefined || uri.kind === 'other') return { status: 400, problem: 'Error while parsing AOR' };
  const gruu = readGruu(uri, settings.gruuSecret);
  if (gruu?.aor !== undefined) return { aor: gruu.aor, gruu };
  const { maxUserLength, maxDomainLength, maxAorLength, realmPrefix, caseSensitive } = settings;
  const { user = '', host } = uri;
  const whole = user.length + host.length + 1;
  if (user.length > maxUserLength || host.length > maxDomainLength || whole > maxAorLength) {
    return { status: 500, problem: 'Address Of Record too long' };
  }
  const name = undoEscapes(user);
  if (!location.settings.useDomain) {
    if (name === '') return { status: 400, problem: 'Error while parsing AOR' };
    return { aor: caseSensitive ? name : name.toLowerCase(), gruu };
  }
  const prefixed = realmPrefix !== '' && host.length > realmPrefix.length && host.startsWith(realmPrefix);
  const domain = (prefixed ? host.slice(realmPrefix.length) : host).toLowerCase();
  const aor = name === '' ? domain : `${caseSensitive ? name : name.toLowerCase()}@${domain}`;
  return { aor, gruu };
}
