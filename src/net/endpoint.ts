import type { BoundListener } from './bound-listener.ts';
import type { Flow } from './flow.ts';

/** An open listening socket, whatever its transport. */
export interface Endpoint {
  readonly listener: BoundListener;
  /**
   * @param domain the name that led there, which a certificate has to hold
   * @returns the flow to a peer of the listener's family; undefined where none can be had
   */
  flowTo(address: string, port: number, domain?: string): Flow | undefined;
  /** Stops receiving, and closes the connections of the listener. */
  close(): Promise<void>;
}
