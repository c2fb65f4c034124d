import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync } from 'node:crypto';
import { BoundedMap } from '../base/bounded-map.ts';
import { ServerError } from '../base/errors.ts';
import type { Listener } from '../net/listener.ts';

/** The URI parameter that carries a listener's tag in Record-Route, Path and Contact. */
export const ROUTE_TAG_PARAM = 'vt';

/** The URI parameter of a Record-Route that proves its dialog: see {@link RouteTags.proofOf}. */
export const DIALOG_PROOF_PARAM = 'vd';

const TAG_BYTES = 9;
const RETIRED_TAGS = 4096;
const NONCE_BYTES = 12;
const SEAL_BYTES = 12;
const PROOF_LENGTH = 12;
/** Longer than any text that fits a datagram. */
const LONGEST_TOKEN = 8192;

/**
 * Names listeners in URIs by a keyed tag, so that a request finds its socket again whatever address stands in its Route:
 * after a restart, after a change of address, and on every node that has the key.
 */
export class RouteTags {
  readonly #key: Buffer;
  readonly #sealKey: Buffer;
  readonly #nonceKey: Buffer;
  readonly #proofKey: string;
  #tags = new Map<string, string>();
  #listeners = new Map<string, Listener>();
  readonly #retired = new BoundedMap<string, true>(RETIRED_TAGS, 'drop-oldest');

  /**
   * @param key 16 bytes or more, the same on all nodes
   * @throws ServerError CFG_INVALID where the key is shorter
   */
  constructor(key: Buffer, listeners: readonly Listener[]) {
    if (key.length < 16)
      throw new ServerError('CFG_INVALID', 'the key for route tags has less than 16 bytes');
    this.#key = key;
    this.#sealKey = Buffer.from(hkdfSync('sha256', key, '', 'viaduct-seal', 16));
    this.#nonceKey = Buffer.from(hkdfSync('sha256', key, '', 'viaduct-seal-nonce', 32));
    this.#proofKey = Buffer.from(hkdfSync('sha256', key, '', 'viaduct-dialog', 32)).toString('latin1');
    this.update(listeners);
  }

  /** Replaces the listeners; the tags of those that are gone retire. */
  update(listeners: readonly Listener[]): void {
    const before = [...this.#listeners.keys()];
    this.#tags = new Map(listeners.map((listener) => [listener.name, this.#compute(listener.name)]));
    this.#listeners = new Map(listeners.map((listener) => [this.tagOf(listener), listener]));
    this.retire(before);
  }

  /** Marks tags as own although their sockets are gone; those of present listeners stay present. */
  retire(tags: Iterable<string>): void {
    for (const tag of tags) if (!this.#listeners.has(tag)) this.#retired.set(tag, true);
  }

  /** 12 characters of `[A-Za-z0-9_-]`. */
  tagOf(listener: Listener): string {
    return this.#tags.get(listener.name) ?? this.#compute(listener.name);
  }

  /**
   * Tags are looked up in a table and not compared in constant time: the 72 bits of a tag are no secret, for they stand
   * in every Record-Route. A forged one would only get its Route taken for own, which its sender could have left out;
   * that a request belongs to a dialog is what {@link proofOf} shows.
   * @returns `retired` for a tag of ours whose socket is gone, undefined for what is none of ours
   */
  listenerOf(tag: string): Listener | 'retired' | undefined {
    return this.#listeners.get(tag) ?? (this.#retired.has(tag) ? 'retired' : undefined);
  }

  /**
   * What the Record-Route of a dialog carries, so that nobody who was not in it can send anything along it: 12 characters
   * of `[A-Za-z0-9_-]`, 72 bits of a keyed hash, cut short enough that a longer Call-ID cannot be hashed on from it.
   * @param callId a byte string; both sides of a dialog have the same (RFC 3261 §12)
   */
  proofOf(callId: string): string {
    return this.#proof('dialog', callId);
  }

  /**
   * What the branch of a request forwarded without a transaction carries, so that its answer is believed about the Via
   * below; as {@link proofOf}.
   */
  proofOfVia(via: string): string {
    return this.#proof('via', via);
  }

  /** No header value holds a line break, so that one kind of proof never serves for another. */
  #proof(kind: string, text: string): string {
    const bytes = Buffer.from(`${this.#proofKey}${kind}\n${text}`, 'latin1');
    return hash('sha256', bytes, 'base64url').slice(0, PROOF_LENGTH);
  }

  /** All tags that are ours, present and retired, for a snapshot. */
  all(): readonly string[] {
    return [...this.#retired.keys(), ...this.#listeners.keys()];
  }

  /**
   * Encrypts a short latin1 text into `[A-Za-z0-9_-]`. The nonce is made from the text (as in RFC 8452), so one text
   * always gives one token: a Contact that is hidden twice stays the same Contact.
   */
  seal(text: string): string {
    const plain = Buffer.from(text, 'latin1');
    const nonce = createHmac('sha256', this.#nonceKey).update(plain).digest().subarray(0, NONCE_BYTES);
    const cipher = createCipheriv('aes-128-gcm', this.#sealKey, nonce, { authTagLength: SEAL_BYTES });
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
  }

  /** @returns undefined for what was not sealed under this key, or was changed since */
  unseal(token: string): string | undefined {
    if (token.length > LONGEST_TOKEN) return undefined;
    const bytes = Buffer.from(token, 'base64url');
    // Decoding passes over what is not base64url; only the one spelling that was printed is valid.
    if (bytes.length < NONCE_BYTES + SEAL_BYTES || bytes.toString('base64url') !== token) return undefined;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-128-gcm', this.#sealKey, nonce, { authTagLength: SEAL_BYTES });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + SEAL_BYTES));
    const plain = decipher.update(bytes.subarray(NONCE_BYTES + SEAL_BYTES));
    try {
      return Buffer.concat([plain, decipher.final()]).toString('latin1');
    } catch {
      return undefined;
    }
  }

  #compute(name: string): string {
    const mac = createHmac('sha256', this.#key).update(`viaduct-listener:${name}`).digest();
    return mac.subarray(0, TAG_BYTES).toString('base64url');
  }
}
