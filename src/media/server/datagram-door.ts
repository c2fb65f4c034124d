import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import { formatHostPort } from '../../base/ip.ts';
import type { Execute } from './command-source.ts';
import type { DatagramAddress } from './control-address.ts';
import { DatagramExchange } from './datagram-exchange.ts';
import type { DoorCounters } from './door-counters.ts';

/** A burst of a whole controller: several thousand commands. */
const BUFFER_BYTES = 1 << 20;

/** What every door is given. */
export interface DoorContext {
  readonly execute: Execute;
  readonly clock: Clock;
  readonly counters: DoorCounters;
}

/** A place where commands come in. */
export interface Door extends AsyncDisposable {
  /** As it is bound: `udp:127.0.0.1:22222`. */
  readonly name: string;
}

/** Commands by UDP (`udp:`, `udp6:`). @throws ServerError NET_LISTEN_FAILED */
export async function openDatagramDoor(
  address: DatagramAddress,
  { execute, clock, counters }: DoorContext,
): Promise<Door> {
  const type = address.kind === 'udp' ? 'udp4' : 'udp6';
  const socket = createSocket({ type, ipv6Only: type === 'udp6', recvBufferSize: BUFFER_BYTES });
  const exchange = new DatagramExchange(
    execute,
    // What the system does not take is lost like a datagram on its way: the controller sends the command again.
    (bytes, to) => socket.send(bytes, to.port, to.address, () => {}),
    { clock, counters },
  );
  try {
    await bound(socket, address.port, address.host);
  } catch (error) {
    socket.close();
    throw listenFailed(`${address.kind}:${formatHostPort(address.host, address.port)}`, error);
  }
  socket.on('message', (datagram, from) => exchange.receive(datagram, from));
  socket.on('error', () => {});
  const { address: host, port } = socket.address();
  return {
    name: `${address.kind}:${formatHostPort(host, port)}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function bound(socket: Socket, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address: host }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

export function listenFailed(name: string, error: unknown): ServerError {
  const { code, message } = error as NodeJS.ErrnoException;
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process has it: stop that, or choose another one with -s',
    EADDRNOTAVAIL: 'the machine has no such address: see `ip address`',
    EACCES: 'the user that runs the relay may not open it',
    ENOENT: 'the directory is not there',
    ENOTFOUND: 'there is no host of that name',
  };
  const hint = hints[code ?? ''];
  return new ServerError('NET_LISTEN_FAILED', `${name} cannot be opened: ${message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
