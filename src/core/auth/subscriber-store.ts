import type { MaybePromise } from '../registrar/location-store.ts';

/** The digest algorithms of RFC 8760, spelled as in its headers. */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256';

/** What is known of a subscriber: no password, only its hashes `H(user:realm:password)`, in lower-case hex. */
export interface Subscriber {
  readonly user: string;
  /** The domain, which is the digest realm too. */
  readonly realm: string;
  readonly ha1: Readonly<Record<DigestAlgorithm, string>>;
}

/** Where subscribers are looked up. */
export interface SubscriberStore {
  find(user: string, realm: string): MaybePromise<Subscriber | undefined>;
}
