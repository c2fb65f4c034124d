import type { Clock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import { canonicalHost } from '../../base/ip.ts';
import { type NotifySocket, parseNotifySocket } from '../../wire/rtpproxy/notification.ts';
import type { CommandSource } from './command-source.ts';
import { NotifyConnection, type NotifyCounters } from './notify-connection.ts';
import { NOTIFY_PORT } from './port-message.ts';

/** As many as rtpproxy has. */
const MOST_LISTENERS = 64;
/** Who commands over a socket of this machine listens there too. */
const THIS_MACHINE = '127.0.0.1';
/** Stands for `%%CC_SELF%%` while it is compared; no host is called so. */
const ANY_CONTROLLER = '%%cc_self%%';

/** Where the notifications of a session go. */
export interface NotifyTarget {
  /** @param line with its end */
  send(line: string): void;
}

/**
 * Finds who is told of timeouts and keys. Only sockets that were permitted when the relay was started are written to,
 * for a command names any: a path, or a host in the network.
 */
export class Notifier implements AsyncDisposable {
  readonly counters: NotifyCounters = { sent: 0, dropped: 0, failures: 0 };
  readonly #clock: Clock;
  readonly #permitted = new Set<string>();
  readonly #connections = new Map<string, NotifyConnection>();

  /**
   * @param permitted `unix:/path`, `tcp:host:port`, `tcp:%%CC_SELF%%:port`
   * @throws ServerError NET_BAD_CONTROL_SOCKET
   */
  constructor(permitted: readonly string[], clock: Clock) {
    this.#clock = clock;
    for (const text of permitted) {
      const socket = parseNotifySocket(text, ANY_CONTROLLER);
      if (!socket) {
        throw new ServerError('NET_BAD_CONTROL_SOCKET', `"${text}" is no notify socket`, {
          hint: 'write unix:/path, tcp:host:port, or tcp:%%CC_SELF%%:port for the address of whoever commands',
        });
      }
      this.#permitted.add(keyOf(socket));
    }
  }

  /** Whether any socket is permitted. */
  get enabled(): boolean {
    return this.#permitted.size > 0;
  }

  /** @returns undefined for a socket that is not permitted */
  target(written: string, source: CommandSource): NotifyTarget | undefined {
    if (written === NOTIFY_PORT && source.notify) {
      const notify = source.notify;
      return { send: (line) => notify(line.trimEnd()) };
    }
    const asked = parseNotifySocket(written, ANY_CONTROLLER);
    if (!asked || !this.#permitted.has(keyOf(asked))) return undefined;
    return this.#connection(parseNotifySocket(written, source.address ?? THIS_MACHINE)!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.values()].map((it) => it[Symbol.asyncDispose]()));
  }

  #connection(socket: NotifySocket): NotifyConnection | undefined {
    const key = keyOf(socket);
    let connection = this.#connections.get(key);
    if (!connection) {
      if (this.#connections.size >= MOST_LISTENERS) return undefined;
      connection = new NotifyConnection(socket, this.#clock, this.counters);
      this.#connections.set(key, connection);
    }
    return connection;
  }
}

function keyOf(socket: NotifySocket): string {
  return socket.kind === 'unix' ? socket.path : `${canonicalHost(socket.host)} ${socket.port}`;
}
