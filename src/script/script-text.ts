import { ServerError } from '../base/errors.ts';
import type { HeaderEntry } from '../wire/sip/build.ts';
import { headerLine } from '../wire/sip/edit.ts';
import { H, type HeaderId, headerId } from '../wire/sip/header-name.ts';
import { toByteString } from '../wire/sip/text.ts';
import type { HeaderFields } from './api/answer.ts';

/** Headers that decide where messages go and what they belong to; only the server writes them. */
const RESERVED: ReadonlySet<HeaderId> = new Set([
  H.Via,
  H.From,
  H.To,
  H.CallId,
  H.CSeq,
  H.MaxForwards,
  H.MaxBreadth,
  H.Route,
  H.RecordRoute,
  H.ContentLength,
]);

/**
 * A header as a script gives it, ready to be written.
 * @throws ServerError SIP_BAD_FIELD for a name that is no token or reserved, and a value with CR, LF or NUL
 */
export function scriptHeader(name: string, value: string): HeaderEntry {
  checkWritable(name);
  const bytes = toByteString(String(value));
  headerLine(name, bytes);
  return [name, bytes];
}

/** @throws ServerError SIP_BAD_FIELD for the headers that only the server writes */
export function checkWritable(name: string): void {
  if (RESERVED.has(headerId(name))) {
    throw new ServerError('SIP_BAD_FIELD', `${name}: only the server itself writes this header`);
  }
}

/** All headers of a record, in its order. Throws as {@link scriptHeader} does. */
export function scriptHeaders(fields: HeaderFields | undefined): HeaderEntry[] {
  const entries: HeaderEntry[] = [];
  for (const [name, values] of Object.entries(fields ?? {})) {
    for (const value of typeof values === 'string' ? [values] : values)
      entries.push(scriptHeader(name, value));
  }
  return entries;
}
