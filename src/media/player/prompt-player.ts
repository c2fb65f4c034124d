import { logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import { within } from '../../base/within.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import type { PlayPort, PlayRequest } from '../server/sound-ports.ts';
import { Playing } from './playing.ts';
import type { PromptAnswer, PromptLibrary } from './prompt-library.ts';

/** One clock for all prompts: each packet leaves at a multiple of this. */
const TICK_MS = 10;
const USUAL_PACKET_MS = 20;
/** A disk that does not answer is no reason to hold the call's next command up. */
const READING_MS = 1000;
const TOO_SLOW: PromptAnswer = { ok: false, reason: 'the disk does not answer' };

interface Performance {
  readonly playing: Playing;
  /** Gives the party back to the other one. */
  readonly release: () => void;
}

/** Plays prompts to the parties of calls. While one plays, the party hears it alone. */
export class PromptPlayer implements PlayPort, Disposable {
  readonly #library: PromptLibrary;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #performances = new Map<StreamSide, Performance>();
  /** The last command for a side, while its prompt is being read. */
  readonly #wanted = new Map<StreamSide, symbol>();
  #ticker: TimerHandle | undefined;
  #created = 0;
  #destroyed = 0;
  #packets = 0;

  constructor(library: PromptLibrary, clock: Clock, ids: IdSource) {
    this.#library = library;
    this.#clock = clock;
    this.#ids = ids;
  }

  get counters(): PlayPort['counters'] {
    let packets = this.#packets;
    for (const { playing } of this.#performances.values()) packets += playing.packets;
    return { created: this.#created, destroyed: this.#destroyed, packets };
  }

  /** See {@link PromptLibrary.find}; a count of 0 only stops what plays. */
  async play({ side, prompt, codecs, count, packetTime }: PlayRequest): Promise<boolean> {
    this.stop(side);
    if (count === 0) return true;
    const mine = Symbol(prompt);
    this.#wanted.set(side, mine);
    const found = (await within(this.#library.find(prompt, codecs), this.#clock, READING_MS)) ?? TOO_SLOW;
    // Another command may have come meanwhile, which then is the one that counts.
    if (this.#wanted.get(side) !== mine) return true;
    this.#wanted.delete(side);
    if (!found.ok) {
      logLine('warn', 'media', `cannot play: ${found.reason}`, { callId: side.stream.session.callId });
      return false;
    }
    if (!side.ports) return false;
    const start = Math.ceil(this.#clock.now() / TICK_MS) * TICK_MS;
    const playing = new Playing(side, found.prompt, count, packetTime ?? USUAL_PACKET_MS, this.#ids, start);
    const giveBack = side.claim();
    const detach = side.attach({ wantsAll: false, closed: () => this.#end(side) });
    this.#performances.set(side, {
      playing,
      release: () => {
        detach();
        giveBack();
      },
    });
    this.#created++;
    if (!this.#ticker) this.#tickAt(start);
    return true;
  }

  /** Stops what plays to the side's party. */
  stop(side: StreamSide): void {
    this.#wanted.delete(side);
    this.#end(side);
  }

  [Symbol.dispose](): void {
    this.#wanted.clear();
    for (const side of this.#performances.keys()) this.#end(side);
  }

  #end(side: StreamSide): void {
    const performance = this.#performances.get(side);
    if (!performance) return;
    this.#performances.delete(side);
    this.#destroyed++;
    this.#packets += performance.playing.packets;
    performance.release();
    if (this.#performances.size > 0) return;
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }

  /** Ticks lie on a grid of the clock, so that a late one delays none behind it. */
  #tickAt(time: number): void {
    this.#ticker = this.#clock.setTimer(Math.max(0, time - this.#clock.now()), () => {
      this.#ticker = undefined;
      const now = this.#clock.now();
      for (const [side, { playing }] of this.#performances) if (!playing.goOn(now)) this.#end(side);
      if (this.#performances.size > 0) this.#tickAt((Math.floor(now / TICK_MS) + 1) * TICK_MS);
    });
  }
}
