// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';

/** Certificates of `tls:` and `wss:` sockets, and of connections to others. */
export interface TlsMgmNames {
  /** Whether the message came over TLS from who has proved by a certificate who it is. */
  is_peer_verified(): boolean;
  /** 1 where `is_peer_verified()` holds, else 0. */
  readonly $tls_peer_verified: Value;
}
