import { buildResponse, type HeaderEntry } from '../src/wire/sip/build.ts';
import { H } from '../src/wire/sip/header-name.ts';
import type { SipMessage } from '../src/wire/sip/message.ts';
import { calleeDialog, type PeerDialog } from './peer-dialog.ts';

export interface PeerReply {
  readonly reason?: string;
  readonly headers?: readonly HeaderEntry[];
  readonly body?: string;
  /** The To tag, where several user agents answer behind one address; default: the peer's own. */
  readonly tag?: string;
}

/** A request that came to a peer. */
export class IncomingRequest {
  readonly request: SipMessage;
  /** The To tag of this peer's answers. */
  readonly tag: string;
  readonly #contact: string;
  readonly #send: (bytes: Buffer) => void;
  #last: Buffer | undefined;

  /** @internal made by the peer */
  constructor(request: SipMessage, tag: string, contact: string, send: (bytes: Buffer) => void) {
    this.request = request;
    this.tag = request.to?.tag ?? tag;
    this.#contact = contact;
    this.#send = send;
  }

  get method(): string {
    return this.request.method;
  }

  get body(): string {
    return this.request.body.toString('latin1');
  }

  /** The dialog that a 2xx to this request makes, from this side. */
  get dialog(): PeerDialog {
    return calleeDialog(this.request, this.tag);
  }

  reply(status: number, options: PeerReply = {}): void {
    const { reason, body } = options;
    const own: HeaderEntry[] = status > 100 && status < 300 ? [[H.Contact, `<${this.#contact}>`]] : [];
    if (body !== undefined) own.push([H.ContentType, 'application/sdp']);
    this.#last = buildResponse(this.request, {
      status,
      headers: [...own, ...(options.headers ?? [])],
      ...(status === 100 ? {} : { toTag: options.tag ?? this.tag }),
      ...(reason === undefined ? {} : { reason }),
      ...(body === undefined ? {} : { body: Buffer.from(body, 'latin1') }),
    });
    this.#send(this.#last);
  }

  /** @internal The request came again: so does the last answer. */
  repeat(): void {
    if (this.#last) this.#send(this.#last);
  }
}
