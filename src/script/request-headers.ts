import { ServerError } from '../base/errors.ts';
import type { MessageEdit } from '../wire/sip/edit.ts';
import { H, headerId } from '../wire/sip/header-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { fromByteString } from '../wire/sip/text.ts';
import type { Headers } from './api/headers.ts';
import { checkWritable, scriptHeader } from './script-text.ts';

/** What a script changed about one header. */
interface Change {
  readonly name: string;
  /** Whether the lines that were received go. */
  replaced: boolean;
  /** Byte strings of the lines that come. */
  added: string[];
}

/** The headers of a received request with a script's changes, which are kept apart until something is forwarded. */
export class RequestHeaders implements Headers {
  readonly #request: SipMessage;
  // Most scripts only read: what they change is made room for when they do.
  #changes: Map<string, Change> | undefined = undefined;
  #dropped: number[] | undefined = undefined;

  constructor(request: SipMessage) {
    this.#request = request;
  }

  /** Whether anything differs from the received request. */
  get changed(): boolean {
    return this.#changes !== undefined || this.#dropped !== undefined;
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }

  all(name: string): readonly string[] {
    const change = this.#changes?.get(keyOf(name));
    const values: string[] = [];
    if (!change?.replaced) {
      const request = this.#request;
      for (let line = request.findNamed(name); line >= 0; line = request.findNamed(name, line + 1)) {
        if (!this.#dropped?.includes(line)) values.push(fromByteString(request.valueAt(line)));
      }
    }
    for (const value of change?.added ?? []) values.push(fromByteString(value));
    return values;
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  set(name: string, value: string): void {
    const [, bytes] = scriptHeader(name, value);
    const change = this.#change(name);
    change.replaced = true;
    change.added = [bytes];
  }

  append(name: string, value: string): void {
    const [, bytes] = scriptHeader(name, value);
    this.#change(name).added.push(bytes);
  }

  remove(name: string): void {
    const change = this.#change(name);
    change.replaced = true;
    change.added = [];
  }

  /** @internal Leaves one received line out of what is forwarded. */
  dropLine(line: number): void {
    this.#dropped ??= [];
    this.#dropped.push(line);
  }

  /** Writes the changes into a request that goes out. */
  apply(edit: MessageEdit): void {
    for (const line of this.#dropped ?? []) {
      if (!this.#changes?.get(keyOf(this.#request.nameAt(line)))?.replaced) edit.removeLine(line);
    }
    for (const { name, replaced, added } of this.#changes?.values() ?? []) {
      if (replaced) edit.removeAll(name);
      for (const value of added) edit.append(name, value);
    }
  }

  #change(name: string): Change {
    checkWritable(name);
    // A Contact is rewritten where a NAT or a border lies between; two hands on it would spoil it.
    if (headerId(name) === H.Contact) {
      throw new ServerError(
        'SIP_BAD_FIELD',
        'Contact: a proxy passes it on, and mends it behind a NAT by itself',
      );
    }
    const key = keyOf(name);
    this.#changes ??= new Map();
    let change = this.#changes.get(key);
    if (!change) {
      change = { name, replaced: false, added: [] };
      this.#changes.set(key, change);
    }
    return change;
  }
}

/** One key for all spellings: the number of a known name, else the name in lower case. */
function keyOf(name: string): string {
  const id = headerId(name);
  return id === H.Other ? name.toLowerCase() : String(id);
}
