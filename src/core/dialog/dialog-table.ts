import { ROUTE_TAG_PARAM } from '../../advertise/route-tag.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg } from './dialog-leg.ts';
import type { DialogDirection } from './dialog-observer.ts';

/** What a message inside a dialog belongs to. */
export interface DialogMatch {
  readonly dialog: Dialog;
  readonly direction: DialogDirection;
  /** The party whose request it is, also of an answer to it. */
  readonly sender: DialogLeg;
  readonly receiver: DialogLeg;
}

/** Dialogs of one Call-ID: forked before they came here, spiralled, or tried again with credentials. */
const MOST_OF_ONE_CALL = 16;

/** The dialogs by Call-ID and tags, and by the id that stands in Record-Route. */
export class DialogTable {
  readonly #limit: number;
  readonly #param: string;
  readonly #byCallId = new Map<string, Dialog[]>();
  readonly #byDid = new Map<string, Dialog>();

  /** @param param the name of the Record-Route parameter that bears the id */
  constructor(limit: number, param: string) {
    this.#limit = limit;
    this.#param = param;
  }

  get size(): number {
    return this.#byDid.size;
  }

  get full(): boolean {
    return this.#byDid.size >= this.#limit;
  }

  all(): MapIterator<Dialog> {
    return this.#byDid.values();
  }

  /** @returns false where the table is full, or that call has too many */
  add(dialog: Dialog): boolean {
    const { callId, did } = dialog;
    if (this.full || this.#byDid.has(did) || !this.#name(dialog, callId)) return false;
    this.#byDid.set(did, dialog);
    if (dialog.calleeCallId !== undefined) this.#name(dialog, dialog.calleeCallId);
    return true;
  }

  /** Has a dialog found by the Call-ID that its callee is shown, too. @returns false where that has too many */
  rename(dialog: Dialog, calleeCallId: string): boolean {
    if (!this.#name(dialog, calleeCallId)) return false;
    dialog.calleeCallId = calleeCallId;
    return true;
  }

  #name(dialog: Dialog, callId: string): boolean {
    const known = this.#byCallId.get(callId);
    if (known === undefined) this.#byCallId.set(callId, [dialog]);
    else if (known.length < MOST_OF_ONE_CALL) known.push(dialog);
    else return false;
    return true;
  }

  delete(dialog: Dialog): void {
    if (!this.#byDid.delete(dialog.did)) return;
    for (const callId of [dialog.callId, dialog.calleeCallId]) {
      const rest = this.#byCallId.get(callId ?? '')?.filter((it) => it !== dialog);
      if (callId === undefined || rest === undefined) continue;
      if (rest.length > 0) this.#byCallId.set(callId, rest);
      else this.#byCallId.delete(callId);
    }
  }

  clear(): void {
    this.#byCallId.clear();
    this.#byDid.clear();
  }

  /** @param did as {@link Dialog.did}: `h_entry.h_id` */
  get(did: string): Dialog | undefined {
    return this.#byDid.get(did);
  }

  /** The dialogs of a Call-ID, oldest first. */
  ofCall(callId: string): readonly Dialog[] {
    return this.#byCallId.get(callId) ?? [];
  }

  /**
   * The dialog of a message by Call-ID and tags. Where its own Route bears an id it must be that of the dialog, and where
   * the dialog has printed one it must stand there: a call that spirals through this server has two dialogs of one name.
   * Of those that are left the latest counts, one that has not ended before others.
   */
  match(message: SipMessage): DialogMatch | undefined {
    const known = this.#byCallId.get(message.callId);
    const fromTag = known && message.fromTag;
    const toTag = known && message.toTag;
    if (!known || fromTag === undefined || toTag === undefined) return undefined;
    const printed = message.isRequest ? this.#printed(message) : undefined;
    let found: DialogMatch | undefined;
    for (const dialog of known) {
      if (printed !== undefined && (dialog.printed ? printed !== dialog.did : printed !== '')) continue;
      const tagged = dialog.tagged(fromTag, toTag);
      if (!tagged || (found && !found.dialog.ended && dialog.ended)) continue;
      const { callee, direction } = tagged;
      const [sender, receiver] =
        direction === 'downstream' ? [dialog.caller, callee] : [callee, dialog.caller];
      found = { dialog, direction, sender, receiver };
    }
    return found;
  }

  /** @returns the id in our own Route, '' where that has none; undefined for a request without a Route of ours */
  #printed(request: SipMessage): string | undefined {
    const top = request.topElement(H.Route)?.address?.uri;
    const own = top?.param(ROUTE_TAG_PARAM) !== undefined ? top : request.uri;
    if (own?.param(ROUTE_TAG_PARAM) === undefined) return undefined;
    return own.param(this.#param) ?? '';
  }
}
