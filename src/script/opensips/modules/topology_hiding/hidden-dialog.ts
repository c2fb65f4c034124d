import type { Advertise } from '../../../../advertise/advertise.ts';
import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { DialogSide } from '../../../../core/dialog/dialog-leg.ts';
import type { DialogObserver, DialogPassage } from '../../../../core/dialog/dialog-observer.ts';
import type { BranchView, ReplyView } from '../../../../core/proxy/fork-options.ts';
import type { Side } from '../../../../core/proxy/record-route.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { contactFor, contactIn, hideWay, type PassedParams, restoreRoutes } from './contact.ts';

/** What was wanted of one call, as it is kept with its dialog. */
export interface HidingWishes {
  /** Letters of `topology_hiding`. */
  readonly flags: string;
}

/** What the module was told. */
export interface HidingParameters {
  readonly passed: PassedParams;
  /** Names of the values of a dialog that hold the user that each party sees. */
  readonly callerUser: string;
  readonly calleeUser: string;
  /** Sockets of that tag are shown everything. */
  readonly trusted: string | undefined;
}

/** Hides each party of a call from the other, in all messages of its dialog. */
export class HiddenDialog implements DialogObserver {
  readonly #advertise: Advertise;
  readonly #routeParam: string;
  readonly #wishes: HidingWishes;
  readonly #params: HidingParameters;

  constructor(advertise: Advertise, routeParam: string, wishes: HidingWishes, params: HidingParameters) {
    this.#advertise = advertise;
    this.#routeParam = routeParam;
    this.#wishes = wishes;
    this.#params = params;
  }

  onBranch(branch: BranchView, passage: DialogPassage): void {
    branch.recordRoute = false;
    const { dialog, request, direction } = passage;
    const reader: DialogSide = direction === 'downstream' ? 'callee' : 'caller';
    branch.addEdit((edit, to) => {
      const callId = callIdFor(dialog, reader);
      if (callId !== request.callId) edit.set(H.CallId, callId);
      if (this.#trusts(to.reader)) return;
      hideWay(edit);
      if (request.has(H.Contact)) edit.set(H.Contact, this.#contact(dialog, reader, to.reader, request));
    });
  }

  onReply({ edit, response, reader }: ReplyView, { dialog, request, direction }: DialogPassage): void {
    const side: DialogSide = direction === 'downstream' ? 'caller' : 'callee';
    if (response.callId !== request.callId) edit.set(H.CallId, request.callId);
    if (this.#trusts(reader)) return;
    restoreRoutes(edit, request);
    if (response.status >= 300 || !response.has(H.Contact)) return;
    edit.set(H.Contact, this.#contact(dialog, side, reader, response));
  }

  #trusts({ listener }: Side): boolean {
    return this.#params.trusted !== undefined && listener.name === this.#params.trusted;
  }

  #contact(dialog: Dialog, reader: DialogSide, side: Side, message: SipMessage): string {
    const { flags } = this.#wishes;
    const leg = reader === 'caller' ? dialog.caller : dialog.callee;
    // What was shown once stays, where the script says so.
    if (leg?.shownContact !== undefined && flags.includes(reader === 'caller' ? 'a' : 'A'))
      return leg.shownContact;
    const contact = contactIn(message);
    const inUser = flags.includes('D');
    const wanted = dialog.value(reader === 'caller' ? this.#params.callerUser : this.#params.calleeUser);
    const user = inUser ? dialog.did : (wanted ?? (flags.includes('U') ? contact?.uri?.user : undefined));
    const params = inUser ? '' : `;${this.#routeParam}=${dialog.did}`;
    return contactFor(side, this.#advertise, { user, params, tagged: !inUser }, contact, this.#params.passed);
  }
}

/** The Call-ID that a party knows. */
export function callIdFor({ callId, calleeCallId }: Dialog, side: DialogSide): string {
  return side === 'callee' ? (calleeCallId ?? callId) : callId;
}
