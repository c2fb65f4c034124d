import { BoundedMap } from '../../../../base/bounded-map.ts';
import { channels } from '../../../../base/channels.ts';
import type { MediaKeyPress, MediaListener } from '../../../../media/control/media-control.ts';
import { RtpproxyControl } from '../../../../media/control/rtpproxy-control.ts';
import type { RtpproxySettings } from '../../../../media/control/rtpproxy-settings.ts';
import type { RelaySet } from '../../../media/relay-sets.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';

/** `$DLG_end_reason` of calls that fell silent. */
export const TIMEOUT_REASON = 'RTPProxy Timeout';

/** Calls that want to be told of silence or keys without being engaged; the oldest are forgotten. */
const MOST_TAGS = 100_000;
const TAG_LENGTH = 12;

/** The relays of a script: those of `rtpproxy_sock`, or where it names none those of the server. */
export class ScriptRelays implements MediaListener, AsyncDisposable {
  readonly control: RtpproxyControl | undefined;
  readonly #context: ModuleContext;
  readonly #defaultSet: number;
  /** Call-IDs by the word under which the relay tells of them. */
  readonly #tags = new BoundedMap<string, string>(MOST_TAGS, 'drop-oldest');
  /** The other way round: every offer and answer asks. Filled, emptied and bounded alike. */
  readonly #tagOfCall = new BoundedMap<string, string>(MOST_TAGS, 'drop-oldest');
  readonly #relayState = (message: unknown): void => {
    const { event, relay } = message as { event: string; relay: string };
    this.#context.raise('E_RTPPROXY_STATUS', {
      socket: relay,
      status: event === 'active' ? 'active' : 'inactive',
    });
  };

  /** @throws ServerError NET_LISTEN_FAILED for a notify socket that cannot be opened */
  static async open(context: ModuleContext, settings: RtpproxySettings): Promise<ScriptRelays> {
    const { clock, wheel, ids, media } = context.services;
    const control =
      settings.sets.length === 0
        ? undefined
        : await RtpproxyControl.open({
            settings,
            clock,
            wheel,
            ids,
            openPort: media?.openPort,
            openUdp: media?.openUdp,
          });
    const relays = new ScriptRelays(context, control, settings.defaultSet ?? 0);
    if (control) control.listener = relays;
    channels.relay.subscribe(relays.#relayState);
    return relays;
  }

  private constructor(context: ModuleContext, control: RtpproxyControl | undefined, defaultSet: number) {
    this.#context = context;
    this.control = control;
    this.#defaultSet = defaultSet;
  }

  /** @param id the default one where undefined. @returns undefined where there are no relays at all */
  set(id: number | undefined): RelaySet | undefined {
    const set = id ?? this.#defaultSet;
    if (this.control) return { name: 'rtpproxy', control: this.control, set };
    return this.#context.services.media?.anchoring.relays.find(undefined);
  }

  /** The word by which the relay is to tell of a call. */
  tagOf(callId: string): string {
    const known = this.#tagOfCall.get(callId);
    if (known !== undefined) return known;
    const tag = this.#context.services.ids.token(TAG_LENGTH);
    this.#tags.set(tag, callId);
    this.#tagOfCall.set(callId, tag);
    return tag;
  }

  mediaStopped(tag: string): void {
    const callId = this.#tags.get(tag);
    if (callId === undefined) {
      this.#context.services.media?.anchoring.calls.mediaStopped(tag);
      return;
    }
    this.#tags.delete(tag);
    this.#tagOfCall.delete(callId);
    const { dialogs } = this.#context.services;
    for (const dialog of dialogs.ofCall(callId)) void dialogs.end(dialog, TIMEOUT_REASON);
  }

  mediaKey(tag: string, press: MediaKeyPress): void {
    const callId = this.#tags.get(tag);
    if (callId === undefined) this.#context.services.media?.anchoring.calls.mediaKey(tag, press);
    else this.raiseKey(press, callId, true);
  }

  /** @param id a Call-ID, or that of a dialog */
  raiseKey({ key, volume, duration, party }: MediaKeyPress, id: string, isCallId: boolean): void {
    this.#context.raise('E_RTPPROXY_DTMF', {
      digit: key,
      duration,
      volume,
      id,
      is_callid: isCallId ? 1 : 0,
      stream: party === 'answerer' ? 1 : 0,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    channels.relay.unsubscribe(this.#relayState);
    await this.control?.[Symbol.asyncDispose]();
  }
}
