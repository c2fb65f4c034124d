import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import type { Listener } from '../../src/net/listener.ts';
import { DEFAULT_FRAMER_LIMITS, StreamFramer } from '../../src/wire/sip/framer.ts';

let browsers = 0;

/** How a phone is connected to the server. */
export interface Line {
  /** What its Via and Contact name as its own place. */
  readonly place: string;
  send(bytes: Buffer): void;
  /** Calls back for each whole message. */
  listen(heard: (bytes: Buffer) => void): void;
  close(): void;
}

export function openLine(to: Listener): Promise<Line> {
  switch (to.transport) {
    case 'udp':
      return datagrams(to);
    case 'tcp':
    case 'tls':
      return stream(to);
    default:
      return webSocket(to);
  }
}

async function datagrams({ address, port }: Listener): Promise<Line> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    place: `127.0.0.1:${socket.address().port}`,
    send: (bytes) => socket.send(bytes, port, address),
    listen: (heard) => socket.on('message', heard),
    close: () => void socket.close(),
  };
}

async function stream({ transport, address: host, port }: Listener): Promise<Line> {
  const secure = transport === 'tls';
  const socket = secure ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
  await once(socket, secure ? 'secureConnect' : 'connect');
  socket.on('error', () => {});
  return {
    place: `127.0.0.1:${socket.localPort};transport=${transport}`,
    send: (bytes) => socket.write(bytes),
    listen: (heard) => frame(socket, heard),
    close: () => void socket.destroy(),
  };
}

async function webSocket({ transport, address, port }: Listener): Promise<Line> {
  const socket = new WebSocket(`${transport}://${address}:${port}`, ['sip'], { rejectUnauthorized: false });
  await once(socket, 'open');
  return {
    // A browser does not know where it is (RFC 7118 §5).
    place: `browser-${++browsers}.invalid;transport=ws`,
    send: (bytes) => socket.send(bytes.toString('latin1')),
    listen: (heard) => socket.on('message', heard),
    close: () => socket.terminate(),
  };
}

function frame(socket: Duplex, message: (bytes: Buffer) => void): void {
  const framer = new StreamFramer(DEFAULT_FRAMER_LIMITS, {
    message,
    ping: () => {},
    fault: (fault) => socket.destroy(new Error(fault)),
  });
  socket.on('data', (chunk: Buffer) => framer.push(chunk));
}
