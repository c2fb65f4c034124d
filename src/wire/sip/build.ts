import { ServerError } from '../../base/errors.ts';
import { isTextAt } from './address-scan.ts';
import { headerLine } from './edit.ts';
import { H, type HeaderId } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { reasonPhrase } from './reason-phrase.ts';
import { byteString, checkField, checkRequestUri, isToken } from './text.ts';

/** A header to write: name or id, and its value as a byte string. */
export type HeaderEntry = readonly [header: HeaderId | string, value: string];

export interface RequestParts {
  readonly method: string;
  readonly requestUri: string;
  /** In the order in which they are written; Content-Length is added. */
  readonly headers: readonly HeaderEntry[];
  readonly body?: Buffer;
}

/**
 * A request from nothing.
 * @throws ServerError SIP_BAD_FIELD where a part would break out of its field
 */
export function buildRequest(parts: RequestParts): Buffer {
  const { method, requestUri } = parts;
  if (!isToken(method))
    throw new ServerError('SIP_BAD_FIELD', `method: ${JSON.stringify(method)} is no token`);
  return assemble(`${method} ${checkRequestUri(requestUri)} SIP/2.0\r\n`, parts.headers, parts.body);
}

export interface ResponseParts {
  readonly status: number;
  readonly reason?: string;
  /** Put on the To header where the request has none there (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  readonly headers?: readonly HeaderEntry[];
  readonly body?: Buffer;
  /** The text of the topmost Via, where `received` or `rport` were added to it. */
  readonly topVia?: string;
}

/**
 * A response to a request (RFC 3261 §8.2.6): Via, From, To, Call-ID, CSeq copied as they stand, Timestamp for 100,
 * Record-Route for what makes or may make a dialog (180–299).
 */
export function buildResponse(request: SipMessage, parts: ResponseParts): Buffer {
  const reason = parts.reason ?? reasonPhrase(parts.status);
  let head = `SIP/2.0 ${parts.status} ${checkField('reason', reason)}\r\n`;
  head += viaLines(request, parts.topVia);
  if (parts.status >= 180 && parts.status < 300) head += request.rawLines(H.RecordRoute);
  head += request.rawLines(H.From);
  head += toLine(request, parts.toTag);
  head += request.rawLines(H.CallId);
  head += request.rawLines(H.CSeq);
  if (parts.status === 100) head += request.rawLines(H.Timestamp);
  return assemble(head, parts.headers ?? [], parts.body);
}

const USUAL_NAME = 'Via: ';

/** All Via lines as written, but for the topmost value where another text is given for it. */
export function viaLines(request: SipMessage, topVia: string | undefined): string {
  const top = topVia === undefined ? undefined : request.topElement(H.Via);
  if (!top) return request.rawLines(H.Via);
  const { bytes } = request;
  let text = '';
  for (let line = request.find(H.Via); line >= 0; line = request.find(H.Via, line + 1)) {
    if (line !== top.line) {
      text += request.rawLine(line);
      continue;
    }
    const start = request.lineStart(line);
    const end = request.valueEnd(line);
    const name = isTextAt(bytes, start, top.start, USUAL_NAME)
      ? USUAL_NAME
      : byteString(bytes, start, top.start);
    text += name + topVia + (top.end === end ? '\r\n' : `${byteString(bytes, top.end, end)}\r\n`);
  }
  return text;
}

function toLine(request: SipMessage, tag: string | undefined): string {
  const line = request.rawLines(H.To);
  if (tag === undefined || line === '' || request.hasToTag) return line;
  return `${line.slice(0, -2)};tag=${checkField('tag', tag)}\r\n`;
}

function assemble(head: string, headers: readonly HeaderEntry[], body: Buffer | undefined): Buffer {
  let text = head;
  for (const [header, value] of headers) text += headerLine(header, value);
  text += `Content-Length: ${body?.length ?? 0}\r\n\r\n`;
  const start = Buffer.from(text, 'latin1');
  return body === undefined ? start : Buffer.concat([start, body]);
}
