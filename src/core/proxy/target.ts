import type { Binding, Source } from '../registrar/location-store.ts';

/** One place that a request may be sent to (RFC 3261 §16.5). */
export interface Target {
  /** What becomes the Request-URI. */
  readonly uri: string;
  /** Route values to put on top, topmost first: the Path that the contact registered with (RFC 3327 §5.3). */
  readonly route: readonly string[];
  /** Preference in thousandths, 0 to 1000: targets of equal q are tried together, higher ones first. */
  readonly q: number;
  /** Where to send instead of resolving {@link uri}, as for a contact behind a NAT; undefined where there is a route. */
  readonly source: Source | undefined;
  /** A URI to send to, whatever Routes and {@link uri} say; nothing of it is written. */
  readonly nextHop?: string;
  /** Name of the listener to send from; undefined leaves the choice open. */
  readonly listener: string | undefined;
  /** The open connection to send on (RFC 5626 §5.3); 0 where there is none, or it belongs to an earlier run. */
  readonly connectionId: number;
  /** `+sip.instance` (RFC 5626), quotes and brackets taken off; '' where there is none. */
  readonly instance: string;
  /**
   * Older flows of the same instance, newest first. Never tried beside this target, but one after another where its
   * flow fails: no connection, 430, or 408 without any answer (RFC 5626 §5.3, §7).
   */
  readonly otherFlows?: readonly Target[];
  /** The binding that it came from; absent for a target that somebody wrote. */
  readonly binding?: Binding;
}
