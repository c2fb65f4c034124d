import type { Dialog } from '../../core/dialog/dialog.ts';
import type { DialogEvent, DialogObserver, DialogPassage } from '../../core/dialog/dialog-observer.ts';
import type { BranchFailure, BranchView, ReplyView } from '../../core/proxy/fork-options.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Listener } from '../../net/listener.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import { AnchoredDialog, type DialogOwner } from './anchored-dialog.ts';
import { AnchoredSession } from './anchored-session.ts';
import { type Described, described } from './described.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { addressOf, needsRelay } from './needs-relay.ts';
import { bodyEdit, isRelayMissing, relayBody } from './relay-body.ts';
import { SdpBody } from './sdp-body.ts';

/** More To tags than that are no call's. */
const MOST_DIALOGS = 64;
/** Of the words by which relays tell of sessions. */
export const TAG_LENGTH = 12;

/** Who keeps the calls. */
export interface CallOwner {
  /** A session was made: what its relay tells by this tag means that call. */
  sessionMade(call: AnchoredCall, session: AnchoredSession): void;
  sessionGone(session: AnchoredSession): void;
  /** A dialog of it was answered for the first time. */
  confirmed(call: AnchoredCall, dialog: AnchoredDialog): void;
  /** Nothing of it is left. */
  callGone(call: AnchoredCall): void;
}

/**
 * A call whose media go through relays: each branch of its INVITE has a session of its own, so that early media of
 * several callees do not meet in one port; what is answered goes on as a dialog, everything else is given back.
 */
export class AnchoredCall implements DialogOwner, DialogObserver {
  readonly dialog: Dialog;
  readonly settings: AnchorSettings;
  readonly #cseq: number;
  readonly #source: string;
  readonly #listener: Listener;
  readonly #body: SdpBody | undefined;
  readonly #caller: Described;
  readonly #owner: CallOwner;
  readonly #env: MediaEnvironment;
  readonly #sessions = new Map<number, AnchoredSession>();
  /** By To tag. */
  readonly #dialogs = new Map<string, AnchoredDialog>();
  /** Branches without a final answer. */
  readonly #open = new Set<number>();
  /** Branches whose media go their own way. */
  readonly #bypassed = new Set<number>();

  /** @param dialog of which it is to be an observer */
  constructor(
    { request, flow }: ServerTransaction,
    dialog: Dialog,
    settings: AnchorSettings,
    owner: CallOwner,
    env: MediaEnvironment,
  ) {
    this.dialog = dialog;
    this.settings = settings;
    this.#cseq = request.cseq?.number ?? 0;
    this.#source = flow.remoteAddress;
    this.#listener = flow.listener;
    this.#body = SdpBody.of(request);
    this.#caller = described(this.#body?.text ?? '');
    this.#owner = owner;
    this.#env = env;
  }

  /** The dialog that was answered first, before that the first one. */
  get anchored(): AnchoredDialog | undefined {
    const dialogs = [...this.#dialogs.values()];
    return dialogs.find(({ confirmed }) => confirmed) ?? dialogs[0];
  }

  /** What has its media now: that of the dialog, or before there is one that of the first branch. */
  get session(): AnchoredSession | undefined {
    return this.anchored?.session ?? this.#sessions.values().next().value;
  }

  onBranch(view: BranchView, passage: DialogPassage): MaybePromise<void> {
    if (passage.initial) return this.#branch(view);
    const dialog = this.#dialogOf(passage);
    const { side } = passage.sender;
    const source = passage.transaction?.flow.remoteAddress;
    if (source !== undefined) dialog?.session.seen(side, source);
    return dialog?.asked(view, side);
  }

  onReply(view: ReplyView, passage: DialogPassage): MaybePromise<void> {
    if (passage.initial) return this.#answer(view);
    return this.#dialogOf(passage)?.answered(view, passage.request.method, passage.sender.side);
  }

  onEvent(_dialog: Dialog, { kind }: DialogEvent): void {
    if (kind === 'ended') this.end();
  }

  /** A branch of the INVITE has come to nothing. */
  failed({ branch: { index } }: BranchFailure): void {
    this.#open.delete(index);
    for (const dialog of [...this.#dialogs.values()]) {
      if (dialog.branch === index && !dialog.confirmed) dialog.end();
    }
    this.#drop(index);
  }

  /** The media of a dialog have gone to another relay. */
  moved(dialog: AnchoredDialog, next: AnchoredSession): void {
    const before = dialog.session;
    if (before.isSame(next)) before.forget();
    dialog.session = next;
    this.#sessions.set(dialog.branch, next);
    this.#release(before);
  }

  /** Ends all of it. */
  end(): void {
    this.#open.clear();
    for (const dialog of [...this.#dialogs.values()]) dialog.end();
    for (const index of [...this.#sessions.keys()]) this.#drop(index);
    this.#owner.callGone(this);
  }

  ended(dialog: AnchoredDialog): void {
    this.#dialogs.delete(dialog.calleeTag);
    this.#release(dialog.session);
  }

  #branch(view: BranchView): MaybePromise<void> {
    const { index, target } = view;
    if (this.settings.policy === 'never' || this.#caller.byIceAlone) {
      this.#bypassed.add(index);
      return undefined;
    }
    this.#open.add(index);
    const address = addressOf(target) ?? this.#env.leadsTo(view, this.#listener);
    return address instanceof Promise
      ? address.then((found) => this.#led(view, found))
      : this.#led(view, address);
  }

  /** @param callee the address that the branch leads to */
  #led(view: BranchView, callee: string | undefined): MaybePromise<void> {
    const { policy } = this.settings;
    const { networks } = this.#env.advertise;
    const known = { address: callee, natted: view.target.binding?.natted ?? false };
    if (policy === 'always' || needsRelay(this.#caller, this.#source, known, networks)) {
      return this.#body && this.#offer(view, this.#body, callee);
    }
    this.#open.delete(view.index);
    this.#bypassed.add(view.index);
  }

  async #offer(view: BranchView, body: SdpBody, reader: string | undefined): Promise<void> {
    const { index } = view;
    const { tag } = this.dialog.caller;
    const session = this.#session(index === 0 ? tag : `${tag}~${index}`);
    this.#sessions.set(index, session);
    const role = { kind: 'offer', from: 'caller' } as const;
    const { address, without } = this.settings;
    const style = { address, versionShift: 0 };
    const passing = { message: view.request, body, role, source: this.#source, reader, style };
    const relayed = await relayBody(passing, session, this.#env);
    if (relayed.ok) {
      view.addEdit(bodyEdit(relayed));
      return;
    }
    this.#drop(index);
    if (without === 'refuse' && isRelayMissing(relayed.failure)) {
      this.#env.counters.refused++;
      view.drop(503);
    } else {
      this.#open.delete(index);
      this.#bypassed.add(index);
    }
  }

  async #answer(view: ReplyView): Promise<void> {
    const { response, branch } = view;
    const { status } = response;
    if (status <= 100 || status >= 300 || this.#bypassed.has(branch.index)) return;
    const dialog = this.#dialogOfAnswer(response, branch.index);
    if (!dialog) return;
    await dialog.answered(view, 'INVITE', 'caller');
    if (status >= 200) this.#confirm(dialog);
  }

  #confirm(dialog: AnchoredDialog): void {
    this.#open.delete(dialog.branch);
    if (dialog.confirmed || dialog.ended) return;
    dialog.confirmed = true;
    // Early ones beside it will never be answered, or come again when they are.
    for (const it of [...this.#dialogs.values()]) {
      if (it.branch === dialog.branch && !it.confirmed) it.end();
    }
    this.#owner.confirmed(this, dialog);
  }

  /** The dialog that an answer to the INVITE belongs to; its first one makes it. */
  #dialogOfAnswer({ to }: SipMessage, branch: number): AnchoredDialog | undefined {
    const tag = to?.tag;
    if (tag === undefined) return undefined;
    const known = this.#dialogs.get(tag);
    if (known || this.#dialogs.size >= MOST_DIALOGS) return known;
    const invite = { cseq: this.#cseq, hasSdp: this.#body !== undefined };
    const session = this.#sessions.get(branch) ?? this.#session(this.dialog.caller.tag);
    const dialog = new AnchoredDialog(tag, branch, session, invite, this.settings.address, this, this.#env);
    this.#dialogs.set(tag, dialog);
    return dialog;
  }

  /** The dialog that a request inside one belongs to. */
  #dialogOf({ direction, sender, receiver }: DialogPassage): AnchoredDialog | undefined {
    return this.#dialogs.get((direction === 'downstream' ? receiver : sender)?.tag ?? '');
  }

  /** Gives back the session of a branch that no dialog has. */
  #drop(index: number): void {
    const session = this.#sessions.get(index);
    this.#sessions.delete(index);
    if (session) this.#release(session);
  }

  /** Gives a session back when the last that had it is gone. */
  #release(session: AnchoredSession): void {
    const wanted = [...this.#dialogs.values()].some((dialog) => dialog.session === session);
    const rings = [...this.#open].some((index) => this.#sessions.get(index) === session);
    if (wanted || rings) return;
    for (const [index, it] of this.#sessions) if (it === session) this.#sessions.delete(index);
    session.delete();
    this.#owner.sessionGone(session);
  }

  #session(caller: string): AnchoredSession {
    const { dialog, settings } = this;
    const tag = this.#env.ids.token(TAG_LENGTH);
    const names = { callId: dialog.callId, caller, callee: undefined, tag };
    const flags = { origin: true, sessionConnection: true, notify: true, ...settings.flags };
    const networks = () => this.#env.advertise.networks;
    const session = new AnchoredSession(names, settings.relay, settings.pin, flags, networks);
    session.seen('caller', this.#source);
    this.#owner.sessionMade(this, session);
    return session;
  }
}
