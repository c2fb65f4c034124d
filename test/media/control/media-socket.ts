import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { buildTelephoneEvent } from '../../../src/wire/rtp/telephone-event.ts';

/** A phone's end of a medium at 127.0.0.1, until the test ends. */
export async function mediaSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  return socket;
}

/** A UDP port of 127.0.0.1 that was free just now. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** @param payload 160 bytes of G.711 unless given */
export function rtp(
  payloadType: number,
  sequence: number,
  ssrc: number,
  payload: Buffer = Buffer.alloc(160, 0xd5),
): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType;
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(sequence * 160, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** Sends until the other end hears: the first packets may come before the relay knows who it is. */
export async function heard(from: Socket, port: number, to: Socket, ssrc: number): Promise<Buffer> {
  const arrived = once(to, 'message');
  for (let sequence = 1; ; sequence++) {
    from.send(rtp(0, sequence, ssrc), port, '127.0.0.1');
    const [packet] = await Promise.race([
      arrived,
      new Promise<never[]>((resolve) => void setTimeout(() => resolve([]), 20)),
    ]);
    if (packet) return packet as Buffer;
  }
}

/** One key, from its beginning to its three ends. @param event also the SSRC */
export async function pressKey(from: Socket, port: number, event: number): Promise<void> {
  for (let packet = 1; packet <= 7; packet++) {
    const duration = Math.min(packet, 4) * 160;
    const payload = buildTelephoneEvent({ event, end: packet > 4, volume: 10, duration });
    const bytes = rtp(101, 1000 + packet, event, payload);
    // All packets of a key have one timestamp.
    bytes.writeUInt32BE(160, 4);
    await new Promise((resolve) => from.send(bytes, port, '127.0.0.1', resolve));
  }
}
