import type { Note, Post } from './note.ts';

/** What is posted together may be so large. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Notes without bytes beyond that many mean a worker that does not answer: messages are refused from there on. */
const MOST_NOTES = 65_536;
/** How much may be taken before it is said. */
const TAKEN_UNSAID = MOST_BYTES / 8;

/**
 * What is on its way to one other worker: collected during a turn of the event loop, and posted together. Bounded by the
 * bytes that the other has not taken yet, whether it is slow or starts anew.
 */
export class PeerQueue {
  readonly #post: (post: Post, transfer: ArrayBuffer[]) => boolean;
  #notes: Note[] = [];
  #chunks: Buffer[] = [];
  #waiting = 0;
  #underWay = 0;
  #taken = 0;
  #open = false;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(post: (post: Post, transfer: ArrayBuffer[]) => boolean) {
    this.#post = post;
  }

  /** Whether the other worker listens. */
  get open(): boolean {
    return this.#open;
  }

  /** The other worker listens from now on. @param first what it has to know before what has waited for it */
  begin(first: readonly Note[]): void {
    this.#open = true;
    this.#underWay = 0;
    this.#taken = 0;
    this.#notes = [...first, ...this.#notes];
    this.#schedule();
  }

  /** The other worker has ended. Messages wait for its successor; what concerned its connections is void. */
  end(): void {
    this.#open = false;
    const notes = this.#notes;
    const chunks = this.#chunks;
    this.#clear();
    for (const note of notes) {
      const bytes = note.kind === 'message' || note.kind === 'send' ? chunks.shift()! : undefined;
      if (note.kind === 'message') this.#add(note, bytes);
    }
  }

  /** Tells something that must not be lost; while the other does not listen, it is told again by {@link begin}. */
  tell(note: Note): void {
    if (this.#open) this.#add(note, undefined);
  }

  /** @returns false where there is no room */
  give(kind: 'message' | 'send', id: number, bytes: Buffer): boolean {
    const { length } = bytes;
    if (this.#waiting + this.#underWay + length > MOST_BYTES || this.#notes.length >= MOST_NOTES)
      return false;
    this.#add({ kind, id, length }, bytes);
    return true;
  }

  /** The other has taken so many bytes. */
  acknowledged(bytes: number): void {
    this.#underWay = Math.max(0, this.#underWay - bytes);
  }

  /** So many bytes of the other were taken here. */
  took(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken >= TAKEN_UNSAID) this.#schedule();
  }

  close(): void {
    this.#open = false;
    this.#clear();
    clearImmediate(this.#scheduled);
  }

  #add(note: Note, bytes: Buffer | undefined): void {
    this.#notes.push(note);
    if (bytes) {
      this.#chunks.push(bytes);
      this.#waiting += bytes.length;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#open) this.#scheduled ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = undefined;
    if (!this.#open) return;
    const bytes = new Uint8Array(this.#waiting);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    if (!this.#post({ notes: this.#notes, bytes, taken: this.#taken }, [bytes.buffer])) return;
    this.#underWay += this.#waiting;
    this.#taken = 0;
    this.#clear();
  }

  #clear(): void {
    this.#notes = [];
    this.#chunks = [];
    this.#waiting = 0;
  }
}
