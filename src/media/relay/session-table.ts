import type { MediaSession } from './media-session.ts';

/** Sessions by Call-ID; branches of one call stand together. */
export class SessionTable implements Iterable<MediaSession> {
  readonly #byCall = new Map<string, MediaSession[]>();
  size = 0;

  add(session: MediaSession): void {
    const list = this.#byCall.get(session.callId);
    if (list) list.push(session);
    else this.#byCall.set(session.callId, [session]);
    this.size++;
  }

  /** @returns of the call's sessions those that the tags mean, the oldest first */
  find(callId: string, fromTag: string, toTag: string | undefined): MediaSession[] {
    const list = this.#byCall.get(callId);
    return list ? list.filter((session) => session.indexOf(fromTag, toTag) !== undefined) : [];
  }

  remove(session: MediaSession): void {
    const list = this.#byCall.get(session.callId);
    const at = list ? list.indexOf(session) : -1;
    if (!list || at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) this.#byCall.delete(session.callId);
    this.size--;
  }

  *[Symbol.iterator](): Generator<MediaSession> {
    for (const list of this.#byCall.values()) yield* [...list];
  }
}
