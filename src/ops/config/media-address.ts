import { canonicalHost, ipFamily } from '../../base/ip.ts';

/** An address of the relay, as the configuration names it. */
export interface MediaAddressSpec {
  readonly address: string;
  readonly advertised: string | undefined;
  readonly name: string | undefined;
}

export type MediaAddressResult =
  | { readonly ok: true; readonly address: MediaAddressSpec }
  | { readonly ok: false; readonly reason: string };

const NAME = /^[A-Za-z0-9._-]{1,32}$/;

/** Reads `ADDRESS [as ADDRESS] [name NAME]`; all of them IP addresses, for phones look no names up in descriptions. */
export function parseMediaAddress(text: string): MediaAddressResult {
  const [written = '', ...rest] = text.trim().split(/\s+/);
  if (ipFamily(written) === 0) return { ok: false, reason: `"${written}" is no IP address` };
  let advertised: string | undefined;
  let name: string | undefined;
  for (let at = 0; at < rest.length; at += 2) {
    const [key, value = ''] = rest.slice(at, at + 2);
    if (key === 'as' && advertised === undefined) {
      if (ipFamily(value) !== ipFamily(written)) {
        return { ok: false, reason: `"${value}" behind "as" is no IPv${ipFamily(written)} address` };
      }
      advertised = canonicalHost(value);
    } else if (key === 'name' && name === undefined) {
      if (!NAME.test(value)) return { ok: false, reason: `"${value}" is no name` };
      name = value;
    } else return { ok: false, reason: `"${key}" has no meaning here` };
  }
  return { ok: true, address: { address: canonicalHost(written), advertised, name } };
}
