import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { channels } from '../../base/channels.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { callIdOwnedBy } from '../../wire/sip/owner.ts';
import type { Flow } from '../flow.ts';
import type { Listener } from '../listener.ts';
import type { NetworkSink } from '../network.ts';
import { Sockets, type SocketsOptions } from '../sockets.ts';
import { PortPeers } from './port-peers.ts';

/** The same listener in every worker, here each on a port of its own, so that a test says who accepts. */
const LISTENER: Listener = {
  name: 'door',
  transport: 'tcp',
  address: '127.0.0.1',
  port: 0,
  family: 4,
  advertised: undefined,
};

class TestWorker extends EventEmitter implements NetworkSink, AsyncDisposable {
  readonly index: number;
  readonly clock: FakeClock = new FakeClock();
  readonly peers: PortPeers = new PortPeers();
  readonly texts: string[] = [];
  readonly flows: Flow[] = [];
  readonly failures: string[] = [];
  readonly closed: Flow[] = [];
  sockets!: Sockets;

  constructor(index: number) {
    super();
    this.index = index;
  }

  async open(count: number, options: Partial<SocketsOptions> = {}, life = 0): Promise<this> {
    const { index, clock, peers } = this;
    const workers = { place: { index, count, life }, peers };
    this.sockets = await Sockets.open(
      [LISTENER],
      { clock, wheel: new TimerWheel(clock), workers, ...options },
      this,
    );
    return this;
  }

  get listener(): Listener {
    return this.sockets.listeners[0]!;
  }

  message(bytes: Buffer, flow: Flow): void {
    this.texts.push(bytes.toString('latin1'));
    this.flows.push(flow);
    this.emit('change');
  }

  flowFailed(_flow: Flow, reason: string): void {
    this.failures.push(reason);
    this.emit('change');
  }

  flowClosed(flow: Flow): void {
    this.closed.push(flow);
    this.emit('change');
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this, 'change');
  }

  /** Waits until this worker has heard all that others have posted by now. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sockets[Symbol.asyncDispose]();
    await this.peers[Symbol.asyncDispose]();
  }
}

const opened: (TestWorker | Socket)[] = [];

afterEach(async () => {
  for (const it of opened.splice(0).reverse()) {
    if (it instanceof TestWorker) await it[Symbol.asyncDispose]();
    else it.destroy();
  }
});

function join(a: TestWorker, b: TestWorker): void {
  const { port1, port2 } = new MessageChannel();
  a.peers.attach(b.index, port1);
  b.peers.attach(a.index, port2);
}

async function two(options: Partial<SocketsOptions> = {}): Promise<[TestWorker, TestWorker]> {
  const workers: [TestWorker, TestWorker] = [new TestWorker(0), new TestWorker(1)];
  join(...workers);
  for (const worker of workers) opened.push(await worker.open(2, options));
  return workers;
}

async function client(to: TestWorker): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: to.listener.port });
  opened.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A message of a call that the worker owns. */
function message(owner: number, id: string, body = ''): string {
  const callId = callIdOwnedBy(owner, 2, id, '');
  return `OPTIONS sip:a SIP/2.0\r\nCall-ID: ${callId}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function read(socket: Socket, length: number): Promise<string> {
  let got = '';
  while (got.length < length) got += ((await once(socket, 'data')) as [Buffer])[0].toString('latin1');
  return got;
}

describe('connections of several workers', () => {
  it('bring each message to its owner, who answers on the flow', async () => {
    const [zero, one] = await two();
    const phone = await client(zero);
    const sent = ['a', 'b', 'c', 'd'].map((id, i) => message(i % 2, id, 'x'.repeat(i)));
    phone.write(sent.join(''), 'latin1');
    await one.until(() => one.texts.length === 2);
    expect(zero.texts).toEqual([sent[0], sent[2]]);
    expect(one.texts).toEqual([sent[1], sent[3]]);
    const [near] = zero.flows;
    const [flow, same] = one.flows;
    expect(same).toBe(flow);
    expect(flow).toMatchObject({
      listener: one.listener,
      transport: 'tcp',
      remoteAddress: '127.0.0.1',
      remotePort: phone.localPort,
      connectionId: near!.connectionId,
    });
    const answers = [message(1, 'e'), message(1, 'f')];
    for (const answer of answers) expect(flow!.send(Buffer.from(answer))).toBe(true);
    expect(await read(phone, answers.join('').length)).toBe(answers.join(''));
    expect(zero.sockets.counters).toMatchObject({
      streamMessagesIn: 4,
      streamMessagesOut: 2,
      handedOver: 2,
    });
    expect(one.sockets.counters).toMatchObject({ takenOver: 2, streamMessagesIn: 0 });
  });

  it('are found from every worker by their id and by their peer, and have ids of their own', async () => {
    const [zero, one] = await two();
    const phones = [await client(zero), await client(one), await client(zero)];
    for (const [i, phone] of phones.entries()) phone.write(message(i % 2, `${i}`));
    await zero.until(() => zero.flows.length === 2);
    await one.settle();
    const ids = [...zero.flows, ...one.flows].map((flow) => flow.connectionId);
    expect(new Set(ids).size).toBe(3);
    for (const [i, phone] of phones.entries()) {
      const to = { transport: 'tcp', address: '127.0.0.1', port: phone.localPort! } as const;
      for (const worker of [zero, one]) {
        const flow = worker.sockets.flowTo(worker.listener, to)!;
        expect(worker.sockets.connection(flow.connectionId)).toBe(flow);
        flow.send(Buffer.from(message(0, `to ${i}`)));
        expect(await read(phone, 1)).toBe(message(0, `to ${i}`));
      }
    }
    expect(zero.sockets.counters.connectionsDialled + one.sockets.counters.connectionsDialled).toBe(0);
    expect([zero.sockets.connections().length, one.sockets.connections().length]).toEqual([2, 1]);
  });

  it('are told of when they close', async () => {
    const [zero, one] = await two();
    const [phone, other] = [await client(zero), await client(zero)];
    for (const it of [phone, other]) it.write(message(1, 'a'));
    await one.until(() => one.flows.length === 2);
    const flow = one.flows.find((it) => it.remotePort === phone.localPort)!;
    phone.end();
    await one.until(() => one.closed.length === 1);
    expect(one.closed).toEqual([flow]);
    expect(one.failures).toEqual([]);
    expect(one.sockets.connection(flow.connectionId)).toBeUndefined();
    expect(flow.send(Buffer.from('x'))).toBe(false);
    const rest = one.flows.find((it) => it !== flow)!;
    expect(one.sockets.connection(rest.connectionId)).toBe(rest);
  });

  it('are unknown to the others while they are half-open', async () => {
    const [zero, one] = await two();
    const phone = await client(zero);
    phone.write('OPTIONS sip:a');
    await zero.settle();
    const id = zero.sockets.connections()[0]!.connectionId;
    expect(one.sockets.connection(id)).toBeUndefined();
    phone.destroy();
    await zero.until(() => zero.closed.length === 1);
    await one.settle();
    expect(one.closed).toEqual([]);
  });

  it('end for the others with the worker that had them; its successor learns of theirs, and repeats no id', async () => {
    const [zero, one] = await two();
    const [phone, fixed] = [await client(zero), await client(one)];
    phone.write(message(1, 'a'));
    fixed.write(message(1, 'b'));
    await one.until(() => one.flows.length === 2);
    const lost = one.flows.find((it) => it.remotePort === phone.localPort)!;
    await zero[Symbol.asyncDispose]();
    one.peers.detach(0);
    expect(one.closed).toEqual([lost]);
    expect(one.failures).toEqual(['its worker has ended']);
    // What comes meanwhile waits.
    fixed.write(message(0, 'c'));
    await one.settle();
    const again = new TestWorker(0);
    opened.push(await again.open(2, {}, 1));
    join(again, one);
    await again.until(() => again.texts.length === 1);
    expect(again.texts).toEqual([message(0, 'c')]);
    again.flows[0]!.send(Buffer.from(message(0, 'd')));
    expect(await read(fixed, 1)).toBe(message(0, 'd'));
    const back = await client(again);
    back.write(message(1, 'e'));
    await one.until(() => one.flows.length === 3);
    expect(one.flows[2]!.connectionId).not.toBe(lost.connectionId);
  });

  it('are known to a worker that begins to listen late', async () => {
    const [zero, one] = [new TestWorker(0), new TestWorker(1)];
    join(zero, one);
    opened.push(await zero.open(2));
    const phone = await client(zero);
    phone.write(message(0, 'a') + message(1, 'b'));
    await zero.until(() => zero.texts.length === 1);
    await zero.settle();
    opened.push(await one.open(2));
    await one.until(() => one.texts.length === 1);
    expect(one.flows[0]!.connectionId).toBe(zero.flows[0]!.connectionId);
  });

  it('are found by their other keys, too, by a worker that begins to listen late', async () => {
    const [zero, one] = [new TestWorker(0), new TestWorker(1)];
    join(zero, one);
    opened.push(await zero.open(2, { reuse: 'all' }));
    const phone = await client(zero);
    phone.write(message(0, 'a') + message(1, 'b'));
    await zero.until(() => zero.texts.length === 1);
    zero.sockets.reuse(zero.flows[0]!, 5099);
    opened.push(await one.open(2, { reuse: 'all' }));
    await one.until(() => one.texts.length === 1);
    const back = { transport: 'tcp', address: '127.0.0.1', port: 5099 } as const;
    expect(one.sockets.flowTo(one.listener, back)).toBe(one.flows[0]);
  });

  it('keep nothing but the message that waits for a slow peer', async () => {
    const [zero, one] = await two();
    const phone = await client(zero);
    phone.write(message(1, 'a'));
    await one.until(() => one.flows.length === 1);
    const kept: number[] = [];
    const hear = (it: unknown) => {
      const { direction, bytes } = it as { direction: string; bytes: Buffer };
      if (direction === 'out') kept.push(bytes.buffer.byteLength);
    };
    channels.wire.subscribe(hear);
    try {
      for (let i = 0; i < 3; i++) one.flows[0]!.send(Buffer.alloc(40_000, 'x'));
      await read(phone, 120_000);
    } finally {
      channels.wire.unsubscribe(hear);
    }
    expect(kept).toEqual([40_000, 40_000, 40_000]);
  });

  it('refuse what has no room on the way, and take more when that was read', async () => {
    const [zero, one] = await two({ limits: { maxQueuedBytes: 64 << 20 } });
    const phone = await client(zero);
    phone.write(message(1, 'a'));
    await one.until(() => one.flows.length === 1);
    const flow = one.flows[0]!;
    const part = Buffer.alloc(1 << 20, 'x');
    const sent = [1, 2, 3, 4, 5].map(() => flow.send(part));
    expect(sent).toEqual([true, true, true, true, false]);
    expect(one.sockets.counters.handOversDropped).toBe(1);
    await read(phone, 4 << 20);
    await one.settle();
    expect(flow.send(part)).toBe(true);
    await read(phone, 1 << 20);
  });

  it('fail for the other worker where they cannot take what it sends', async () => {
    const [zero, one] = await two({ limits: { maxQueuedBytes: 100 } });
    const phone = await client(zero);
    phone.write(message(1, 'a'));
    await one.until(() => one.flows.length === 1);
    expect(one.flows[0]!.send(Buffer.alloc(101))).toBe(true);
    await one.until(() => one.failures.length === 1);
    expect(one.failures).toEqual(['its queue is full']);
    expect(zero.sockets.counters.streamMessagesDropped).toBe(1);
  });

  it('are watched over and called back on as another worker wishes', async () => {
    const [zero, one] = await two({ reuse: 'all' });
    const phone = await client(zero);
    phone.write(message(1, 'a'));
    await one.until(() => one.flows.length === 1);
    const [flow] = one.flows;
    one.sockets.reuse(flow!, 5099);
    flow!.hearWithin!(20_000);
    await zero.settle();
    const back = { transport: 'tcp', address: '127.0.0.1', port: 5099 } as const;
    expect(one.sockets.flowTo(one.listener, back)).toBe(flow);
    expect(zero.sockets.flowTo(zero.listener, back)!.connectionId).toBe(flow!.connectionId);
    zero.clock.advance(20_000);
    await one.until(() => one.closed.length === 1);
    expect(zero.sockets.counters.silentPeersClosed).toBe(1);
    expect(one.sockets.flowTo(one.listener, back)).not.toBe(flow);
  });

  it('may be dialled by one worker and used by all', async () => {
    const [zero, one] = await two();
    const far = await new TestWorker(0).open(1);
    opened.push(far);
    const to = { transport: 'tcp', address: '127.0.0.1', port: far.listener.port } as const;
    const flow = zero.sockets.flowTo(zero.listener, to)!;
    flow.send(Buffer.from(message(0, 'a')));
    await far.until(() => far.texts.length === 1);
    await one.settle();
    const same = one.sockets.flowTo(one.listener, to)!;
    expect(same.connectionId).toBe(flow.connectionId);
    same.send(Buffer.from(message(1, 'b')));
    await far.until(() => far.texts.length === 2);
    far.flows[0]!.send(Buffer.from(message(1, 'c')));
    await one.until(() => one.texts.length === 1);
    expect(one.flows).toEqual([same]);
  });
});
