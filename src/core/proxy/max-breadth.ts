import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseDecimal } from '../../wire/sip/text.ts';

/** How many branches a request may fork into here and further on (RFC 5393 §5.3.3); `most` where it does not say. */
export function maxBreadth(request: SipMessage, most: number): number {
  if (!request.has(H.MaxBreadth)) return most;
  const text = request.get(H.MaxBreadth);
  return Math.min((text === undefined ? undefined : parseDecimal(text)) ?? most, most);
}
