import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { logLine } from '../base/channels.ts';
import type { DatagramIo, DatagramOptions, DatagramSink } from './datagram-io.ts';

const MOST_QUEUED_BYTES = 4 * 1024 * 1024;

/** The portable {@link DatagramIo}, over `node:dgram`: a batch is one datagram, and sending goes straight to the kernel. */
export async function openDgramIo(options: DatagramOptions, sink: DatagramSink): Promise<DatagramIo> {
  const { address, port, family, receiveBufferBytes, reusePort } = options;
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6,
    // Destinations are addresses already; the look-up that Node makes by default would cost a turn of the loop each.
    lookup: (host, _options, found) => found(null, host, family),
    ...(receiveBufferBytes !== undefined && { recvBufferSize: receiveBufferBytes }),
    ...(reusePort && { reusePort }),
  });
  try {
    // The look-up above answers at once, so the socket may be bound before `bind` returns.
    const listening = once(socket, 'listening');
    socket.bind({ address, port, exclusive: true });
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  return new DgramIo(socket, sink);
}

class DgramIo implements DatagramIo {
  readonly port: number;
  readonly #socket: Socket;
  readonly #sent: (error: Error | null) => void;
  #open = true;

  constructor(socket: Socket, sink: DatagramSink) {
    this.#socket = socket;
    this.port = socket.address().port;
    // One callback serves all: the error names the destination.
    this.#sent = (error) => {
      if (!error) return;
      const failure = error as NodeJS.ErrnoException & { address?: string; port?: number };
      sink.sendFailed(failure.address ?? '', failure.port ?? 0, failure.code ?? failure.message);
    };
    socket.on('message', (bytes, peer) => sink.datagram(bytes, peer.address, peer.port));
    socket.on('error', (error) => logLine('error', 'net', `datagram socket: ${error.message}`));
  }

  send(bytes: Buffer, address: string, port: number): boolean {
    if (!this.#open || port < 1 || port > 65_535) return false;
    if (this.#socket.getSendQueueSize() > MOST_QUEUED_BYTES) return false;
    this.#socket.send(bytes, port, address, this.#sent);
    return true;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
