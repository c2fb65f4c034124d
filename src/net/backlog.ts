/** How far one datagram socket is behind, where its `DatagramIo` tells. */
export class Backlog {
  #leastMs: number | undefined = undefined;
  #lost = 0;

  /** The first datagram of a batch had waited so long. */
  waited(ms: number): void {
    if (this.#leastMs === undefined || ms < this.#leastMs) this.#leastMs = ms;
  }

  /** So many datagrams were dropped because they were not taken in time. */
  overrun(count: number): void {
    this.#lost += count;
  }

  /**
   * What was noted since the last call. Of the waits the shortest, undefined where none was: a burst that is worked off again is none of anybody's
   * business, a queue that never empties is (RFC 8289 §3.1).
   */
  take(): { readonly waitedMs: number | undefined; readonly lost: number } {
    const taken = { waitedMs: this.#leastMs, lost: this.#lost };
    this.#leastMs = undefined;
    this.#lost = 0;
    return taken;
  }
}
