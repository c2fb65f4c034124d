import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { type BodyPart, findBodyPart, replaceBodyPart } from '../../wire/sip/multipart.ts';

const SDP = 'application/sdp';

/** The session description that a message carries, be it the whole body or a part of it. */
export class SdpBody {
  /** As it was received; a byte string. */
  readonly text: string;
  readonly #body: Buffer;
  readonly #part: BodyPart;

  private constructor(body: Buffer, part: BodyPart) {
    this.text = body.toString('latin1', part.start, part.end);
    this.#body = body;
    this.#part = part;
  }

  /** @returns undefined for a message without one, and for one under an encoding that hides it */
  static of(message: SipMessage): SdpBody | undefined {
    if (message.bodyEnd === message.bodyStart) return undefined;
    const contentType = message.get(H.ContentType);
    const encoding = message.get(H.ContentEncoding);
    if (contentType === undefined) return undefined;
    if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') return undefined;
    const { body } = message;
    const part = findBodyPart(contentType, body, SDP);
    return part && part.end > part.start ? new SdpBody(body, part) : undefined;
  }

  /** @returns the whole body with that description in place of its own, every other part byte for byte */
  with(text: string): Buffer {
    return replaceBodyPart(this.#body, this.#part, Buffer.from(text, 'latin1'));
  }
}
