import type { Binding } from '../../../../core/registrar/location-store.ts';
import type { Uri } from '../../../../wire/sip/uri.ts';

/** What begins the user of a temporary GRUU. */
const TEMPORARY = 'tgruu.';

/** Which contact a GRUU means (RFC 5627). */
export interface Gruu {
  readonly instance: string;
  /** Of a temporary one: the address-of-record and the Call-ID that it was given for. */
  readonly aor?: string;
  readonly callId?: string;
}

/** @returns undefined for a URI that is none, or where GRUUs are off */
export function readGruu(uri: Uri, secret: string | undefined): Gruu | undefined {
  const gr = uri.param('gr');
  if (secret === undefined || gr === undefined) return undefined;
  const user = uri.user ?? '';
  if (!user.startsWith(TEMPORARY)) return gr === '' ? undefined : { instance: gr };
  const coded = Buffer.from(user.slice(TEMPORARY.length), 'base64');
  const [, aor, instance, callId] = scramble(coded.toString('latin1'), secret).split(' ');
  if (aor === undefined || instance === undefined || callId === undefined) return undefined;
  return { aor, instance, callId };
}

/**
 * The parameters that tell a phone its GRUUs.
 * @param host `host[:port]` of this server
 * @param now in ms since 1970
 */
export function gruuParams(binding: Binding, aor: string, host: string, secret: string, now: number): string {
  const { instance, callId } = binding;
  const publicUri = `sip:${aor}${aor.includes('@') ? '' : `@${host}`};gr=${instance}`;
  const plain = `${Math.floor(now / 1000)} ${aor} ${instance} ${callId}`;
  const coded = Buffer.from(scramble(plain, secret), 'latin1').toString('base64');
  return `;pub-gruu="${publicUri}";temp-gruu="sip:${TEMPORARY}${coded}@${host};gr";+sip.instance="<${instance}>"`;
}

/** Its own inverse. */
function scramble(text: string, secret: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    out += String.fromCharCode(text.charCodeAt(i) ^ secret.charCodeAt(i % secret.length));
  }
  return out;
}

/** Whether a contact is the one that a GRUU means. */
export function isMeant(binding: Binding, gruu: Gruu | undefined): boolean {
  if (gruu === undefined) return true;
  return binding.instance === gruu.instance && (gruu.callId === undefined || gruu.callId === binding.callId);
}
