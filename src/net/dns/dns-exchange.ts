import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { type DnsQuery, type DnsReply, readReply } from './dns-query.ts';

/** Where a name server listens. */
export interface ServerAddress {
  /** IP address without brackets; an IPv6 address may have a zone. */
  readonly address: string;
  readonly port: number;
}

/** How one server took one question. */
export type Exchange =
  | Extract<DnsReply, { kind: 'answer' | 'over-tcp' }>
  /** It answered, but has nothing to say. */
  | Extract<DnsReply, { kind: 'refused' }>
  /** Not a word came from it in time, or nobody is there. */
  | { readonly kind: 'silent'; readonly reason: string };

/** Foreign datagrams before a question is given up over UDP: so many come only from somebody who guesses. */
const MOST_FOREIGN = 64;

/** Asks over UDP, from a socket and so from a port of its own (RFC 5452 §9.2), which takes datagrams of that server alone. */
export function askByUdp(
  server: ServerAddress,
  query: DnsQuery,
  timeoutMs: number,
  clock: Clock,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    socket.unref();
    const timer = clock.setTimer(timeoutMs, () => end({ kind: 'silent', reason: 'no answer in time' }));
    let foreign = 0;
    let ended = false;
    function end(exchange: Exchange): void {
      if (ended) return;
      ended = true;
      timer.cancel();
      socket.close();
      resolve(exchange);
    }
    const failed = (error: NodeJS.ErrnoException) =>
      end({ kind: 'silent', reason: error.code ?? error.message });
    socket.on('error', failed);
    socket.on('message', (bytes) => {
      const reply = readReply(bytes, query, false);
      if (reply.kind !== 'foreign') end(reply);
      else if (++foreign > MOST_FOREIGN) end({ kind: 'over-tcp' });
    });
    socket.on('connect', () => {
      if (ended) return;
      socket.send(query.bytes, (error) => {
        if (error) failed(error);
      });
    });
    socket.connect(server.port, server.address);
  });
}

/** Asks over TCP (RFC 7766): one question, one connection. */
export function askByTcp(
  server: ServerAddress,
  query: DnsQuery,
  timeoutMs: number,
  clock: Clock,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    socket.unref();
    const timer = clock.setTimer(timeoutMs, () => end({ kind: 'silent', reason: 'no answer in time' }));
    let got = Buffer.alloc(0);
    function end(exchange: Exchange): void {
      timer.cancel();
      socket.destroy();
      resolve(exchange);
    }
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end({ kind: 'silent', reason: error.code ?? error.message }),
    );
    socket.on('close', () => end({ kind: 'silent', reason: 'closed without an answer' }));
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.bytes.length);
      socket.write(Buffer.concat([length, query.bytes]));
    });
    socket.on('data', (chunk: Buffer) => {
      // Never more than the two bytes of the length can say.
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const reply = readReply(got.subarray(2, 2 + got.readUInt16BE(0)), query, true);
      const usable = reply.kind === 'answer' || reply.kind === 'refused';
      end(usable ? reply : { kind: 'refused', reason: 'the answer to something else' });
    });
  });
}
