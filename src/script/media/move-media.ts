import type { Dialogs } from '../../core/dialog/dialogs.ts';
import type { Relayed } from '../../media/control/media-control.ts';
import type { Listener } from '../../net/listener.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { MediaOutcome } from '../api/media.ts';
import type { AnchoredCall } from './anchored-call.ts';
import type { AnchoredDialog } from './anchored-dialog.ts';
import type { AnchoredSession } from './anchored-session.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { otherParty, type Party, type SdpRole } from './offer-answer.ts';
import { printDescription } from './print-description.ts';
import type { MediaReader } from './printed-address.ts';
import { SdpBody } from './sdp-body.ts';

/** One answered call on its way from one relay to another. */
export class MediaMove {
  readonly #call: AnchoredCall;
  readonly #anchored: AnchoredDialog;
  readonly #dialogs: Dialogs;
  readonly #env: MediaEnvironment;
  readonly #next: AnchoredSession;
  readonly #again: boolean;
  #exchanges = 0;

  /** @param again whether it may be the same relay, which has lost the call */
  constructor(
    call: AnchoredCall,
    anchored: AnchoredDialog,
    next: AnchoredSession,
    again: boolean,
    dialogs: Dialogs,
    env: MediaEnvironment,
  ) {
    this.#call = call;
    this.#anchored = anchored;
    this.#next = next;
    this.#again = again;
    this.#dialogs = dialogs;
    this.#env = env;
  }

  /**
   * Tells the other relay what both parties have described last, and offers each of them the other one's description
   * again, now with that relay's address: first to the callee. Where a party will not have it, all stays where it was.
   */
  async run(): Promise<MediaOutcome> {
    const { session } = this.#anchored;
    const caller = session.agreed('caller');
    const callee = session.agreed('callee');
    if (caller === undefined || callee === undefined) return refused('no offer was answered yet');
    const offer = await this.#relayed({ kind: 'offer', from: 'caller' }, caller);
    if (offer.ok && !this.#again && this.#next.isSame(session)) {
      this.#next.forget();
      return refused('the call is there already');
    }
    const answer = offer.ok ? await this.#relayed({ kind: 'answer', from: 'callee' }, callee) : offer;
    if (!offer.ok || !answer.ok) {
      this.#next.delete();
      return refused(offer.ok ? 'the other relay has lost the call' : offer.reason);
    }
    const first = await this.#reinvite('callee', offer);
    if (!first.ok) {
      this.#next.delete();
      return first;
    }
    const again =
      first.sdp === callee ? answer : await this.#relayed({ kind: 'answer', from: 'callee' }, first.sdp);
    const second = again.ok ? await this.#reinvite('caller', again) : refused(again.reason);
    if (!second.ok) {
      await this.#back(caller);
      return second;
    }
    await this.#relayed({ kind: 'answer', from: 'caller' }, second.sdp);
    this.#call.moved(this.#anchored, this.#next);
    this.#env.counters.moved++;
    return { ok: true };
  }

  /** The callee was won and the caller was not: the callee is led back. */
  async #back(caller: string): Promise<void> {
    const { session } = this.#anchored;
    this.#next.delete();
    const offer = await session.relayed(
      { kind: 'offer', from: 'caller' },
      this.#description('caller', caller),
    );
    const back = offer.ok ? await this.#reinvite('callee', offer) : undefined;
    if (back?.ok)
      await session.relayed({ kind: 'answer', from: 'callee' }, this.#description('callee', back.sdp));
  }

  #relayed(role: SdpRole, sdp: string): ReturnType<AnchoredSession['relayed']> {
    return this.#next.relayed(role, this.#description(role.from, sdp));
  }

  #description(from: Party, sdp: string) {
    const { session } = this.#anchored;
    const exchange = `move ${++this.#exchanges}`;
    return { sdp, source: session.source(from), reader: session.source(otherParty(from)), exchange };
  }

  /** Offers a party what the other one has described. @returns its answer */
  async #reinvite(
    to: Party,
    relayed: Relayed,
  ): Promise<{ readonly ok: true; readonly sdp: string } | { readonly ok: false; readonly reason: string }> {
    const from = otherParty(to);
    const reader = this.#reader(to);
    if (!reader) return refused(`the ${to} cannot be reached`);
    this.#anchored.raiseVersion(from);
    const text = printDescription(relayed, reader, this.#anchored.style(from), this.#env);
    const { status, response } = await this.#dialogs.send(this.#call.dialog, to, {
      method: 'INVITE',
      headers: [[H.ContentType, 'application/sdp']],
      body: Buffer.from(text, 'latin1'),
    });
    const answer = response && status < 300 ? SdpBody.of(response) : undefined;
    if (answer) return { ok: true, sdp: answer.text };
    return refused(status < 300 ? `the ${to} answers without a description` : `the ${to} refuses: ${status}`);
  }

  #reader(to: Party): MediaReader | undefined {
    const { caller, callee } = this.#call.dialog;
    const leg = to === 'caller' ? caller : callee;
    const listener: Listener | undefined = this.#env.advertise.listeners.find(
      ({ name }) => name === leg?.listener,
    );
    if (!leg || !listener) return undefined;
    return { listener, destination: this.#anchored.session.source(to), override: leg.override };
  }
}

function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
