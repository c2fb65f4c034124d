/** Lets the commands of one call follow each other, while those of different calls do not wait. */
export class CallOrder {
  readonly #last = new Map<string, Promise<string>>();
  #waiting = 0;

  /** Commands under way. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @param job never rejects */
  run(callId: string, job: () => string | Promise<string>): string | Promise<string> {
    const before = this.#last.get(callId);
    const result = before ? before.then(job) : job();
    if (typeof result === 'string') return result;
    this.#waiting++;
    const settled = result.then((answer) => {
      this.#waiting--;
      if (this.#last.get(callId) === settled) this.#last.delete(callId);
      return answer;
    });
    this.#last.set(callId, settled);
    return settled;
  }

  /** Runs what is about all calls, behind everything that is under way now. */
  runForAll(job: () => string | Promise<string>): string | Promise<string> {
    if (this.#last.size === 0) return job();
    this.#waiting++;
    return Promise.all(this.#last.values()).then(() => {
      this.#waiting--;
      return job();
    });
  }
}
