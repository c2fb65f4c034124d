import type { TransportName } from '../transport-name.ts';

/** What other workers have to know of a connection to use it. */
export interface ConnectionNote {
  readonly id: number;
  /** Name of the listener, which every worker has. */
  readonly listener: string;
  readonly transport: TransportName;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly peerDomains: readonly string[] | undefined;
  readonly callsBack: boolean | undefined;
  /** By what it is found by whoever sends to the peer. */
  readonly key: string;
}

/** What one worker tells another of a connection, in the order in which it happened. */
export type Note =
  /** Of the sender's own connections: one is open, is found by more keys, or is no more. */
  | { readonly kind: 'opened'; readonly connection: ConnectionNote }
  | { readonly kind: 'aliased'; readonly id: number; readonly keys: readonly string[] }
  | { readonly kind: 'closed'; readonly id: number; readonly reason: string; readonly lost: boolean }
  /** A message that came on one and belongs to the reader. Its bytes follow those of the notes before it. */
  | { readonly kind: 'message'; readonly id: number; readonly length: number }
  /** One could not take what the reader had sent on it. */
  | { readonly kind: 'refused'; readonly id: number; readonly reason: string }
  /** Of the reader's own connections: what to send on it, and how the sender's floors want it watched over. */
  | { readonly kind: 'send'; readonly id: number; readonly length: number }
  | { readonly kind: 'reuse'; readonly id: number; readonly port: number }
  | { readonly kind: 'hear-within' | 'may-idle'; readonly id: number; readonly ms: number };

/** What one worker posts to another. */
export type Post =
  /** The first word, which is answered with the same; nothing else is posted before it is heard. */
  | { readonly hello: 'question' | 'answer' }
  | {
      readonly notes: readonly Note[];
      /** The bytes of the messages in the notes. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** How many bytes of earlier posts the sender has taken. */
      readonly taken: number;
    };
