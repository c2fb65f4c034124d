import { ServerError } from '../../base/errors.ts';
import { expandListenSpec, type Interfaces } from '../../net/expand-listen-spec.ts';
import type { Listener } from '../../net/listener.ts';
import type { ServerConfig } from './server-config.ts';

const WILDCARDS: readonly string[] = ['0.0.0.0', '::', '*'];

/**
 * The sockets of a configuration on this machine. A wildcard of an address family that it has not stands for
 * nothing.
 * @throws ServerError NET_BAD_LISTENER for a host that this machine has not, or two listeners on one socket
 */
export function listenersOf(config: ServerConfig, interfaces: Interfaces): readonly Listener[] {
  const listeners = new Map<string, Listener>();
  const sockets = new Set<string>();
  for (const spec of config.listen) {
    const expanded = expandListenSpec(spec, interfaces, spec.tls ?? config.tls);
    if (!expanded.ok) {
      if (WILDCARDS.includes(spec.host)) continue;
      throw new ServerError('NET_BAD_LISTENER', expanded.message, { hint: expanded.hint });
    }
    for (const listener of expanded.listeners) {
      const { name, transport, address, port } = listener;
      const socket = `${transport} ${address} ${port}`;
      if (port !== 0 && sockets.has(socket)) {
        throw new ServerError('NET_BAD_LISTENER', `${name} is listed twice`, {
          hint: 'a wildcard or an interface name stands for each address of the machine: name those you want once',
        });
      }
      sockets.add(socket);
      if (listeners.has(name)) {
        throw new ServerError('NET_BAD_LISTENER', `two listeners have the name ${name}`, {
          hint: 'names are unique',
        });
      }
      listeners.set(name, listener);
    }
  }
  if (listeners.size === 0) {
    throw new ServerError('NET_BAD_LISTENER', 'this machine has no address to listen on', {
      hint: 'bring a network interface up, or listen on 127.0.0.1',
    });
  }
  return [...listeners.values()];
}
