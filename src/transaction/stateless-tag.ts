import { hash } from 'node:crypto';
import type { IdSource } from '../base/ids.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { Via } from '../wire/sip/via.ts';

/**
 * To tags of answers without a transaction (RFC 3261 §8.2.7): computed from the request, so that its retransmissions get
 * the same one, and the ACK of such an answer is known by it.
 */
export class StatelessTags {
  readonly #key: string;
  readonly #prefix: string;

  constructor(ids: IdSource) {
    this.#key = ids.token(16);
    this.#prefix = ids.token(4);
  }

  tag(request: SipMessage, via: Via): string {
    const { callId, from, cseq } = request;
    const what =
      `${this.#key}\n${via.branch}\n${via.host}\n${via.port ?? ''}\n` +
      `${callId}\n${from?.tag ?? ''}\n${cseq?.number ?? ''}`;
    return this.#prefix + hash('sha1', Buffer.from(what, 'latin1'), 'base64url').slice(0, 12);
  }

  /** Whether the ACK acknowledges an answer with a tag of {@link tag}. */
  acknowledges(ack: SipMessage, via: Via): boolean {
    const tag = ack.toTag;
    return tag?.startsWith(this.#prefix) === true && tag === this.tag(ack, via);
  }
}
