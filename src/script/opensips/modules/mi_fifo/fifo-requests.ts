/** A request as it stands in the FIFO: `:reply_fifo:{json}`. */
export interface FifoRequest {
  /** The name of the FIFO for the answer; '' for none. */
  readonly reply: string;
  readonly json: string;
}

const MOST_HELD = 65_536;
const MOST_NAME = 128;

/**
 * Cuts what is written into a FIFO into requests: with or without a line end behind each, and however the pieces come.
 */
export class FifoRequests {
  #held = '';

  /** Whether part of a request is here. */
  get incomplete(): boolean {
    return this.#held !== '';
  }

  forget(): void {
    this.#held = '';
  }

  /** @returns the requests that are whole now; what cannot begin one is left out up to its line end */
  take(text: string): readonly FifoRequest[] {
    this.#held += text;
    const found: FifoRequest[] = [];
    for (;;) {
      this.#held = this.#held.trimStart();
      if (this.#held === '') return found;
      const head = /^:([^:\r\n]*):/.exec(this.#held);
      if (head === null || head[1]!.length > MOST_NAME) {
        if (this.#mayBecomeHead()) return found;
        this.#skipLine();
        continue;
      }
      const start = head[0].length;
      const end = this.#endOf(start);
      if (end === 'open') {
        if (this.#held.length > MOST_HELD) this.#held = '';
        return found;
      }
      found.push({ reply: head[1]!, json: this.#held.slice(start, end) });
      this.#held = this.#held.slice(end);
    }
  }

  #mayBecomeHead(): boolean {
    return this.#held.length <= MOST_NAME && /^:[^:\r\n]*$/.test(this.#held);
  }

  #skipLine(): void {
    const end = this.#held.indexOf('\n');
    this.#held = end < 0 ? '' : this.#held.slice(end + 1);
  }

  /** Behind the JSON value that begins at `start`: a whole object, or else the rest of the line. */
  #endOf(start: number): number | 'open' {
    const text = this.#held;
    let at = start;
    while (text[at] === ' ' || text[at] === '\t') at++;
    if (text[at] !== '{') {
      const line = text.indexOf('\n', at);
      if (line >= 0) return line;
      return at < text.length ? text.length : 'open';
    }
    let depth = 0;
    let quoted = false;
    for (; at < text.length; at++) {
      const c = text[at];
      if (quoted) {
        if (c === '\\') at++;
        else if (c === '"') quoted = false;
      } else if (c === '"') quoted = true;
      else if (c === '{') depth++;
      else if (c === '}' && --depth === 0) return at + 1;
    }
    return 'open';
  }
}
