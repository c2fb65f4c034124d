import { type HeaderId, headerName } from '../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { parseMessage } from '../../../wire/sip/parse.ts';

/** A message from its byte string. */
export function read(text: string): SipMessage {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(`no message: ${parsed.reason}`);
  return parsed.message;
}

/** The values of a header, topmost first. */
export function values(text: string, header: HeaderId): string[] {
  return read(text)
    .elements(header)
    .map((element) => element.text);
}

export function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\r\n'));
}

/** `INVITE` or `180`. */
export function kindOf(text: string): string {
  const words = text.split(' ', 2);
  return words[0] === 'SIP/2.0' ? words[1]! : words[0]!;
}

/** The branch of the topmost Via. */
export function branchOf(text: string): string {
  return read(text).topVia!.branch;
}

export interface AnswerParts {
  readonly toTag?: string;
  readonly contact?: string;
  readonly headers?: readonly string[];
}

/** An answer as a user agent writes it: Via, Record-Route, From, To, Call-ID and CSeq are the request's. */
export function answerTo(request: string, status: number, parts: AnswerParts = {}): string {
  const message = read(request);
  const copied = ['Via', 'Record-Route', 'From'];
  const lines = request.split('\r\n\r\n', 1)[0]!.split('\r\n').slice(1);
  const pick = (name: string) =>
    lines.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  const tag = message.to?.tag === undefined && status > 100 ? `;tag=${parts.toTag ?? 'callee'}` : '';
  return [
    `SIP/2.0 ${status} Answer`,
    ...copied.flatMap(pick),
    ...pick('To').map((line) => line + tag),
    ...pick('Call-ID'),
    ...pick('CSeq'),
    ...(parts.contact === undefined ? [] : [`Contact: <${parts.contact}>`]),
    ...(parts.headers ?? []),
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

/** Header lines for what a test adds to a message. */
export function lines(header: HeaderId, list: readonly string[]): string[] {
  return list.map((value) => `${headerName(header)}: ${value}`);
}
