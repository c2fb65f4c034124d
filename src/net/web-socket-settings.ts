export interface WebSocketSettings {
  /** The `Origin`s of pages that may connect, as browsers write them; undefined for any. */
  readonly origins: readonly string[] | undefined;
  /** After so long without a word, a peer is asked whether it is still there. */
  readonly pingMs: number;
  /** How long it may take to answer. */
  readonly pongMs: number;
}

/** Browsers send nothing of their own accord; many NATs and load balancers forget after a minute. */
export const DEFAULT_WEB_SOCKET: WebSocketSettings = { origins: undefined, pingMs: 30_000, pongMs: 15_000 };
