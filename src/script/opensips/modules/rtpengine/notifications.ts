import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { ServerError } from '../../../../base/errors.ts';
import { parseJson } from '../../../../wire/ng/json.ts';
import { isDictionary } from '../../../../wire/ng/value.ts';
import { parseHostPort } from '../../../../wire/sip/host-port.ts';
import { HandedOver } from '../../runtime/handed-over.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import type { Value } from '../../value.ts';

type Hear = (params: Readonly<Record<string, Value>>) => void;

const MOST_PARAMS = 64;

const sockets = new HandedOver<Hear>();

/**
 * Hears what rtpengine tells by itself, as keys: JSON in datagrams.
 * @param written `IP:port`
 * @throws ServerError CFG_INVALID, NET_LISTEN_FAILED
 */
export function hearNotifications(written: string, context: ModuleContext): Promise<AsyncDisposable> {
  const place = parseHostPort(written.replace(/^udp:/, ''));
  if (place?.port === undefined || isIP(place.host) === 0) {
    throw new ServerError('CFG_INVALID', `rtpengine: notification_sock ${written} is no IP:port`);
  }
  const { host, port } = place;
  const hear: Hear = (params) => context.raise('E_RTPENGINE_NOTIFICATION', params);
  return sockets.use(context.services, written, hear, (current) => open(host, port, current));
}

async function open(host: string, port: number, current: () => Hear): Promise<AsyncDisposable> {
  const socket: Socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
  } catch (cause) {
    socket.close();
    throw new ServerError('NET_LISTEN_FAILED', `rtpengine cannot listen on ${host}:${port}`, { cause });
  }
  socket.on('error', () => {});
  socket.on('message', (datagram) => {
    const body = parseJson(datagram.toString('latin1'));
    if (!isDictionary(body)) return;
    const params: Record<string, Value> = {};
    for (const [key, value] of Object.entries(body).slice(0, MOST_PARAMS)) {
      if (typeof value === 'string') params[key] = value;
      else params[key] = typeof value === 'number' ? Math.trunc(value) | 0 : JSON.stringify(value);
    }
    current()(params);
  });
  return {
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}
