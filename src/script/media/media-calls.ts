import { logLine } from '../../base/channels.ts';
import { type Dialog, DialogState } from '../../core/dialog/dialog.ts';
import type { Dialogs } from '../../core/dialog/dialogs.ts';
import type { MediaControl, MediaKeyPress, MediaListener } from '../../media/control/media-control.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { MediaOutcome } from '../api/media.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import { AnchoredCall, type CallOwner, TAG_LENGTH } from './anchored-call.ts';
import type { AnchoredDialog } from './anchored-dialog.ts';
import type { AnchoredSession } from './anchored-session.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { MediaMove } from './move-media.ts';
import type { RelaySet } from './relay-sets.ts';

/** Why a call was ended, as its observers are told. */
export const MEDIA_TIMEOUT = 'Media Timeout';
export const RELAY_STOPS = 'Relay Stops';

const RECOVERED_AT_ONCE = 16;

/** All calls whose media go through relays. */
export class MediaCalls implements CallOwner, MediaListener {
  readonly #env: MediaEnvironment;
  readonly #dialogs: () => Dialogs;
  /** As many as there are dialogs at the most. */
  readonly #calls = new Map<Dialog, AnchoredCall>();
  readonly #sessions = new Map<string, { readonly call: AnchoredCall; readonly session: AnchoredSession }>();

  readonly #moving = new Set<AnchoredCall>();

  /** @param dialogs asked whenever they are needed, for they may be made later */
  constructor(env: MediaEnvironment, dialogs: () => Dialogs) {
    this.#env = env;
    this.#dialogs = dialogs;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** How many sessions relays have for them. */
  get sessions(): number {
    return this.#sessions.size;
  }

  calls(): MapIterator<AnchoredCall> {
    return this.#calls.values();
  }

  /**
   * Takes the media of a call through a relay, from what is forwarded next to its end, whatever its dialogs bring. A call
   * that is anchored already stays as it is.
   * @returns undefined for a request that begins no call, for one that passes this server again, and where there is no room
   */
  engage(transaction: ServerTransaction, settings: AnchorSettings): AnchoredCall | undefined {
    if (this.#env.isOwn(transaction.flow)) return undefined;
    const dialog = this.#dialogs().create(transaction);
    if (!dialog) return undefined;
    const known = this.#calls.get(dialog);
    if (known) return known;
    const call = new AnchoredCall(transaction, dialog, settings, this, this.#env);
    dialog.observe(call);
    this.#calls.set(dialog, call);
    this.#env.counters.anchored++;
    return call;
  }

  /** The call that a request begins or belongs to; undefined where its media go their own way. */
  of(transaction: ServerTransaction): AnchoredCall | undefined {
    if (this.#calls.size === 0) return undefined;
    const dialog = this.#dialogs().of(transaction);
    return dialog && this.#calls.get(dialog);
  }

  /** The calls of a Call-ID. */
  ofCall(callId: string): AnchoredCall[] {
    return this.#dialogs()
      .ofCall(callId)
      .flatMap((dialog) => this.#calls.get(dialog) ?? []);
  }

  /**
   * Takes the media of an answered call to another relay, by re-INVITEs to both parties.
   * @param pin the one relay of those that may have it
   */
  move(call: AnchoredCall, relay: RelaySet, pin: string | undefined): Promise<MediaOutcome> {
    return this.#move(call, relay, pin, false);
  }

  /** A relay has broken, and is there again without any call: they are given to it anew, by re-INVITEs to the parties. */
  async recover(control: MediaControl): Promise<void> {
    const lost = [...this.#calls.values()].filter(
      ({ anchored }) => anchored?.confirmed && anchored.session.relay.control === control,
    );
    if (lost.length > 0) logLine('warn', 'media', `${lost.length} calls are given to their relay anew`);
    const line = async (): Promise<void> => {
      for (let call = lost.pop(); call; call = lost.pop()) {
        const relay = call.anchored?.session.relay;
        const outcome = relay && (await this.#move(call, relay, undefined, true));
        if (outcome?.ok !== false) continue;
        logLine('warn', 'media', `the call has no sound any more: ${outcome.reason}`, {
          callId: call.dialog.callId,
        });
      }
    };
    await Promise.all(Array.from({ length: RECOVERED_AT_ONCE }, line));
  }

  /** Ends all calls whose media a relay has, for it is going to stop. Resolves when the parties have been told. */
  async hangUp(control: MediaControl): Promise<void> {
    const open = [...this.#calls.values()].filter(({ session }) => session?.relay.control === control);
    if (open.length > 0) logLine('info', 'media', `${open.length} calls are ended with their relay`);
    await Promise.all(open.map(({ dialog }) => this.#dialogs().end(dialog, RELAY_STOPS)));
  }

  async #move(
    call: AnchoredCall,
    relay: RelaySet,
    pin: string | undefined,
    again: boolean,
  ): Promise<MediaOutcome> {
    const { anchored, dialog } = call;
    if (!anchored?.confirmed || dialog.state !== DialogState.Confirmed) {
      return { ok: false, reason: 'the call is not answered' };
    }
    if (this.#moving.has(call)) return { ok: false, reason: 'the call is being moved already' };
    const next = anchored.session.elsewhere(this.#env.ids.token(TAG_LENGTH), relay, pin);
    this.#moving.add(call);
    this.sessionMade(call, next);
    const outcome = await new MediaMove(call, anchored, next, again, this.#dialogs(), this.#env).run();
    this.#moving.delete(call);
    if (!outcome.ok) this.sessionGone(next);
    return outcome;
  }

  sessionMade(call: AnchoredCall, session: AnchoredSession): void {
    this.#sessions.set(session.names.tag, { call, session });
  }

  sessionGone(session: AnchoredSession): void {
    this.#sessions.delete(session.names.tag);
  }

  confirmed({ settings, dialog }: AnchoredCall, { session }: AnchoredDialog): void {
    if (settings.record) void record(session, dialog.callId);
  }

  callGone(call: AnchoredCall): void {
    this.#calls.delete(call.dialog);
  }

  mediaStopped(tag: string): void {
    const found = this.#sessions.get(tag);
    if (!found) return;
    const { settings, dialog } = found.call;
    this.#env.counters.timeouts++;
    logLine('info', 'media', 'no more media came', { callId: dialog.callId });
    if (settings.onTimeout) settings.onTimeout();
    else void this.#dialogs().end(dialog, MEDIA_TIMEOUT);
  }

  mediaKey(tag: string, { key, party }: MediaKeyPress): void {
    const found = this.#sessions.get(tag);
    if (!found) return;
    this.#env.counters.keys++;
    found.call.settings.onKey?.({ key, from: found.session.partyFrom(party) });
  }
}

async function record(session: AnchoredSession, callId: string): Promise<void> {
  const done = await session.relay.control.startRecording(session.key());
  if (!done.ok) logLine('warn', 'media', `the call is not recorded: ${done.reason}`, { callId });
}
