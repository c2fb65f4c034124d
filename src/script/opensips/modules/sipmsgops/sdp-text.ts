import { SessionDescription } from '../../../../wire/sdp/session-description.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { findBodyPart, replaceBodyPart } from '../../../../wire/sip/multipart.ts';
import { byteString } from '../../../../wire/sip/text.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';

const SDP = 'application/sdp';

/** The session description as it will go out; undefined where there is none. */
export function sdpText(m: ScriptMessage): string | undefined {
  const body = m.changes.bodyOf(m.message);
  const part = body && findBodyPart(m.message.get(H.ContentType) ?? '', body, SDP);
  return part ? byteString(body, part.start, part.end) : undefined;
}

/** It, taken apart; undefined where it cannot be read. */
export function sdpOf(m: ScriptMessage): SessionDescription | undefined {
  const text = sdpText(m);
  if (text === undefined) return undefined;
  const result = SessionDescription.parse(text);
  return result.ok ? result.session : undefined;
}

/** Puts another session description in place. */
export function setSdp(m: ScriptMessage, text: string): void {
  const body = m.changes.bodyOf(m.message)!;
  const part = findBodyPart(m.message.get(H.ContentType) ?? '', body, SDP)!;
  m.changes.setBody(replaceBodyPart(body, part, Buffer.from(text, 'latin1')));
}
