import type { Flow } from '../net/flow.ts';
import type { HeaderEntry } from '../wire/sip/build.ts';
import type { SipMessage } from '../wire/sip/message.ts';

/** RFC 3261 figures 7 and 8 with RFC 6026. */
export type ServerState = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/** An answer of this server's own. Via, From, To, Call-ID and CSeq are the request's. */
export interface ReplyParts {
  readonly status: number;
  /** The reason phrase; that of the RFC where none is given. */
  readonly reason?: string;
  readonly headers?: readonly HeaderEntry[];
  readonly body?: Buffer;
  /** False leaves the To header without a tag of ours; a 100 never gets one. */
  readonly toTag?: false;
}

/** A request received and its answers (RFC 3261 §17.2). */
export interface ServerTransaction {
  /** After the final answer only its bytes are kept, and it is read again for whoever asks. */
  readonly request: SipMessage;
  /** Where the request came from. */
  readonly flow: Flow;
  readonly state: ServerState;
  /** The status of the last answer, 0 before any. */
  readonly lastStatus: number;
  /**
   * The request's top Via with received and rport added (RFC 3261 §18.2.1, RFC 3581 §4): what the forwarded request and
   * every answer carry.
   */
  readonly topVia: string;
  /** The To tag of the answers that this server makes itself. */
  readonly toTag: string;
  /** What the element above has made of the request, kept with it; only that element looks at it. */
  forwarding: object | undefined;
  /** Called once: with the status of the final answer, or undefined where it ends without one. */
  onSettled: ((status: number | undefined) => void) | undefined;
  /** Called once, when the machine has ended. */
  onTerminated: (() => void) | undefined;
  /**
   * Called, also from inside `reply` and `forward`, where an answer could not be delivered; the machine stays as it is
   * (RFC 6026 §8.9).
   */
  onTransportError: ((reason: string) => void) | undefined;
  /**
   * Builds an answer of this server's own and sends it. What RFC 4320 forbids (a 408 or an early provisional to a
   * request that is no INVITE) is taken but not sent.
   * @returns false after a final answer
   * @throws ServerError SIP_BAD_FIELD where a part would break out of its field
   */
  reply(parts: ReplyParts): boolean;
  /**
   * Sends an answer that came from elsewhere, serialised with our own Via taken off.
   * @returns false after a final answer; but a 2xx to an INVITE always passes while the machine lives (RFC 3261 §16.7)
   */
  forward(bytes: Buffer, status: number): boolean;
  /** Has the answers go to the source port although the client did not ask for it (RFC 3581 §4). */
  forceRport(): void;
  /** Ends without an answer, which only {@link onSettled} is told. */
  forget(): void;
}
