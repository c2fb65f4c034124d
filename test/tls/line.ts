import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { formatHostPort } from '../../src/base/ip.ts';
import type { TransportName } from '../../src/net/transport-name.ts';
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

/** The socket of a server. */
export interface LineEnd {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
}

/** @param local the phone's own address */
export function openLine(to: LineEnd, local = '127.0.0.1'): Promise<Line> {
  switch (to.transport) {
    case 'udp':
      return datagrams(to, local);
    case 'tcp':
    case 'tls':
      return stream(to);
    default:
      return webSocket(to);
  }
}

async function datagrams({ address, port }: LineEnd, local: string): Promise<Line> {
  const socket = createSocket(local.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, local);
  await once(socket, 'listening');
  return {
    place: formatHostPort(local, socket.address().port),
    send: (bytes) => socket.send(bytes, port, address),
    listen: (heard) => socket.on('message', heard),
    close: () => void socket.close(),
  };
}

async function stream({ transport, address: host, port }: LineEnd): Promise<Line> {
  const secure = transport === 'tls';
  const socket = secure ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
  await once(socket, secure ? 'secureConnect' : 'connect');
  socket.on('error', () => {});
  return {
    place: `${formatHostPort(socket.localAddress ?? '', socket.localPort ?? 0)};transport=${transport}`,
    send: (bytes) => socket.write(bytes),
    listen: (heard) => frame(socket, heard),
    close: () => void socket.destroy(),
  };
}

async function webSocket({ transport, address, port }: LineEnd): Promise<Line> {
  const socket = new WebSocket(`${transport}://${formatHostPort(address, port)}`, ['sip'], {
    rejectUnauthorized: false,
  });
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
