import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { callOwner } from '../../wire/sip/owner.ts';
import type { SocketOrder, SocketReport } from '../testing/socket-worker.ts';

const PROGRAM = new URL('../testing/socket-worker.ts', import.meta.url);

class ThreadUnderTest {
  readonly index: number;
  readonly closed: number[] = [];
  readonly worker: Worker;

  constructor(index: number, count: number, life: number) {
    this.index = index;
    this.worker = new Worker(PROGRAM, { workerData: { place: { index, count, life } }, execArgv: [] });
    this.worker.on('message', (report: SocketReport) => {
      if ('closed' in report) this.closed.push(report.closed);
    });
  }

  order(order: SocketOrder): void {
    this.worker.postMessage(order, 'port' in order ? [order.port] : []);
  }

  async open(port: number): Promise<number> {
    this.order({
      open: { name: 'door', transport: 'tcp', address: '127.0.0.1', port, family: 4, advertised: undefined },
    });
    for (;;) {
      const [report] = (await once(this.worker, 'message')) as [SocketReport];
      if ('port' in report) return report.port;
    }
  }

  /** The ports of those whose connections it has. */
  async list(): Promise<readonly number[]> {
    this.order({ list: true });
    for (;;) {
      const [report] = (await once(this.worker, 'message')) as [SocketReport];
      if ('peers' in report) return report.peers;
    }
  }

  async hasHeardClosing(port: number): Promise<void> {
    while (!this.closed.includes(port)) await once(this.worker, 'message');
  }
}

const threads: ThreadUnderTest[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  for (const socket of clients.splice(0)) socket.destroy();
  for (const { worker } of threads.splice(0)) await worker.terminate();
});

function attach(thread: ThreadUnderTest, others: readonly ThreadUnderTest[]): void {
  for (const other of others) {
    const { port1, port2 } = new MessageChannel();
    thread.order({ attach: other.index, port: port1 });
    other.order({ attach: thread.index, port: port2 });
  }
}

function begin(index: number, count: number, life = 0): ThreadUnderTest {
  const thread = new ThreadUnderTest(index, count, life);
  threads.push(thread);
  return thread;
}

class Phone {
  readonly socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
  }

  static async at(port: number): Promise<Phone> {
    const socket = connect({ host: '127.0.0.1', port });
    clients.push(socket);
    await once(socket, 'connect');
    return new Phone(socket);
  }

  /** @returns the index of the worker that answers */
  async ask(callId: string): Promise<number> {
    const text = `OPTIONS sip:a SIP/2.0\r\nCall-ID: ${callId}\r\nContent-Length: 0\r\n\r\n`;
    this.socket.write(text);
    while (!this.#text.includes('\r\n\r\n')) {
      const [bytes] = (await once(this.socket, 'data')) as [Buffer];
      this.#text += bytes.toString('latin1');
    }
    const end = this.#text.indexOf('\r\n\r\n') + 4;
    const answer = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    expect(answer.slice(answer.indexOf(' ') + 1)).toBe(text);
    return Number(answer.slice(0, answer.indexOf(' ')));
  }
}

describe('workers that listen on one port', { timeout: 60_000 }, () => {
  it.each([2, 4])('bring every message to its owner, and answer where it came: %i workers', async (count) => {
    const all = Array.from({ length: count }, (_, index) => begin(index, count));
    for (const thread of all) {
      attach(
        thread,
        all.filter((other) => other.index < thread.index),
      );
    }
    const port = await all[0]!.open(0);
    for (const thread of all.slice(1)) expect(await thread.open(port)).toBe(port);
    const phones = await Promise.all(Array.from({ length: 3 * count }, () => Phone.at(port)));
    for (const [n, phone] of phones.entries()) {
      for (let i = 0; i < 20; i++)
        expect(await phone.ask(`${n}-${i}@x`)).toBe(callOwner(`${n}-${i}@x`, count));
    }
    const [first] = phones;
    const { localPort } = first!.socket;
    first!.socket.end();
    for (const thread of all) await thread.hasHeardClosing(localPort!);
  });

  it('lose with one of them its connections only', async () => {
    const all = [begin(0, 2), begin(1, 2)];
    attach(all[1]!, [all[0]!]);
    const port = await all[0]!.open(0);
    await all[1]!.open(port);
    const phones = await Promise.all(Array.from({ length: 16 }, () => Phone.at(port)));
    for (const phone of phones) await phone.ask('before@x');
    const lost = await all[1]!.list();
    const closed = phones
      .filter(({ socket }) => lost.includes(socket.localPort!))
      .map(({ socket }) => once(socket, 'close'));
    const kept = phones.filter(({ socket }) => !lost.includes(socket.localPort!));
    await all[1]!.worker.terminate();
    all[0]!.order({ detach: 1 });
    await Promise.all(closed);
    for (const port of lost) await all[0]!.hasHeardClosing(port);
    const successor = begin(1, 2, 1);
    attach(successor, [all[0]!]);
    await successor.open(port);
    for (const phone of [...kept, await Phone.at(port), await Phone.at(port)]) {
      for (let i = 0; i < 20; i++) expect(await phone.ask(`${i}@x`)).toBe(callOwner(`${i}@x`, 2));
    }
    expect(all[0]!.closed.toSorted()).toEqual(lost.toSorted());
  });
});
