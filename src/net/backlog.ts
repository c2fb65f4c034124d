/** How far one datagram socket is behind, where its `DatagramIo` tells. */
export class Backlog {
  #leastMs = Number.POSITIVE_INFINITY;
  #lost = 0;

  /** The first datagram of a batch had waited so long. */
  waited(ms: number): void {
    if (ms < this.#leastMs) this.#leastMs = ms;
  }

  /** So many datagrams were dropped because they were not taken in time. */
  overrun(count: number): void {
    this.#lost += count;
  }

  /**
   * What was noted since the last call. Of the waits the shortest: a burst that is worked off again is none of anybody's
   * business, a queue that never empties is (RFC 8289 §3.1).
   */
  take(): { readonly waitedMs: number; readonly lost: number } {
    const taken = { waitedMs: Number.isFinite(this.#leastMs) ? this.#leastMs : 0, lost: this.#lost };
    this.#leastMs = Number.POSITIVE_INFINITY;
    this.#lost = 0;
    return taken;
  }
}
