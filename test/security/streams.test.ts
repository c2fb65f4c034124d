import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FakeClock } from '../../src/base/fake-clock.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { DEFAULT_CONNECTION_LIMITS } from '../../src/net/connection-limits.ts';
import type { Flow } from '../../src/net/flow.ts';
import { Sockets, type SocketsOptions } from '../../src/net/sockets.ts';

const OPTIONS = 'OPTIONS sip:127.0.0.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n';

/** Listens on TCP on loopback with a clock that stands still. */
class Door implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock();
  readonly messages: string[] = [];
  answer: (flow: Flow) => void = () => {};
  sockets!: Sockets;

  static async open(limits: SocketsOptions['limits'] = {}, transport: 'tcp' | 'ws' = 'tcp'): Promise<Door> {
    const door = new Door();
    const { clock } = door;
    const listener = {
      name: transport,
      transport,
      address: '127.0.0.1',
      port: 0,
      family: 4 as const,
      advertised: undefined,
    };
    door.sockets = await Sockets.open(
      [listener],
      { clock, wheel: new TimerWheel(clock), limits },
      {
        message: (bytes, flow) => {
          door.messages.push(bytes.toString('latin1'));
          door.answer(flow);
        },
        flowFailed: () => {},
      },
    );
    return door;
  }

  async enter(): Promise<Socket> {
    const socket = connect(this.sockets.listeners[0]!.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  /** Looks until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sockets[Symbol.asyncDispose]();
  }
}

/** Also where the connection is reset. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

describe('a stream', () => {
  it('is read byte by byte, and two messages in one segment', async () => {
    await using door = await Door.open();
    const socket = await door.enter();
    socket.setNoDelay(true);
    for (const byte of OPTIONS) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await door.until(() => door.messages.length === 1);
    socket.write(OPTIONS + OPTIONS);
    await door.until(() => door.messages.length === 3);
    expect(new Set(door.messages)).toEqual(new Set([OPTIONS]));
    socket.destroy();
  });

  it.each([
    ['a negative length', 'A b SIP/2.0\r\nContent-Length: -1\r\n\r\n'],
    ['a huge length', 'A b SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n'],
    ['2^32 + 32', 'A b SIP/2.0\r\nContent-Length: 4294967328\r\n\r\n'],
    ['two lengths', 'A b SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n'],
    ['a length with a blank before its colon beside another', 'A b SIP/2.0\r\nl : 1\r\nl: 2\r\n\r\n'],
    ['no length', 'A b SIP/2.0\r\n\r\n'],
    ['a header without end', `A b SIP/2.0\r\n${'a: b\r\n'.repeat(10_000)}`],
    ['a line without end', 'x'.repeat(70_000)],
    ['TLS', '\x16\x03\x01\x02\x00\x01'],
    ['NULs', '\0'.repeat(100)],
  ])('ends at %s', async (_what, text) => {
    await using door = await Door.open();
    const socket = await door.enter();
    const end = closed(socket);
    socket.write(Buffer.from(text, 'latin1'));
    await end;
    expect(door.messages).toEqual([]);
    expect(door.sockets.counters.framingFaults).toBe(1);
    expect(door.sockets.openConnections).toBe(0);
  });

  it('answers 8 KB of keep-alives with one pong', async () => {
    await using door = await Door.open();
    const socket = await door.enter();
    let heard = 0;
    socket.on('data', (bytes) => {
      heard += bytes.length;
    });
    socket.write('\r\n'.repeat(4096) + OPTIONS);
    await door.until(() => door.messages.length === 1 && heard > 0);
    expect(heard).toBeLessThanOrEqual(64);
    socket.destroy();
  });

  it('ends where no message comes in time, or only its beginning (slow loris)', async () => {
    await using door = await Door.open();
    const [silent, slow] = [await door.enter(), await door.enter()];
    const end = closed(silent);
    slow.write(OPTIONS);
    await door.until(() => door.messages.length === 1);
    slow.write('OPTIONS ');
    await door.until(() => door.sockets.openConnections === 2);
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      slow.write('x');
      door.clock.advance(DEFAULT_CONNECTION_LIMITS.messageMs / 2);
    }
    await Promise.all([end, door.until(() => door.sockets.openConnections === 0)]);
    expect(door.sockets.counters.halfOpenClosed).toBe(1);
  });

  it('gives way to newer ones where too many are silent, which are not counted for their source any more (AST-2016-005)', async () => {
    await using door = await Door.open({ maxHalfOpen: 8, maxPerSource: 20 });
    const silent: Socket[] = [];
    for (let i = 0; i < 40; i++) silent.push(await door.enter());
    const { counters } = door.sockets;
    await door.until(() => counters.connectionsAccepted + counters.connectionsRefused === 40);
    expect(door.sockets.openConnections).toBe(8);
    const honest = await door.enter();
    honest.write(OPTIONS);
    await door.until(() => door.messages.length === 1);
    expect(counters.connectionsRefused).toBe(0);
    for (const socket of [...silent, honest]) socket.destroy();
  });

  it('is refused where one source has too many', async () => {
    await using door = await Door.open({ maxPerSource: 4 });
    const many = await Promise.all(Array.from({ length: 10 }, () => door.enter()));
    const { counters } = door.sockets;
    await door.until(() => counters.connectionsAccepted + counters.connectionsRefused === 10);
    expect(door.sockets.openConnections).toBe(4);
    for (const socket of many) socket.destroy();
    await door.until(() => door.sockets.openConnections === 0);
    await door.enter();
    await door.until(() => door.sockets.openConnections === 1);
    expect(counters.connectionsRefused).toBe(6);
  });

  it('is not read where its peer does not read, and then ends', async () => {
    await using door = await Door.open();
    const answer = Buffer.from(`SIP/2.0 200 OK\r\n${'x'.repeat(4000)}`);
    let refused = 0;
    door.answer = (flow) => {
      if (!flow.send(answer)) refused++;
    };
    const socket = await door.enter();
    socket.pause();
    let written = 0;
    const most = 64 * 1024 * 1024;
    const block = Buffer.from(OPTIONS.repeat(500));
    // Stops writing when the kernel takes no more: the server has stopped reading.
    for (let idle = 0; idle < 200 && written < most; ) {
      if (socket.writableLength === 0) {
        socket.write(block);
        written += block.length;
        idle = 0;
      } else idle++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(written).toBeLessThan(most);
    expect(refused).toBeLessThan(door.messages.length / 2);
    door.clock.advance(DEFAULT_CONNECTION_LIMITS.stalledMs);
    expect(door.sockets.counters.stalledClosed).toBe(1);
    expect(door.sockets.openConnections).toBe(0);
    socket.destroy();
  });

  it('is not read where its peer does not read, on a WebSocket too', async () => {
    await using door = await Door.open({}, 'ws');
    const answer = Buffer.from(`SIP/2.0 200 OK\r\n${'x'.repeat(4000)}`);
    door.answer = (flow) => void flow.send(answer);
    const peer = new WebSocket(`ws://127.0.0.1:${door.sockets.listeners[0]!.port}`, 'sip');
    await once(peer, 'open');
    peer.pause();
    let written = 0;
    const most = 64 * 1024 * 1024;
    for (let idle = 0; idle < 200 && written < most; idle++) {
      if (peer.bufferedAmount === 0) {
        for (let i = 0; i < 500; i++) peer.send(OPTIONS);
        written += 500 * OPTIONS.length;
        idle = 0;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(written).toBeLessThan(most);
    door.clock.advance(10 * 60_000);
    expect(door.sockets.openConnections).toBe(0);
    peer.terminate();
  });
});
