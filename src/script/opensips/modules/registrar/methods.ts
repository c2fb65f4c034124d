import { H } from '../../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { unquote } from '../../../../wire/sip/params.ts';

/** OpenSIPS's bit of each method. */
const METHODS = [
  ...['INVITE', 'CANCEL', 'ACK', 'BYE', 'INFO', 'OPTIONS', 'UPDATE', 'REGISTER', 'MESSAGE', 'SUBSCRIBE'],
  ...['NOTIFY', 'PRACK', 'REFER', 'PUBLISH'],
];
const OTHER = 1 << 14;

/** A contact that does not say takes all. */
export const ALL_METHODS = -1;

export function methodBit(method: string): number {
  const index = METHODS.indexOf(method);
  return index < 0 ? OTHER : 1 << index;
}

/** The bits of methods with commas between. */
function methodBits(text: string): number {
  let bits = 0;
  for (const name of text.split(',')) if (name.trim() !== '') bits |= methodBit(name.trim().toUpperCase());
  return bits;
}

/** What a contact takes: by its `methods` parameter, else by Allow, else everything. */
export function methodsOf(request: SipMessage, param: string | undefined): number {
  if (param !== undefined && param !== '') return methodBits(unquote(param));
  const allow = request.elements(H.Allow);
  return allow.length === 0 ? ALL_METHODS : methodBits(allow.map(({ text }) => text).join(','));
}
