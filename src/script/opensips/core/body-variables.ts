import { H } from '../../../wire/sip/header-name.ts';
import { findBodyPart, replaceBodyPart } from '../../../wire/sip/multipart.ts';
import { byteString } from '../../../wire/sip/text.ts';
import type { VariableSpec } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { textOf } from '../value.ts';
import { bodyParts } from './body-parts.ts';
import { pick } from './indexed.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;
const SDP = 'application/sdp';

function text(bytes: Buffer): string {
  return byteString(bytes, 0, bytes.length);
}

/** The body as it will go out. */
function body(m: ScriptMessage): Buffer {
  return m.changes.bodyOf(m.message) ?? Buffer.alloc(0);
}

function contentType(m: ScriptMessage): string {
  return m.message.get(H.ContentType) ?? '';
}

/** The body and its parts. */
export const bodyVariables: Variables = {
  rb: {
    describe: 'The body; `[n]` for a part of a multipart body, `(type)` for the first part of a type.',
    inner: 'optional',
    indexed: true,
    read: (m, _s, type, index) => {
      const whole = m.message.body;
      if (whole.length === 0) return null;
      if (type === '' && (index === undefined || index === '*')) return text(whole);
      const parts = bodyParts(contentType(m), whole).filter(
        (part) => type === '' || part.type.toLowerCase() === type.toLowerCase(),
      );
      return pick(
        parts.map(({ content }) => content),
        index ?? 0,
      );
    },
  },
  cT: {
    describe: 'Content-Type; `[n]` for that of a part, `[*]` for all.',
    indexed: true,
    read: (m, _s, _inner, index) => {
      const own = m.message.get(H.ContentType) ?? null;
      if (index === undefined) return own;
      const parts = bodyParts(contentType(m), m.message.body).map(({ header }) => header);
      return index === '*' ? pick([own, ...parts], '*') : pick(parts, index);
    },
  },
  sdp: {
    describe: 'The session description; may be written, and then shows what was written.',
    read: (m) => {
      const whole = body(m);
      const part = findBodyPart(contentType(m), whole, SDP);
      return part === undefined ? null : byteString(whole, part.start, part.end);
    },
    write: (m, _s, value) => {
      const content = textOf(value);
      if (content === undefined) {
        m.changes.setBody(null);
        return true;
      }
      const bytes = Buffer.from(content, 'latin1');
      const whole = body(m);
      const part = findBodyPart(contentType(m), whole, SDP);
      if (part === undefined) m.changes.setBody(bytes, SDP);
      else m.changes.setBody(replaceBodyPart(whole, part, bytes));
      return true;
    },
  },
};
