import type { MediaDone } from '../../media/control/media-control.ts';
import type {
  CallMedia,
  CallMediaStatistics,
  CallParty,
  MediaOutcome,
  PlayOptions,
  RecordOptions,
} from '../api/media.ts';
import type { AnchoredCall } from './anchored-call.ts';
import type { AnchoredSession } from './anchored-session.ts';

const NOT_ANCHORED = { ok: false, reason: 'no relay has the media of this call' } as const;
const FOREVER = -1;

/** Who takes calls from one relay to another. */
export interface MediaMover {
  /** Throws ServerError MEDIA_NO_RELAY where there is no such relay. */
  move(call: AnchoredCall, relay: string, pin: string | undefined): Promise<MediaOutcome>;
}

/** The media of one call in the hands of a script, or of whoever administers the server. */
export class CallMediaHandle implements CallMedia {
  readonly #mover: MediaMover | undefined;
  #call: AnchoredCall | undefined;

  constructor(mover?: MediaMover, call?: AnchoredCall) {
    this.#mover = mover;
    this.#call = call;
  }

  /** @internal */
  get call(): AnchoredCall | undefined {
    return this.#call;
  }

  /** @internal The call was begun. */
  engaged(call: AnchoredCall): void {
    this.#call = call;
  }

  get anchored(): boolean {
    return this.relay !== undefined;
  }

  get relay(): string | undefined {
    return this.#session?.node;
  }

  play(prompt: string, { to, times = 1 }: PlayOptions = {}): Promise<MediaOutcome> {
    const count = times === 'forever' ? FOREVER : times;
    return this.#toEach(to, (session, party) =>
      session.relay.control.play({ ...session.key(), to: session.partyOf(party), prompt, count }),
    );
  }

  stopPlaying(to?: CallParty): Promise<MediaOutcome> {
    return this.#toEach(to, (session, party) =>
      session.relay.control.stopPlay({ ...session.key(), to: session.partyOf(party) }),
    );
  }

  startRecording({ name, mixed }: RecordOptions = {}): Promise<MediaOutcome> {
    return this.#ask((session) =>
      session.relay.control.startRecording({
        ...session.key(),
        destination: name,
        singleFile: mixed,
        mediaCount: session.mediaCount,
      }),
    );
  }

  stopRecording(): Promise<MediaOutcome> {
    return this.#ask((session) => session.relay.control.stopRecording(session.key()));
  }

  async moveTo(relay: string, pin?: string): Promise<MediaOutcome> {
    const call = this.#call;
    return call && this.#mover ? this.#mover.move(call, relay, pin) : NOT_ANCHORED;
  }

  async statistics(): Promise<CallMediaStatistics> {
    const session = this.#session;
    if (!session) return NOT_ANCHORED;
    const result = await session.relay.control.query(session.key());
    return result.ok
      ? { ok: true, counters: Object.fromEntries(result.counters) }
      : { ok: false, reason: result.reason };
  }

  get #session(): AnchoredSession | undefined {
    return this.#call?.session;
  }

  async #ask(what: (session: AnchoredSession) => Promise<MediaDone>): Promise<MediaOutcome> {
    const session = this.#session;
    if (!session?.node) return NOT_ANCHORED;
    const done = await what(session);
    return done.ok ? { ok: true } : { ok: false, reason: done.reason };
  }

  /** @param to both parties where undefined; then the first failure tells */
  async #toEach(
    to: CallParty | undefined,
    what: (session: AnchoredSession, party: CallParty) => Promise<MediaDone>,
  ): Promise<MediaOutcome> {
    const parties: readonly CallParty[] = to === undefined ? ['caller', 'callee'] : [to];
    const outcomes = await Promise.all(parties.map((party) => this.#ask((session) => what(session, party))));
    return outcomes.find(({ ok }) => !ok) ?? { ok: true };
  }
}
