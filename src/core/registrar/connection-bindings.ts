import type { Binding } from './location-store.ts';

/**
 * Whether its connection is the only way to a contact: one behind a NAT, a flow of RFC 5626, and a WebSocket client cannot
 * be connected to. A contact behind an edge proxy has its connection there.
 */
export function livesByConnection(binding: Binding): boolean {
  const { connectionId, path, natted, regId, received } = binding;
  if (connectionId === 0 || path.length > 0) return false;
  return natted || regId > 0 || received.transport === 'ws' || received.transport === 'wss';
}

/**
 * The addresses-of-record that have bindings by each open connection, so that one that closes is told to them alone.
 * Bounded by the table of connections.
 */
export class ConnectionBindings {
  readonly #aors = new Map<number, string | Set<string>>();

  /** How many connections carry bindings. */
  get size(): number {
    return this.#aors.size;
  }

  add(connectionId: number, aor: string): void {
    const known = this.#aors.get(connectionId);
    // Mostly one; a set is made for gateways only.
    if (known === undefined) this.#aors.set(connectionId, aor);
    else if (typeof known !== 'string') known.add(aor);
    else if (known !== aor) this.#aors.set(connectionId, new Set([known, aor]));
  }

  /** Forgets a connection. @returns the addresses-of-record that may have bindings by it */
  take(connectionId: number): Iterable<string> {
    const known = this.#aors.get(connectionId);
    if (known === undefined) return [];
    this.#aors.delete(connectionId);
    return typeof known === 'string' ? [known] : known;
  }
}
