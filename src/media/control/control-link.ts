export type LinkFault =
  /** Nothing came back in time. */
  | 'timeout'
  /** There is no way to the relay, or it closed the connection. */
  | 'unreachable'
  /** The command is longer than what can be sent. */
  | 'too-long'
  /** The link was closed here. */
  | 'closed';

export type LinkAnswer =
  /** A byte string as it came, without cookie. */
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: LinkFault; readonly reason: string };

export function linkFailure(fault: LinkFault, reason: string): LinkAnswer & { readonly ok: false } {
  return { ok: false, fault, reason };
}

/** The way to one relay: a command goes out, its answer comes back. Nothing rejects. */
export interface ControlLink extends AsyncDisposable {
  /** How many commands may be under way at once. */
  readonly window: number;
  /** Answers that nobody waited for: late ones, and what strangers sent. */
  readonly strays: number;
  /** @param text a command as a byte string, without cookie and line end */
  ask(text: string): Promise<LinkAnswer>;
}

/** How long a link waits for an answer. */
export interface LinkPatience {
  /** For one sending, in milliseconds. */
  readonly timeoutMs: number;
  /** How often a datagram is sent; elsewhere the relay has as long in one piece. */
  readonly tries: number;
}

/** Finds the address of a host by its name; undefined for none. Never rejects. */
export type FindAddress = (host: string, family: 4 | 6) => Promise<string | undefined>;
