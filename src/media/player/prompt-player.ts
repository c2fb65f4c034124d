import type { Clock, TimerHandle } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import { Playing } from './playing.ts';
import type { PromptLibrary } from './prompt-library.ts';

/** One clock for all prompts: each packet leaves at a multiple of this. */
const TICK_MS = 10;
const USUAL_PACKET_MS = 20;

export interface PlayerCounters {
  /** Prompts that were begun, and those that are over. */
  readonly begun: number;
  readonly ended: number;
}

export type PlayAnswer =
  | { readonly ok: true }
  /** Why, for the log. */
  | { readonly ok: false; readonly reason: string };

interface Performance {
  readonly playing: Playing;
  /** Gives the party back to the other one. */
  readonly release: () => void;
}

/** Plays prompts to the parties of calls. While one plays, the party hears it alone. */
export class PromptPlayer implements Disposable {
  readonly #library: PromptLibrary;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #performances = new Map<StreamSide, Performance>();
  /** The last command for a side, while its prompt is being read. */
  readonly #wanted = new Map<StreamSide, symbol>();
  #ticker: TimerHandle | undefined;
  #begun = 0;
  #ended = 0;

  constructor(library: PromptLibrary, clock: Clock, ids: IdSource) {
    this.#library = library;
    this.#clock = clock;
    this.#ids = ids;
  }

  get counters(): PlayerCounters {
    return { begun: this.#begun, ended: this.#ended };
  }

  /** Whether a prompt plays to the side's party. */
  plays(side: StreamSide): boolean {
    return this.#performances.has(side);
  }

  /**
   * Plays a prompt to the side's party, instead of what plays to it now.
   * @param name see {@link PromptLibrary.find}
   * @param count how many times; 0 only stops, -1 does not end
   * @param payloadTypes that the party takes, in its order
   */
  async play(
    side: StreamSide,
    name: string,
    count: number,
    payloadTypes: readonly number[],
  ): Promise<PlayAnswer> {
    this.stop(side);
    if (count === 0) return { ok: true };
    const mine = Symbol(name);
    this.#wanted.set(side, mine);
    const found = await this.#library.find(name, payloadTypes);
    // Another command may have come meanwhile, which then is the one that counts.
    if (this.#wanted.get(side) !== mine) return { ok: true };
    this.#wanted.delete(side);
    if (!found.ok) return found;
    if (!side.ports) return { ok: false, reason: 'the party has no port yet, or is gone' };
    const start = Math.ceil(this.#clock.now() / TICK_MS) * TICK_MS;
    const playing = new Playing(
      side,
      found.prompt,
      count,
      side.packetTime ?? USUAL_PACKET_MS,
      this.#ids,
      start,
    );
    const giveBack = side.claim();
    const detach = side.attach({ wantsAll: false, closed: () => this.#end(side) });
    this.#performances.set(side, {
      playing,
      release: () => {
        detach();
        giveBack();
      },
    });
    this.#begun++;
    if (!this.#ticker) this.#tickAt(start);
    return { ok: true };
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
    this.#ended++;
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
