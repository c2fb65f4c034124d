import { BoundedMap } from '../../base/bounded-map.ts';
import { logLine } from '../../base/channels.ts';
import type { ForkOptions, StatelessOptions } from '../../core/proxy/fork-options.ts';
import type { MediaKeyPress, MediaListener } from '../../media/control/media-control.ts';
import type { Flow } from '../../net/flow.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import { AnchoredCall, type CallOwner } from './anchored-call.ts';
import type { AnchoredDialog } from './anchored-dialog.ts';
import type { AnchoredSession } from './anchored-session.ts';
import type { MediaEnvironment } from './media-environment.ts';
import type { Party } from './offer-answer.ts';

/** How a dialog is ended by this server: BYE to both. */
export interface DialogEnder {
  end(call: AnchoredCall, dialog: AnchoredDialog, reason: string): void;
}

const DEFAULT_MOST_CALLS = 100_000;

/** All calls whose media go through relays. */
export class MediaCalls implements CallOwner, MediaListener {
  readonly #env: MediaEnvironment;
  readonly #ender: DialogEnder;
  readonly #calls: BoundedMap<string, AnchoredCall>;
  readonly #sessions = new Map<string, { readonly call: AnchoredCall; readonly session: AnchoredSession }>();

  constructor(env: MediaEnvironment, ender: DialogEnder, mostCalls: number = DEFAULT_MOST_CALLS) {
    this.#env = env;
    this.#ender = ender;
    this.#calls = new BoundedMap(mostCalls, 'refuse-new');
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Calls that could not be taken for want of room. */
  get overflowed(): number {
    return this.#calls.overflowed;
  }

  calls(): MapIterator<AnchoredCall> {
    return this.#calls.values();
  }

  /**
   * Takes the media of a call through a relay from here on, whatever its dialogs are going to bring.
   * @param invite one that begins a dialog
   * @returns undefined for any other request, for one that passes this server again, and where there is no room
   */
  engage(invite: SipMessage, flow: Flow, settings: AnchorSettings): AnchoredCall | undefined {
    if (invite.method !== 'INVITE' || invite.to?.tag !== undefined || this.#env.isOwn(flow)) return undefined;
    const call = new AnchoredCall(invite, flow, settings, this, this.#env);
    const key = keyOf(call.callId, call.callerTag);
    // Who asks once more with the same names has given up what was before.
    this.#calls.get(key)?.end();
    if (!this.#calls.set(key, call)) return undefined;
    this.#env.counters.anchored++;
    return call;
  }

  /** The call with that dialog in it, and who sent the request; undefined where its media go their own way. */
  find(request: SipMessage): { call: AnchoredCall; dialog: AnchoredDialog; from: Party } | undefined {
    const { callId } = request;
    for (const tag of [request.from?.tag, request.to?.tag]) {
      const call = tag === undefined ? undefined : this.#calls.get(keyOf(callId, tag));
      const party = call?.partyOf(request);
      if (call && party) return { call, ...party };
    }
    return undefined;
  }

  /** What the proxy is to do with a request inside a dialog; undefined where its media go their own way. */
  inDialog(request: SipMessage, flow: Flow): ForkOptions | undefined {
    if (this.#calls.size === 0 || this.#env.isOwn(flow)) return undefined;
    const found = this.find(request);
    return found?.dialog.options(request, found.from, flow.remoteAddress);
  }

  /** The same for the ACK of a 2xx. */
  ack(request: SipMessage, flow: Flow): StatelessOptions | undefined {
    if (this.#calls.size === 0 || this.#env.isOwn(flow)) return undefined;
    const found = this.find(request);
    return found?.dialog.ackOptions(request, found.from, flow.remoteAddress);
  }

  sessionMade(call: AnchoredCall, session: AnchoredSession): void {
    this.#sessions.set(session.names.tag, { call, session });
  }

  sessionGone(session: AnchoredSession): void {
    this.#sessions.delete(session.names.tag);
  }

  confirmed(call: AnchoredCall, dialog: AnchoredDialog): void {
    if (call.settings.record) void this.#record(call, dialog);
  }

  callGone(call: AnchoredCall): void {
    const key = keyOf(call.callId, call.callerTag);
    if (this.#calls.get(key) === call) this.#calls.delete(key);
  }

  mediaStopped(tag: string): void {
    const found = this.#sessions.get(tag);
    if (!found) return;
    const { call, session } = found;
    this.#env.counters.timeouts++;
    const { onTimeout } = call.settings;
    logLine('info', 'media', 'no more media came', { callId: call.callId });
    if (onTimeout) {
      onTimeout();
      return;
    }
    for (const dialog of [...call.dialogs]) {
      if (dialog.session === session) this.#ender.end(call, dialog, 'Media Timeout');
    }
  }

  mediaKey(tag: string, { key, party }: MediaKeyPress): void {
    const found = this.#sessions.get(tag);
    if (!found) return;
    this.#env.counters.keys++;
    found.call.settings.onKey?.({ key, from: found.session.partyFrom(party) });
  }

  async #record(call: AnchoredCall, { session }: AnchoredDialog): Promise<void> {
    const done = await session.relay.control.startRecording(session.key());
    if (done.ok) return;
    logLine('warn', 'media', `the call could not be recorded: ${done.reason}`, { callId: call.callId });
  }
}

function keyOf(callId: string, callerTag: string): string {
  return `${callerTag} ${callId}`;
}
