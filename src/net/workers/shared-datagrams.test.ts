import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { callOwner } from '../../wire/sip/owner.ts';
import type { DatagramOptions } from '../datagram-io.ts';
import { sharedDatagrams } from '../datagram-path.ts';
import type { DatagramOrder, DatagramReport } from '../testing/datagram-worker.ts';
import { refusing } from '../testing/refusing.ts';

const shared = sharedDatagrams();
if (!shared)
  console.log('the datagram accelerator is not built here: the tests of shared sockets are skipped');

const LOCALHOST: DatagramOptions = { address: '127.0.0.1', port: 0, family: 4 };
const PROGRAM = new URL('../testing/datagram-worker.ts', import.meta.url);

class Taker {
  readonly #worker: Worker;

  constructor(index: number, count: number, { life = 0, echo = false } = {}) {
    const workerData = { place: { index, count, life }, echo };
    this.#worker = new Worker(PROGRAM, { workerData, execArgv: [] });
  }

  async open(options: DatagramOptions = LOCALHOST): Promise<number> {
    const { port, code } = await this.#ask({ open: options });
    if (port === undefined) throw new Error(code);
    return port;
  }

  until(count: number): Promise<DatagramReport> {
    return this.#ask({ until: count });
  }

  close(port: number): Promise<DatagramReport> {
    return this.#ask({ close: port });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(order: DatagramOrder): Promise<DatagramReport> {
    const answered = once(this.#worker, 'message');
    this.#worker.postMessage(order);
    const [report] = (await answered) as [DatagramReport];
    return report;
  }
}

const takers: Taker[] = [];
const clients: Socket[] = [];

function take(index: number, count: number, options = {}): Taker {
  const taker = new Taker(index, count, options);
  takers.push(taker);
  return taker;
}

/** @returns the workers, all at one socket, and its port */
async function takeAll(count: number, options: DatagramOptions = LOCALHOST, how = {}) {
  const all = Array.from({ length: count }, (_, index) => take(index, count, how));
  const port = await all[0]!.open(options);
  for (const taker of all.slice(1)) expect(await taker.open({ ...options, port })).toBe(port);
  return { all, port };
}

async function client(family: 4 | 6 = 4): Promise<Socket> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  clients.push(socket);
  socket.bind(0, family === 4 ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  return socket;
}

function send(socket: Socket, text: string, port: number): Promise<void> {
  const { address } = socket.address();
  return new Promise((resolve, reject) => {
    socket.send(Buffer.from(text, 'latin1'), port, address, (error) => (error ? reject(error) : resolve()));
  });
}

function message(callId: string, more = ''): string {
  return `OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP b\r\nCall-ID: ${callId}\r\n${more}\r\n`;
}

/** Call-IDs of which each worker owns `each`. */
function callsOf(index: number, count: number, each: number): string[] {
  const calls: string[] = [];
  for (let i = 0; calls.length < each; i++) {
    if (callOwner(`${i}@x`, count) === index) calls.push(`${i}@x`);
  }
  return calls;
}

/** Whether the address and port are free. */
async function canBind(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.bind({ port, address: '127.0.0.1', exclusive: true });
  try {
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

afterEach(async () => {
  for (const taker of takers.splice(0)) await taker.end();
  for (const socket of clients.splice(0)) socket.close();
  shared?.closeAbandoned();
});

describe.skipIf(!shared)('datagrams of several workers', () => {
  it.each([2, 4])('meet their owners, in order: %i workers', { timeout: 60_000 }, async (count) => {
    const { all, port } = await takeAll(count);
    const socket = await client();
    const expected: string[][] = all.map(() => []);
    for (let sent = 0; sent < 3000; ) {
      // As many as the smallest buffer of a socket holds.
      for (const end = sent + 100; sent < end; sent++) {
        const callId = `call-${sent % 1000}@client.example.com`;
        const text = message(callId, `CSeq: ${sent} OPTIONS\r\n`);
        expected[callOwner(callId, count)]!.push(text);
        await send(socket, text, port);
      }
      await Promise.all(all.map((taker, index) => taker.until(expected[index]!.length)));
    }
    for (const [index, taker] of all.entries()) {
      expect((await taker.until(0)).texts).toEqual(expected[index]);
      expect(expected[index]!.length).toBeGreaterThan(2000 / count);
    }
  });

  it('may all answer by the one socket', async () => {
    const { port } = await takeAll(3, LOCALHOST, { echo: true });
    const socket = await client();
    for (let i = 0; i < 12; i++) {
      const answered = once(socket, 'message');
      await send(socket, message(`${i}@x`), port);
      const [bytes, from] = (await answered) as [Buffer, { port: number }];
      expect(bytes.toString()).toBe(`${callOwner(`${i}@x`, 3)}: ${message(`${i}@x`)}`);
      expect(from.port).toBe(port);
    }
  });

  it('come over IPv6, and on listeners that are opened and closed later', async () => {
    const six: DatagramOptions = { address: '::1', port: 0, family: 6 };
    const { all, port } = await takeAll(2, six, { echo: true });
    const socket = await client(6);
    const answered = once(socket, 'message');
    await send(socket, message('1@x'), port);
    const [bytes] = (await answered) as [Buffer];
    expect(bytes.toString()).toBe(`${callOwner('1@x', 2)}: ${message('1@x')}`);

    const later = await all[1]!.open();
    await all[0]!.open({ ...LOCALHOST, port: later });
    const other = await client();
    const [mine, yours] = [callsOf(0, 2, 1)[0]!, callsOf(1, 2, 1)[0]!];
    const counts = await Promise.all(all.map(async (it) => (await it.until(0)).texts!.length));
    await send(other, message(mine), later);
    await send(other, message(yours), later);
    for (const [index, taker] of all.entries()) await taker.until(counts[index]! + 1);

    await all[0]!.close(later);
    expect(await canBind(later)).toBe(false);
    await send(other, message(yours), later);
    await all[1]!.until(counts[1]! + 2);
    await all[1]!.close(later);
    expect(await canBind(later)).toBe(true);
    // A worker that leaves comes again at once.
    await all[0]!.open({ ...LOCALHOST, port: later });
    await all[0]!.close(later);
    await all[0]!.open({ ...LOCALHOST, port: later });
  });

  it('wait for the successor of a worker that is terminated, and the others notice nothing', async () => {
    const { all, port } = await takeAll(2);
    const socket = await client();
    const [mine, yours] = [callsOf(0, 2, 40), callsOf(1, 2, 40)];
    for (const callId of [...mine, ...yours]) await send(socket, message(callId), port);
    await Promise.all(all.map((taker) => taker.until(40)));
    // In the middle of what comes.
    const ended = all[1]!.end();
    for (const callId of mine) await send(socket, message(callId), port);
    await ended;
    for (const callId of yours) await send(socket, message(callId, 'X: kept\r\n'), port);
    expect((await all[0]!.until(80)).texts).toHaveLength(80);
    const successor = take(1, 2, { life: 1 });
    expect(await successor.open({ ...LOCALHOST, port })).toBe(port);
    const { texts } = await successor.until(40);
    expect(texts).toEqual(yours.map((callId) => message(callId, 'X: kept\r\n')));
    await send(socket, message(yours[0]!, 'X: new\r\n'), port);
    expect((await successor.until(41)).texts!.at(-1)).toBe(message(yours[0]!, 'X: new\r\n'));
  });

  it('are dropped and counted where nobody takes them for long', { timeout: 60_000 }, async () => {
    const { all, port } = await takeAll(2);
    const socket = await client();
    const [mine, yours] = [callsOf(0, 2, 1)[0]!, callsOf(1, 2, 1)[0]!];
    await all[1]!.end();
    const long = message(yours, `X: ${'x'.repeat(60_000)}\r\n`);
    for (let sent = 1; sent <= 100; sent++) {
      await send(socket, long, port);
      await send(socket, message(mine), port);
      await all[0]!.until(sent);
    }
    const successor = take(1, 2, { life: 1 });
    await successor.open({ ...LOCALHOST, port });
    // The ring has four mebibytes.
    const fit = Math.floor((4 << 20) / (long.length + 32));
    await successor.until(fit);
    await send(socket, message(yours, 'X: after\r\n'), port);
    const { texts, overrun } = await successor.until(fit + 1);
    expect(texts!.at(-1)).toBe(message(yours, 'X: after\r\n'));
    expect(texts!.filter((text) => text === long)).toHaveLength(fit);
    expect(overrun).toBe(100 - fit);
  });

  it('leave no socket behind when all workers have ended', async () => {
    const { all, port } = await takeAll(2);
    for (const taker of all) await taker.end();
    expect(await canBind(port)).toBe(false);
    shared!.closeAbandoned();
    expect(await canBind(port)).toBe(true);
  });

  it('refuse a second worker of one index, another number of workers, and a port that is taken', async () => {
    const { port } = await takeAll(2);
    await expect(take(1, 2).open({ ...LOCALHOST, port })).rejects.toThrow('EADDRINUSE');
    await expect(take(1, 3).open({ ...LOCALHOST, port })).rejects.toThrow('EINVAL');
    const socket = await client();
    await expect(take(0, 2).open({ ...LOCALHOST, port: socket.address().port })).rejects.toThrow(
      'EADDRINUSE',
    );
  });

  it('refuses in the inbox what is to be refused', async () => {
    const refusals = refusing();
    const came: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const sink = {
      datagram(bytes: Buffer): void {
        came.push(bytes.toString('latin1'));
        resolve();
      },
      sendFailed: () => {},
    };
    const io = await shared!.openAs({ index: 0, count: 1, life: 0 })({ ...LOCALHOST, refusals }, sink);
    const socket = await client();
    const answered = once(socket, 'message');
    const invite =
      'INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP b;rport;branch=z9hG4bK1\r\nFrom: <sip:b>\r\nTo: <sip:a>\r\n' +
      'Call-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n';
    await send(socket, invite, io.port);
    expect(String((await answered)[0])).toMatch(/^SIP\/2\.0 503 /);
    await send(socket, message('2'), io.port);
    await promise;
    expect(came).toEqual([message('2')]);
    expect(refusals.take().refused).toBe(1);
    await io.close();
  });
});
