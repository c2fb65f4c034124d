import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { Listener } from '../../net/listener.ts';
import { listenFailed, Sockets } from '../../net/sockets.ts';

/**
 * The listeners that all workers open. They share the ports of connections, which would hide that another program has one
 * and shares it likewise: who answers there is found here. Ports that the system chooses are chosen, so that all workers
 * have the same.
 * @throws ServerError NET_LISTEN_FAILED, which names the listener, the reason and what to do
 */
export async function settleListeners(
  listeners: readonly Listener[],
  clock: Clock,
): Promise<readonly Listener[]> {
  for (const listener of listeners) {
    if (listener.transport === 'udp' || listener.port === 0 || !(await isServed(listener))) continue;
    throw listenFailed(listener, Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
  }
  const chosen = await choosePorts(
    listeners.filter(({ port }) => port === 0),
    clock,
  );
  return listeners.map((listener) => (listener.port === 0 ? chosen.shift()! : listener));
}

/** Opens each for a moment. */
async function choosePorts(listeners: readonly Listener[], clock: Clock): Promise<Listener[]> {
  const wheel = new TimerWheel(clock);
  const nobody = { message: () => {}, flowFailed: () => {} };
  try {
    await using sockets = await Sockets.open(listeners, { clock, wheel }, nobody);
    return sockets.listeners.map((listener) => ({ ...listener }));
  } finally {
    wheel.close();
  }
}

/** Whether somebody takes connections there. */
function isServed({ address, port }: Listener): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
