import { invite, type LineBounds } from './plain-invite.ts';
import { reasonPhrase } from './reason-phrase.ts';
import { writeByteString } from './text.ts';

const HEAD = Buffer.from(`SIP/2.0 503 ${reasonPhrase(503)}\r\n`, 'latin1');
const CR = 0x0d;
const LF = 0x0a;

/**
 * A 503 to the INVITE that `scanInvite` has found in `bytes` last, byte for byte as `buildResponse` writes it: the lines are
 * copied as they stand.
 * @param topVia the value of its Via, as it is or written anew
 * @param toTag a token
 * @param retryAfter in seconds
 */
export function refusePlainInvite(bytes: Buffer, topVia: string, toTag: string, retryAfter: string): Buffer {
  const { via, from, to, callId, cseq } = invite;
  const tag = `;tag=${toTag}\r\n`;
  const tail = `Retry-After: ${retryAfter}\r\nContent-Length: 0\r\n\r\n`;
  const viaLength = via.value - via.start + topVia.length + 2;
  const lines = viaLength + lengthOf(from) + lengthOf(to) - 2 + lengthOf(callId) + lengthOf(cseq);
  const out = Buffer.allocUnsafe(HEAD.length + lines + tag.length + tail.length);
  let at = HEAD.copy(out);
  at += bytes.copy(out, at, via.start, via.value);
  at = endLine(out, at + writeByteString(out, topVia, at));
  at = copyLine(bytes, from, out, at);
  at += bytes.copy(out, at, to.start, to.end);
  at += writeByteString(out, tag, at);
  at = copyLine(bytes, callId, out, at);
  at = copyLine(bytes, cseq, out, at);
  writeByteString(out, tail, at);
  return out;
}

/** With its CRLF. */
function lengthOf({ start, end }: LineBounds): number {
  return end - start + 2;
}

/** @returns where the next line begins */
function copyLine(bytes: Buffer, { start, end }: LineBounds, out: Buffer, at: number): number {
  return endLine(out, at + bytes.copy(out, at, start, end));
}

function endLine(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}
