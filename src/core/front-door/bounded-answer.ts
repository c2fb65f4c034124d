import type { Flow } from '../../net/flow.ts';
import type { ReplyParts } from '../../transaction/server-transaction.ts';
import { H, type HeaderId, headerId } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

/** What an answer may hold beyond the headers copied from the request, in bytes, whoever asks. */
const FREE = 1024;

/** Headers without which an answer is of no use. */
const NEEDED: ReadonlySet<HeaderId> = new Set([
  H.WwwAuthenticate,
  H.ProxyAuthenticate,
  H.Contact,
  H.Unsupported,
  H.MinExpires,
  H.RetryAfter,
  H.Allow,
]);

/**
 * A datagram's source address may be forged, to have the answer hit somebody else: where a request bears no credentials,
 * what goes back beyond the copied headers is at most 1024 bytes or twice the request. A larger answer loses its body
 * and all headers that it can do without.
 */
export function boundedAnswer(request: SipMessage, flow: Flow, parts: ReplyParts): ReplyParts {
  if (flow.transport !== 'udp' || (!parts.headers && !parts.body)) return parts;
  if (request.has(H.Authorization) || request.has(H.ProxyAuthorization)) return parts;
  let size = parts.body?.length ?? 0;
  for (const [, value] of parts.headers ?? []) size += value.length + 20;
  if (size <= Math.max(FREE, 2 * request.bodyEnd)) return parts;
  const { body: _, ...rest } = parts;
  const needed = (parts.headers ?? []).filter(([header]) =>
    NEEDED.has(typeof header === 'string' ? headerId(header) : header),
  );
  return { ...rest, headers: needed };
}
