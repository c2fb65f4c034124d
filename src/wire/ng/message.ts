import { byteString } from '../sip/text.ts';
import { parseBencode, printBencode } from './bencode.ts';
import { parseJson, printJson } from './json.ts';
import { isDictionary, type NgDictionary, type NgValue } from './value.ts';

/** What fits into a datagram. */
const LONGEST_MESSAGE = 65_507;
const LONGEST_COOKIE = 256;

export type NgEncoding = 'bencode' | 'json';

/** A datagram of the ng protocol: the cookie comes back with the answer, in the encoding of the request. */
export interface NgMessage {
  readonly cookie: string;
  readonly encoding: NgEncoding;
  readonly body: NgDictionary;
}

/** Commands of rtpengine's ng protocol. */
export type NgCommand =
  | 'ping'
  | 'offer'
  | 'answer'
  | 'delete'
  | 'query'
  | 'list'
  | 'statistics'
  | 'start recording'
  | 'stop recording'
  | 'pause recording'
  | 'block DTMF'
  | 'unblock DTMF'
  | 'block media'
  | 'unblock media'
  | 'silence media'
  | 'unsilence media'
  | 'start forwarding'
  | 'stop forwarding'
  | 'play media'
  | 'stop media'
  | 'play DTMF';

/** What an answer's `result` says. */
export type NgResult =
  | { readonly ok: true; readonly body: NgDictionary }
  | { readonly ok: false; readonly reason: string };

/** @returns undefined for a datagram without a cookie or a dictionary behind it, or too long */
export function parseNgMessage(datagram: Buffer): NgMessage | undefined {
  if (datagram.length > LONGEST_MESSAGE) return undefined;
  const blank = datagram.indexOf(0x20);
  if (blank <= 0 || blank > LONGEST_COOKIE) return undefined;
  const text = byteString(datagram, blank + 1, datagram.length);
  const encoding = text.startsWith('{') ? 'json' : 'bencode';
  const body = encoding === 'json' ? parseJson(text) : parseBencode(text);
  return isDictionary(body) ? { cookie: byteString(datagram, 0, blank), encoding, body } : undefined;
}

/** @throws ServerError SIP_BAD_FIELD for what bencode cannot say */
export function printNgMessage({ cookie, encoding, body }: NgMessage): Buffer {
  return Buffer.from(`${cookie} ${encoding === 'json' ? printJson(body) : printBencode(body)}`, 'latin1');
}

/** @returns the body of a request: the command and what belongs to it, fields that are undefined left out */
export function ngRequest(
  command: NgCommand,
  fields: Readonly<Record<string, NgValue | undefined>>,
): NgDictionary {
  const body: Record<string, NgValue> = { command };
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) body[key] = value;
  return body;
}

/** @returns whether it went well: `ok`, `pong`; else the reason that the answer gives */
export function ngResult(body: NgDictionary): NgResult {
  const { result } = body;
  if (result === 'ok' || result === 'pong') return { ok: true, body };
  const reason = body['error-reason'];
  if (typeof reason === 'string') return { ok: false, reason };
  return { ok: false, reason: typeof result === 'string' ? `result ${result}` : 'no result' };
}
