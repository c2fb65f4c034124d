import type { BranchView, ReplyView } from '../../core/proxy/fork-options.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchoredSession } from './anchored-session.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { OfferAnswer, type Party, type SdpRole } from './offer-answer.ts';
import type { DescriptionStyle } from './print-description.ts';
import { bodyEdit, isRelayMissing, type RelayedBody, relayBody } from './relay-body.ts';
import { SdpBody } from './sdp-body.ts';

/** A BYE that gets one of these has ended nothing: it is sent again with credentials (RFC 3261 §22). */
const CHALLENGES: readonly number[] = [401, 407];

/** Who has made a dialog's media: told when the dialog is over. */
export interface DialogOwner {
  ended(dialog: AnchoredDialog): void;
}

/** A dialog whose media go through a relay, from the first answer with its To tag on. */
export class AnchoredDialog {
  readonly calleeTag: string;
  /** The branch of the INVITE that it was made by. */
  readonly branch: number;
  /** Whether a 2xx has confirmed it. */
  confirmed = false;
  session: AnchoredSession;
  readonly #exchanges = new OfferAnswer();
  readonly #address: string | undefined;
  readonly #shifts: Record<Party, number> = { caller: 0, callee: 0 };
  readonly #owner: DialogOwner;
  readonly #env: MediaEnvironment;
  #ended = false;

  /**
   * @param invite the request that made it
   * @param address what both parties are told, where a script says so
   */
  constructor(
    calleeTag: string,
    branch: number,
    session: AnchoredSession,
    invite: { readonly cseq: number; readonly hasSdp: boolean },
    address: string | undefined,
    owner: DialogOwner,
    env: MediaEnvironment,
  ) {
    this.calleeTag = calleeTag;
    this.branch = branch;
    this.session = session;
    this.#address = address;
    this.#owner = owner;
    this.#env = env;
    this.#exchanges.request('INVITE', 'caller', invite.cseq, invite.hasSdp);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How the descriptions of one party are printed for the other. */
  style(from: Party): DescriptionStyle {
    return { address: this.#address, versionShift: this.#shifts[from] };
  }

  /** This server has made an offer of its own out of what a party had described: later ones must seem newer. */
  raiseVersion(from: Party): void {
    this.#shifts[from]++;
  }

  /** Relays the description in a request of one party, an ACK too. */
  async asked(view: BranchView, from: Party): Promise<void> {
    const { request } = view;
    const body = SdpBody.of(request);
    const cseq = request.cseq?.number ?? 0;
    const role = this.#exchanges.request(request.method, from, cseq, body !== undefined);
    if (!body || !role) return;
    const relayed = await this.#relay(request, body, role, this.session.source(from), undefined);
    if (relayed.ok) {
      view.addEdit(bodyEdit(relayed));
    } else if (role.kind === 'offer' && request.method !== 'PRACK' && isRelayMissing(relayed.failure)) {
      // The call stays as it was, with the relay that it had.
      this.#env.counters.refused++;
      view.drop(503);
    }
  }

  /** Relays the description in an answer. @param asker who sent the request */
  async answered(view: ReplyView, method: string, asker: Party): Promise<void> {
    const { response } = view;
    const { status } = response;
    const cseq = response.cseq?.number ?? 0;
    if (status >= 300) this.#refused(method, asker, cseq);
    if (method === 'BYE' && status >= 200 && !CHALLENGES.includes(status)) this.end();
    if (status <= 100 || status >= 300) return;
    const body = SdpBody.of(response);
    const role = this.#exchanges.response(method, asker, cseq, status, body !== undefined);
    if (!body || !role) return;
    const relayed = await this.#relay(response, body, role, view.sender.destination, view.reader.destination);
    if (relayed.ok) view.edit.setBody(relayed.for(view.reader));
  }

  /** No more media: the relay may have its ports back. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#owner.ended(this);
  }

  #relay(
    message: SipMessage,
    body: SdpBody,
    role: SdpRole,
    source: string,
    reader: string | undefined,
  ): Promise<RelayedBody> {
    const { session } = this;
    session.names.callee = this.calleeTag;
    const style = this.style(role.from);
    return relayBody({ message, body, role, source, reader, style }, session, this.#env);
  }

  #refused(method: string, asker: Party, cseq: number): void {
    const fell = this.#exchanges.refused(method, asker, cseq);
    if (!fell) return;
    this.session.names.callee = this.calleeTag;
    void this.session.restore(fell.from);
  }
}
