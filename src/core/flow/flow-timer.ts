import type { Flow } from '../../net/flow.ts';

/** How much longer than told a flow may be silent, for what is late. */
const PATIENCE = 1.5;

/**
 * Has the flow closed where its keep-alives stay away (RFC 5626 §4.4.1). Only connections with line ends for keep-alives:
 * datagrams have STUN in shorter times, WebSockets pings of their own.
 * @param seconds the longest time between two keep-alives; undefined for any
 * @returns the value of Flow-Timer; undefined where none is told
 */
export function watchFlow(flow: Flow, seconds: number | undefined): string | undefined {
  if (seconds === undefined || (flow.transport !== 'tcp' && flow.transport !== 'tls')) return undefined;
  flow.hearWithin?.(seconds * 1000 * PATIENCE);
  return String(seconds);
}
