import type { Advertise } from '../../advertise/advertise.ts';
import type { IdSource } from '../../base/ids.ts';
import type { BranchView } from '../../core/proxy/fork-options.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Flow } from '../../net/flow.ts';
import type { Listener } from '../../net/listener.ts';

/** How calls fared with their media. */
export interface MediaCounters {
  /** Calls whose media went through a relay, or were to. */
  anchored: number;
  offers: number;
  answers: number;
  /** Descriptions that could not be relayed, and went on as they were. */
  unrelayed: number;
  /** Calls and offers refused for want of a relay. */
  refused: number;
  /** Calls ended, or told to their script, because no more media came. */
  timeouts: number;
  keys: number;
  moved: number;
}

export function newMediaCounters(): MediaCounters {
  return { anchored: 0, offers: 0, answers: 0, unrelayed: 0, refused: 0, timeouts: 0, keys: 0, moved: 0 };
}

/** What media in calls stand on. */
export interface MediaEnvironment {
  readonly advertise: Advertise;
  readonly ids: IdSource;
  readonly counters: MediaCounters;
  /** What is configured for an address of the relay on this machine to be printed outside, if anything. */
  advertised(address: string): string | undefined;
  /**
   * The IP address that a branch is going to be sent to first, by all that is known of names.
   * @param received the socket that its request came by. @returns undefined where nothing leads there
   */
  leadsTo(branch: BranchView, received: Listener): MaybePromise<string | undefined>;
  /** Whether a message came from a socket of this server: its media have been seen to when it was there before. */
  isOwn(flow: Flow): boolean;
}
