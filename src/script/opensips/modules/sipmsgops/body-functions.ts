import { H } from '../../../../wire/sip/header-name.ts';
import { bodyParts, type Part } from '../../core/body-parts.ts';
import { choice, optional, output, text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { WITH_MESSAGE } from '../../frame/route-kind.ts';
import { headerLines } from '../../runtime/header-lines.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { sdpOf } from './sdp-text.ts';

const { fn } = moduleParts<undefined>();
const NULL_ADDRESS = 1;
const NOT_SENT = 2;

function contentType(m: ScriptMessage): string {
  return m.changes.contentTypeOf(m.message) ?? '';
}

/** The parts of the body as it will go out. */
function parts(m: ScriptMessage): readonly Part[] {
  const body = m.changes.bodyOf(m.message);
  return body === null ? [] : bodyParts(contentType(m), body);
}

function hasType(wanted: string | undefined): (part: Part) => boolean {
  return ({ type }) => wanted === undefined || wanted === '' || type.toLowerCase() === wanted.toLowerCase();
}

/** Writes parts as a body: one alone as it is, several as a multipart body. */
function write(m: ScriptMessage, all: readonly Part[]): void {
  const [first] = all;
  if (first === undefined) m.changes.setBody(null);
  else if (all.length === 1) m.changes.setBody(Buffer.from(first.content, 'latin1'), first.header);
  else {
    const boundary = `viaduct-${m.program.services.ids.token(16)}`;
    const text = all
      .map(
        ({ header, content, more }) =>
          `--${boundary}\r\nContent-Type: ${header}\r\n${more ?? ''}\r\n${content}\r\n`,
      )
      .join('');
    m.changes.setBody(
      Buffer.from(`${text}--${boundary}--\r\n`, 'latin1'),
      `multipart/mixed;boundary=${boundary}`,
    );
  }
}

const hasBodyPart = fn({
  args: [optional(text('mime'))],
  routes: WITH_MESSAGE,
  describe: 'Whether the message has a body, or a part of a media type.',
  run: (m, _s, mime) => bodyParts(m.message.get(H.ContentType) ?? '', m.message.body).some(hasType(mime)),
});

export const bodyFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  has_body_part: hasBodyPart,
  has_body: { ...hasBodyPart, older: 'write has_body_part' },
  is_audio_on_hold: fn({
    args: [],
    routes: WITH_MESSAGE,
    describe: 'Whether an audio stream is on hold.',
    returns: '1: by a null address; 2: by a=sendonly or a=inactive; -1: none is.',
    run: (m) => {
      const audio = sdpOf(m)?.media.filter(({ kind }) => kind === 'audio') ?? [];
      if (audio.some((medium) => medium.hasNullAddress)) return NULL_ADDRESS;
      return audio.some(({ held }) => held) ? NOT_SENT : -1;
    },
  }),
  is_privacy: fn({
    args: [text('privacy_type')],
    routes: WITH_MESSAGE,
    describe: 'Whether Privacy asks for something (RFC 3323).',
    run: (m, _s, wanted) =>
      (m.message.header('Privacy') ?? '')
        .split(/[;,]/)
        .some((it) => it.trim().toLowerCase() === wanted.toLowerCase()),
  }),
  remove_body_part: fn({
    args: [optional(text('mime')), optional(choice('revert', ['revert']))],
    routes: WITH_MESSAGE,
    describe:
      'Takes parts of a media type out of the body, or with `revert` all others; without a type the body.',
    run: (m, _s, mime, revert) => {
      const all = parts(m);
      const isMeant = hasType(mime);
      const left = all.filter((part) => isMeant(part) === (revert !== undefined));
      if (left.length === all.length) return false;
      write(m, left);
      return true;
    },
  }),
  add_body_part: fn({
    args: [text('body'), text('mime'), optional(text('headers', 'lines of the part'))],
    routes: WITH_MESSAGE,
    describe: 'Adds a part to the body, which becomes a multipart one where it has another.',
    run: (m, _s, content, mime, headers) => {
      if (!/^[^\s/;]+\/[^\s/;]+(?:;[^\r\n]*)?$/.test(mime)) return false;
      const lines = headers === undefined ? [] : headerLines(headers);
      if (lines === undefined) return false;
      const more = lines.map((line) => `${line}\r\n`).join('');
      write(m, [...parts(m), { type: mime, header: mime, content, more }]);
      return true;
    },
  }),
  get_updated_body_part: fn({
    args: [optional(text('mime')), output('variable')],
    routes: WITH_MESSAGE,
    describe: 'Puts the body, or a part of a media type, into a variable as it will go out.',
    run: (m, _s, mime, result) => {
      if (mime === undefined || mime === '') {
        const body = m.changes.bodyOf(m.message);
        return body !== null && body.length > 0 && result.set(m, body.toString('latin1'));
      }
      const part = parts(m).find(hasType(mime));
      return part !== undefined && result.set(m, part.content);
    },
  }),
};
