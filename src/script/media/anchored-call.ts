import type { BranchFailure, BranchView, ForkOptions, ReplyView } from '../../core/proxy/fork-options.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Flow } from '../../net/flow.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import { AnchoredDialog, type DialogOwner } from './anchored-dialog.ts';
import { AnchoredSession } from './anchored-session.ts';
import { type Described, described } from './described.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { addressOf, needsRelay } from './needs-relay.ts';
import type { Party } from './offer-answer.ts';
import { bodyEdit, isRelayMissing, relayBody } from './relay-body.ts';
import { SdpBody } from './sdp-body.ts';

/** Of all branches: more To tags than that are no call's (as the proxy has it for early dialogs). */
const MOST_DIALOGS = 64;
const TAG_LENGTH = 12;

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
export class AnchoredCall implements DialogOwner {
  readonly callId: string;
  readonly callerTag: string;
  readonly settings: AnchorSettings;
  readonly #cseq: number;
  readonly #source: string;
  readonly #owner: CallOwner;
  readonly #env: MediaEnvironment;
  readonly #sessions = new Map<number, AnchoredSession>();
  readonly #dialogs = new Map<string, AnchoredDialog>();
  /** Branches without a final answer. */
  readonly #open = new Set<number>();
  /** Branches whose media go their own way. */
  readonly #passed = new Set<number>();
  readonly #body: SdpBody | undefined;
  readonly #caller: Described;

  constructor(
    invite: SipMessage,
    flow: Flow,
    settings: AnchorSettings,
    owner: CallOwner,
    env: MediaEnvironment,
  ) {
    this.callId = invite.callId;
    this.callerTag = invite.from?.tag ?? '';
    this.settings = settings;
    this.#cseq = invite.cseq?.number ?? 0;
    this.#source = flow.remoteAddress;
    this.#owner = owner;
    this.#env = env;
    this.#body = SdpBody.of(invite);
    this.#caller = described(this.#body?.text ?? '');
  }

  /** What the proxy is to do with the INVITE and its answers. */
  get options(): Pick<ForkOptions, 'onBranch' | 'onReply' | 'onFailure'> {
    return {
      onBranch: (view) => this.#branch(view),
      onReply: (view) => this.#answer(view),
      onFailure: (failure) => this.#failed(failure),
    };
  }

  /** The one that was confirmed first, or is the only one. */
  get dialog(): AnchoredDialog | undefined {
    const dialogs = [...this.#dialogs.values()];
    return dialogs.find(({ confirmed }) => confirmed) ?? dialogs[0];
  }

  /** What has its media now: the dialog's, or before there is one the first branch's. */
  get session(): AnchoredSession | undefined {
    return this.dialog?.session ?? this.#sessions.values().next().value;
  }

  get dialogs(): Iterable<AnchoredDialog> {
    return this.#dialogs.values();
  }

  /** Who sent a request inside one of its dialogs. */
  partyOf(request: SipMessage): { readonly dialog: AnchoredDialog; readonly from: Party } | undefined {
    const from = request.from?.tag;
    const to = request.to?.tag;
    if (from === undefined || to === undefined) return undefined;
    const byCaller = from === this.callerTag ? this.#dialogs.get(to) : undefined;
    if (byCaller) return { dialog: byCaller, from: 'caller' };
    const byCallee = to === this.callerTag ? this.#dialogs.get(from) : undefined;
    return byCallee && { dialog: byCallee, from: 'callee' };
  }

  /** A fork came to its end, perhaps before it had a branch. */
  forked(): void {
    this.#goIfEmpty();
  }

  /** Ends all of it. */
  end(): void {
    this.#open.clear();
    for (const dialog of [...this.#dialogs.values()]) dialog.end();
    for (const index of [...this.#sessions.keys()]) this.#drop(index);
    this.#goIfEmpty();
  }

  ended(dialog: AnchoredDialog): void {
    this.#dialogs.delete(dialog.calleeTag);
    this.#release(dialog.session);
    this.#goIfEmpty();
  }

  #branch(view: BranchView): MaybePromise<void> {
    const { index, target } = view;
    const { policy } = this.settings;
    const needed =
      !this.#caller.byIceAlone &&
      (policy === 'always' ||
        (policy === 'nat' && needsRelay(this.#caller, this.#source, target, this.#env.advertise.networks)));
    if (!needed) {
      this.#passed.add(index);
      return undefined;
    }
    this.#open.add(index);
    return this.#body && this.#offer(view, this.#body);
  }

  async #offer(view: BranchView, body: SdpBody): Promise<void> {
    const { index, target } = view;
    const session = this.#session(index === 0 ? this.callerTag : `${this.callerTag}~${index}`);
    this.#sessions.set(index, session);
    const reader = addressOf(target);
    const about = {
      source: this.#source,
      reader,
      readerFamily: reader === undefined ? undefined : reader.includes(':') ? (6 as const) : (4 as const),
    };
    const role = { kind: 'offer', from: 'caller' } as const;
    const relayed = await relayBody(
      view.request,
      body,
      role,
      session,
      about,
      this.settings.address,
      this.#env,
    );
    if (relayed.ok) {
      view.addEdit(bodyEdit(relayed));
      return;
    }
    this.#drop(index);
    if (this.settings.without === 'refuse' && isRelayMissing(relayed.failure)) {
      this.#env.counters.refused++;
      view.drop(503);
    } else {
      this.#open.delete(index);
      this.#passed.add(index);
    }
  }

  async #answer(view: ReplyView): Promise<void> {
    const { response, branch } = view;
    const { status } = response;
    if (status <= 100 || status >= 300 || this.#passed.has(branch.index)) return;
    const dialog = this.#dialog(response, branch.index);
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

  /** The dialog that an answer belongs to; its first one makes it. */
  #dialog({ to }: SipMessage, branch: number): AnchoredDialog | undefined {
    const tag = to?.tag;
    if (tag === undefined) return undefined;
    const known = this.#dialogs.get(tag);
    if (known || this.#dialogs.size >= MOST_DIALOGS) return known;
    const invite = { cseq: this.#cseq, hasSdp: this.#body !== undefined };
    const session = this.#sessions.get(branch) ?? this.#session(this.callerTag);
    const dialog = new AnchoredDialog(tag, branch, session, invite, this.settings.address, this, this.#env);
    this.#dialogs.set(tag, dialog);
    return dialog;
  }

  #failed({ branch: { index } }: BranchFailure): void {
    this.#open.delete(index);
    for (const dialog of [...this.#dialogs.values()]) {
      if (dialog.branch === index && !dialog.confirmed) dialog.end();
    }
    this.#drop(index);
    this.#goIfEmpty();
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
    const early = [...this.#open].some((index) => this.#sessions.get(index) === session);
    if (wanted || early) return;
    for (const [index, it] of this.#sessions) if (it === session) this.#sessions.delete(index);
    session.delete();
    this.#owner.sessionGone(session);
  }

  #session(caller: string): AnchoredSession {
    const { callId, settings } = this;
    const tag = this.#env.ids.token(TAG_LENGTH);
    const flags = { origin: true, sessionConnection: true, notify: true, ...settings.flags };
    const names = { callId, caller, callee: undefined, tag };
    const session = new AnchoredSession(
      names,
      settings.relay,
      settings.pin,
      flags,
      () => this.#env.advertise.networks,
    );
    this.#owner.sessionMade(this, session);
    return session;
  }

  #goIfEmpty(): void {
    if (this.#open.size === 0 && this.#dialogs.size === 0 && this.#sessions.size === 0)
      this.#owner.callGone(this);
  }
}
