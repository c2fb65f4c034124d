import { callIdOwnedBy } from '../wire/sip/owner.ts';

/** Which of the workers of this process this is (`workers: N`). */
export interface WorkerPlace {
  /** From 0 on, below {@link count}. */
  readonly index: number;
  readonly count: number;
  /**
   * How often a worker of this index was started before in this process. What a worker that crashed has handed out
   * (ids of connections) is never taken for what the next one of its index hands out.
   */
  readonly life: number;
}

/**
 * A Call-ID for calls of this worker: `head` and `tail`, with as many characters between as bring its messages here.
 * @param place undefined where there is one worker only
 */
export function ownCallId(place: WorkerPlace | undefined, head: string, tail: string): string {
  return place ? callIdOwnedBy(place.index, place.count, head, tail) : head + tail;
}

/** At most: the index is one base-36 digit of a branch. */
export const MOST_WORKERS = 36;

/** What hears the messages of one topic from the other workers. */
export interface PeerSubscriber {
  message(from: number, message: unknown): void;
  /** That worker can be posted to from now on; also told for those that are there when the topic is subscribed to. */
  attached?(index: number): void;
  /** That worker has ended: what it had is lost. Nothing of it comes later. */
  detached?(index: number): void;
}

/** The other workers of the process, as messages reach them. Messages of one worker to another keep their order. */
export interface WorkerPeers {
  /**
   * @param message what a structured clone can carry
   * @param transfer the buffers that need not be copied; they are gone here afterwards
   * @returns false where that worker is not there
   */
  post(index: number, topic: string, message: unknown, transfer?: ArrayBuffer[]): boolean;
  /** One subscriber a topic, from now on; a second one replaces the first. */
  subscribe(topic: string, subscriber: PeerSubscriber): void;
}
