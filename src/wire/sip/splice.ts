/** Which of several changes to the same bytes stands first, and so wins. */
export const Rank = {
  /** Text put between or in place of any bytes. */
  Free: 0,
  RequestUri: 1,
  /** A header line gets another value, or goes. */
  Line: 2,
} as const;

export type Rank = (typeof Rank)[keyof typeof Rank];

/** What stands in place of `bytes[start, end)`; `start` is `end` where it stands between them. */
export class Splice {
  readonly start: number;
  readonly end: number;
  readonly rank: Rank;
  /** The header line that it changes, or the id of the header that it appends; 0 for neither. */
  readonly subject: number;
  text: string;
  next: Splice | undefined = undefined;

  constructor(start: number, end: number, text: string, rank: Rank, subject: number) {
    this.start = start;
    this.end = end;
    this.text = text;
    this.rank = rank;
    this.subject = subject;
  }
}

/**
 * Splices in the order of the bytes. A list whose members hold each other takes no room beside them: a message that is
 * passed on has five or six, mostly given in order.
 */
export class SpliceList {
  first: Splice | undefined = undefined;
  #last: Splice | undefined = undefined;

  add(splice: Splice): void {
    const last = this.#last;
    if (last === undefined) {
      this.first = splice;
      this.#last = splice;
    } else if (!precedes(splice, last)) {
      last.next = splice;
      this.#last = splice;
    } else this.#put(splice);
  }

  remove(splice: Splice): void {
    let before: Splice | undefined;
    for (let at = this.first; at !== undefined && at !== splice; at = at.next) before = at;
    if (before === undefined) this.first = splice.next;
    else before.next = splice.next;
    if (this.#last === splice) this.#last = before;
    splice.next = undefined;
  }

  /** @param splice stands before the last one */
  #put(splice: Splice): void {
    let before: Splice | undefined;
    let at = this.first!;
    while (!precedes(splice, at)) {
      before = at;
      at = at.next!;
    }
    splice.next = at;
    if (before === undefined) this.first = splice;
    else before.next = splice;
  }
}

/**
 * Insertions at one place keep the order in which they were made, and stand before a longer splice that begins there; of
 * those the longest is first.
 */
function precedes(a: Splice, b: Splice): boolean {
  if (a.start !== b.start) return a.start < b.start;
  const inserts = a.start === a.end;
  if (inserts !== (b.start === b.end)) return inserts;
  return a.end === b.end ? a.rank < b.rank : a.end > b.end;
}
