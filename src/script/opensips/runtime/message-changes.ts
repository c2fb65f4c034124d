import type { Side } from '../../../core/proxy/record-route.ts';
import type { MessageEdit } from '../../../wire/sip/edit.ts';
import { H } from '../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';

type Work = (edit: MessageEdit, reader: Side | undefined) => void;

/**
 * What a script has changed in one message. Reading sees the message as it came; the changes show in what goes out, as
 * OpenSIPS's lumps do. Kept as pieces of work on an edit, for a request is written once for each branch.
 */
export class MessageChanges {
  readonly #base: MessageChanges | undefined;
  #work: Work[] | undefined;
  #body: Buffer | null | undefined;
  #contentType: string | undefined;

  /** @param base changes that are made first, as those of the request beneath those of a branch */
  constructor(base?: MessageChanges) {
    this.#base = base;
  }

  /** What is changed by now, for what is written later. */
  snapshot(): MessageChanges {
    const copy = new MessageChanges(this.#base);
    copy.#work = this.#work?.slice();
    copy.#body = this.#body;
    copy.#contentType = this.#contentType;
    return copy;
  }

  get empty(): boolean {
    return (
      this.#work === undefined && this.#body === undefined && (this.#base === undefined || this.#base.empty)
    );
  }

  /**
   * Adds a piece of work, done on each edit that the message goes out by, with who reads it where that is known. It must
   * not throw: check texts before.
   */
  add(work: Work): void {
    if (this.#work === undefined) this.#work = [work];
    else this.#work.push(work);
  }

  /** Writes a header below all others. @param line `Name: value`, with or without its CRLF; checked by the caller */
  appendLine(line: string): void {
    const text = withEnd(line);
    this.add((edit) => edit.insert(edit.message.headersEnd, text));
  }

  /** Puts another body in place of the present one; null takes it away. */
  setBody(body: Buffer | null, contentType?: string): void {
    this.#body = body;
    if (contentType !== undefined) this.#contentType = contentType;
  }

  /** The body as it will go out; null where it was taken away. */
  bodyOf(message: SipMessage): Buffer | null {
    if (this.#body !== undefined) return this.#body;
    return this.#base ? this.#base.bodyOf(message) : message.body;
  }

  /** Content-Type as it will go out. */
  contentTypeOf(message: SipMessage): string | undefined {
    if (this.#contentType !== undefined) return this.#contentType;
    return this.#base ? this.#base.contentTypeOf(message) : message.get(H.ContentType);
  }

  apply(edit: MessageEdit, reader?: Side): void {
    this.#base?.apply(edit, reader);
    if (this.#work !== undefined) for (const work of this.#work) work(edit, reader);
    if (this.#body === undefined) return;
    if (this.#body === null) edit.setBody(Buffer.alloc(0)).removeAll(H.ContentType);
    else edit.setBody(this.#body, this.#contentType);
  }
}

function withEnd(line: string): string {
  return line.endsWith('\r\n') ? line : `${line.replace(/[\r\n]+$/, '')}\r\n`;
}
