import type { IdSource } from '../../../../base/ids.ts';

/** A number of 52 bits for the column `contact_id`, as text. */
export function newContactId(ids: IdSource): string {
  return String(ids.uint32() * 2 ** 20 + (ids.uint32() >>> 12));
}
