import { paramValue, unquote } from '../../../wire/sip/params.ts';
import { byteString } from '../../../wire/sip/text.ts';

/** A part of a multipart body (RFC 2046 §5.1). */
export interface Part {
  /** Its media type, without parameters. */
  readonly type: string;
  /** Its Content-Type as written. */
  readonly header: string;
  readonly content: string;
  /** Other header lines of it, each with its end. */
  readonly more?: string;
}

const MOST_PARTS = 32;

/** The parts of a body: itself alone where it is not a multipart one. */
export function bodyParts(contentType: string, body: Buffer): readonly Part[] {
  const text = byteString(body, 0, body.length);
  if (body.length === 0) return [];
  const type = mediaType(contentType);
  if (!type.toLowerCase().startsWith('multipart/')) return [{ type, header: contentType, content: text }];
  const semi = contentType.indexOf(';');
  const boundary = semi < 0 ? '' : unquote(paramValue(contentType.slice(semi), 'boundary') ?? '');
  if (boundary === '') return [];
  return text
    .split(`--${boundary}`)
    .slice(1, MOST_PARTS + 1)
    .flatMap((piece) => (piece.startsWith('--') ? [] : [part(piece)]));
}

function mediaType(contentType: string): string {
  const semi = contentType.indexOf(';');
  return (semi < 0 ? contentType : contentType.slice(0, semi)).trim();
}

function part(piece: string): Part {
  const start = piece.indexOf('\r\n\r\n');
  const head = start < 0 ? '' : piece.slice(0, start);
  const header = /^content-type[ \t]*:[ \t]*(.*)$/im.exec(head)?.[1]?.trim() ?? 'text/plain';
  const content = start < 0 ? piece : piece.slice(start + 4);
  return { type: mediaType(header), header, content: content.replace(/\r\n$/, '') };
}
