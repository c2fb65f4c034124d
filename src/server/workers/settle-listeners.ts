import type { Clock } from '../../base/clock.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { Listener } from '../../net/listener.ts';
import { Sockets } from '../../net/sockets.ts';

/**
 * Opens every listener for a moment, alone: workers share their ports, which hides that another program has one. Ports
 * that the system chooses are chosen here, so that all workers have the same.
 * @throws ServerError NET_LISTEN_FAILED, which names the listener, the reason and what to do
 */
export async function settleListeners(
  listeners: readonly Listener[],
  clock: Clock,
): Promise<readonly Listener[]> {
  const wheel = new TimerWheel(clock);
  const nobody = { message: () => {}, flowFailed: () => {} };
  try {
    await using sockets = await Sockets.open(listeners, { clock, wheel }, nobody);
    return sockets.listeners.map((listener) => ({ ...listener }));
  } finally {
    wheel.close();
  }
}
