import { channels } from '../../../../base/channels.ts';
import type { MediaKey } from '../../../../media/control/media-control.ts';
import { RtpengineControl } from '../../../../media/control/rtpengine-control.ts';
import type { RtpengineFlags } from '../../../../media/control/rtpengine-flags.ts';
import type { RtpengineSettings } from '../../../../media/control/rtpengine-settings.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { Via } from '../../../../wire/sip/via.ts';
import { exchangeKey } from '../../../media/explicit-exchange.ts';
import type { RelaySet } from '../../../media/relay-sets.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { numberOf, printed, textOf } from '../../value.ts';

/** What `rtpengine_use_set` has said. */
export const CHOSEN_SET: ContextKey<number> = contextKey<number>('rtpengine set');

export interface EngineWishes {
  readonly setAvp: string | undefined;
  readonly errorAvp: string | undefined;
  /** The format of `via-branch=extra`. */
  readonly extraId: string | undefined;
}

/** The rtpengines of a script. */
export class ScriptEngines implements AsyncDisposable {
  readonly control: RtpengineControl;
  readonly wishes: EngineWishes;
  readonly #context: ModuleContext;
  readonly #resources = new AsyncDisposableStack();

  constructor(context: ModuleContext, settings: RtpengineSettings, wishes: EngineWishes) {
    const { clock, wheel, ids, media } = context.services;
    this.#context = context;
    this.wishes = wishes;
    this.control = this.#resources.use(
      new RtpengineControl({ settings, clock, wheel, ids, openUdp: media?.openUdp }),
    );
    const hear = (message: unknown): void => {
      const { event, relay, set } = message as { event: string; relay: string; set: number };
      if (!this.control.relays().some(({ node }) => node === relay)) return;
      const status = event === 'active' ? 'active' : 'inactive';
      context.raise('E_RTPENGINE_STATUS', { socket: relay, status, set });
    };
    channels.relay.subscribe(hear);
    this.#resources.defer(() => void channels.relay.unsubscribe(hear));
  }

  /** What ends with the script. */
  own(resource: AsyncDisposable): void {
    this.#resources.use(resource);
  }

  /** The set that the message uses. */
  setOf(m: ScriptMessage): RelaySet {
    const { setAvp } = this.wishes;
    const byAvp = setAvp === undefined ? undefined : Number(textOf(m.avps.get(setAvp)) ?? Number.NaN);
    const set = Number.isInteger(byAvp) ? byAvp! : (m.context.get(CHOSEN_SET) ?? 0);
    return { name: 'rtpengine', control: this.control, set };
  }

  /** How rtpengine knows the call of a message, for all but descriptions: the sender of the request comes first. */
  keyOf(m: ScriptMessage, engine: RtpengineFlags, node: string | undefined): MediaKey {
    const key = exchangeKey(m.message, this.setOf(m), m.isRequest ? 'offer' : 'answer');
    const callId = engine.callId ?? key.callId;
    return { ...key, callId, engine, node, viaBranch: this.viaBranch(m, engine) };
  }

  /** What `via-branch=` names. */
  viaBranch(m: ScriptMessage, { viaBranch }: RtpengineFlags): string | undefined {
    if (viaBranch === undefined || typeof viaBranch === 'object') return undefined;
    if (viaBranch === 'extra') {
      const { extraId } = this.wishes;
      const value = extraId === undefined ? null : m.program.evaluate(m, extraId);
      return value === null ? undefined : printed(value);
    }
    const second = viaBranch === '2' || (viaBranch === 'auto' && !m.isRequest);
    const via = m.message.elements(H.Via)[second ? 1 : 0];
    return via && Via.parse(via.text)?.branch;
  }

  /** Ends the calls with a Call-ID. @returns false where none is known */
  endCall(callId: string): boolean {
    const { dialogs } = this.#context.services;
    const found = [...dialogs.ofCall(callId)];
    for (const dialog of found) void dialogs.end(dialog, 'RTPEngine Timeout');
    return found.length > 0;
  }

  /** Logs what went wrong and tells it to the script. */
  complain(m: ScriptMessage, name: string, reason: string): false {
    const { errorAvp } = this.wishes;
    if (errorAvp !== undefined) m.avps.replace(errorAvp, reason);
    m.program.log('error', `${name}: ${reason}`, m.message.callId);
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** A number of an answer, as a variable holds it; -1 where there is none. */
export function numberIn(value: unknown): number {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isInteger(number) ? (numberOf(number | 0) ?? -1) : -1;
}
