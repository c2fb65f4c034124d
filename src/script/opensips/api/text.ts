import { toByteString } from '../../../wire/sip/text.ts';
import { printed, type Value } from '../value.ts';

/** Joins text and values as OpenSIPS does: NULL is `<null>`. The text becomes its UTF-8 bytes; values are bytes already. */
export function text(pieces: TemplateStringsArray, ...values: readonly (Value | undefined)[]): string {
  let joined = toByteString(pieces[0]!);
  for (const [i, value] of values.entries()) joined += printed(value) + toByteString(pieces[i + 1]!);
  return joined;
}
