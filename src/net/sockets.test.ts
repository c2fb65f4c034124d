import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { channels } from '../base/channels.ts';
import { SystemClock } from '../base/clock.ts';
import { FakeClock } from '../base/fake-clock.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { type Flow, KEEP_ALIVE } from './flow.ts';
import { type Listener, listenerName } from './listener.ts';
import type { NetworkSink } from './network.ts';
import { Sockets, type SocketsOptions } from './sockets.ts';
import type { TransportName } from './transport-name.ts';

/** Hands what arrives to whoever waits for it. */
class Heard extends EventEmitter implements NetworkSink {
  readonly texts: string[] = [];
  readonly flows: Flow[] = [];
  readonly failures: string[] = [];
  readonly closed: Flow[] = [];

  message(bytes: Buffer, flow: Flow): void {
    this.texts.push(bytes.toString('latin1'));
    this.flows.push(flow);
    if (bytes.toString('latin1').startsWith('THROW')) throw new Error('a fault of the floor above');
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
}

const open: (AsyncDisposable | Disposable)[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
    else resource[Symbol.dispose]();
  }
});

function listener(transport: TransportName, address = '127.0.0.1', port = 0): Listener {
  const family = address.includes(':') ? 6 : 4;
  return {
    name: listenerName(transport, address, port),
    transport,
    address,
    port,
    family,
    advertised: undefined,
  };
}

async function start(asked: readonly Listener[], options: Partial<SocketsOptions> = {}) {
  const clock = options.clock ?? new SystemClock();
  const wheel = new TimerWheel(clock);
  const heard = new Heard();
  const sockets = await Sockets.open(asked, { clock, wheel, ...options }, heard);
  open.push(sockets, { [Symbol.dispose]: () => wheel.close() });
  return { sockets, heard, first: sockets.listeners[0]! };
}

async function udpPeer(): Promise<DatagramSocket> {
  const peer = createSocket('udp4');
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  open.push({ [Symbol.dispose]: () => void peer.close() });
  return peer;
}

async function tcpPeer(to: Listener): Promise<Socket> {
  const peer = connect({ host: to.address, port: to.port });
  peer.on('error', () => {});
  open.push({ [Symbol.dispose]: () => void peer.destroy() });
  await once(peer, 'connect');
  return peer;
}

async function tcpServer(): Promise<Server> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ [Symbol.dispose]: () => void server.close() });
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Reads until `text` is there. */
async function read(peer: Socket, text: string): Promise<string> {
  let got = '';
  while (!got.includes(text)) got += ((await once(peer, 'data')) as [Buffer])[0].toString('latin1');
  return got;
}

function message(id: string): Buffer {
  return Buffer.from(
    `OPTIONS sip:example.com SIP/2.0\r\nCall-ID: ${id}\r\nContent-Length: 0\r\n\r\n`,
    'latin1',
  );
}

describe('Sockets on UDP', () => {
  it('receives, and answers on the flow', async () => {
    const { sockets, heard, first } = await start([listener('udp')]);
    expect(first.port).toBeGreaterThan(0);
    expect(first.name).toBe(`udp:127.0.0.1:${first.port}`);
    const peer = await udpPeer();
    peer.send(message('1\xff'), first.port, first.address);
    await heard.until(() => heard.texts.length === 1);
    expect(heard.texts).toEqual([message('1\xff').toString('latin1')]);
    const flow = heard.flows[0]!;
    expect(flow).toMatchObject({
      transport: 'udp',
      remoteAddress: '127.0.0.1',
      remotePort: peer.address().port,
    });
    expect(flow.listener).toBe(first);
    const answered = once(peer, 'message');
    expect(flow.send(Buffer.from('answer'))).toBe(true);
    const [bytes, from] = (await answered) as [Buffer, { port: number }];
    expect([String(bytes), from.port]).toEqual(['answer', first.port]);
    expect(sockets.counters).toMatchObject({ datagramsIn: 1, datagramsOut: 1 });
  });

  it('works on IPv6', async () => {
    const { sockets, heard, first } = await start([listener('udp', '::1'), listener('udp', '::1')]);
    const flow = sockets.flowTo(first, {
      transport: 'udp',
      address: '::1',
      port: sockets.listeners[1]!.port,
    });
    flow!.send(message('6'));
    await heard.until(() => heard.texts.length === 1);
    expect(heard.flows[0]).toMatchObject({ remoteAddress: '::1', remotePort: first.port });
  });

  it('swallows keep-alives and STUN, and counts them', async () => {
    const { sockets, heard, first } = await start([listener('udp')]);
    const peer = await udpPeer();
    for (const bytes of ['', '\r\n\r\n', '\0\0\0\0', '\x00\x01\x00\x00abc', '\x01\x01', '\r\nOPTIONS']) {
      peer.send(Buffer.from(bytes, 'latin1'), first.port, first.address);
    }
    await heard.until(() => heard.texts.length === 1);
    expect(heard.texts).toEqual(['\r\nOPTIONS']);
    expect(sockets.counters).toMatchObject({ datagramsIn: 6, keepAlivesIn: 3, stunIgnored: 2 });
  });

  it('has one flow for a peer, and never that of another', async () => {
    const { sockets, first } = await start([listener('udp')]);
    const to = (address: string, port: number) => sockets.flowTo(first, { transport: 'udp', address, port })!;
    expect(to('127.0.0.1', 9)).toBe(to('127.0.0.1', 9));
    const peers = Array.from({ length: 10_000 }, (_, i) => [`127.0.${i % 100}.1`, 1 + (i % 7919)] as const);
    const wrong = peers.filter(([address, port]) => {
      const { remoteAddress, remotePort } = to(address, port);
      return remoteAddress !== address || remotePort !== port;
    });
    expect(wrong).toEqual([]);
  });

  it('tells of datagrams that cannot leave', async () => {
    const { sockets, heard, first } = await start([listener('udp')]);
    const flow = sockets.flowTo(first, { transport: 'udp', address: '127.0.0.1', port: 9 })!;
    expect(flow.send(Buffer.alloc(70_000))).toBe(true);
    await heard.until(() => heard.failures.length === 1);
    expect(heard.failures).toEqual(['EMSGSIZE']);
    expect(
      sockets.flowTo(first, { transport: 'udp', address: '127.0.0.1', port: 0 })!.send(message('0')),
    ).toBe(false);
    expect(sockets.counters).toMatchObject({ datagramsFailed: 1, datagramsDropped: 1 });
  });

  it('tells a phone by STUN where it is seen, on the SIP port (RFC 5626 §4.4.2)', async () => {
    const { sockets, first } = await start([listener('udp')]);
    const peer = await udpPeer();
    peer.send(Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex'), first.port, first.address);
    const [answer] = (await once(peer, 'message')) as [Buffer];
    expect(answer.readUInt16BE(0)).toBe(0x0101);
    expect(answer.readUInt16BE(26) ^ 0x2112).toBe(peer.address().port);
    expect(sockets.counters).toMatchObject({ stunAnswered: 1, datagramsOut: 0 });
  });

  it('survives exceptions of the floor above', async () => {
    const { sockets, heard, first } = await start([listener('udp')]);
    const peer = await udpPeer();
    peer.send('THROW', first.port, first.address);
    peer.send('more', first.port, first.address);
    await heard.until(() => heard.texts.length === 2);
    expect(sockets.counters.sinkFaults).toBe(1);
  });

  it('publishes what passes', async () => {
    const { heard, first } = await start([listener('udp')]);
    const seen: unknown[] = [];
    const subscriber = (event: unknown) => void seen.push(event);
    channels.wire.subscribe(subscriber);
    open.push({ [Symbol.dispose]: () => void channels.wire.unsubscribe(subscriber) });
    const peer = await udpPeer();
    const remote = `127.0.0.1:${peer.address().port}`;
    peer.send('hello', first.port, first.address);
    await heard.until(() => heard.texts.length === 1);
    heard.flows[0]!.send(Buffer.from('bye'));
    const local = `127.0.0.1:${first.port}`;
    expect(seen).toEqual([
      { direction: 'in', bytes: Buffer.from('hello'), transport: 'udp', local, remote },
      { direction: 'out', bytes: Buffer.from('bye'), transport: 'udp', local, remote },
    ]);
  });
});

describe('Sockets on TCP', () => {
  it('frames messages, answers on the connection, and reuses it', async () => {
    const { sockets, heard, first } = await start([listener('tcp')]);
    const peer = await tcpPeer(first);
    const both = Buffer.concat([message('1'), message('2')]);
    peer.write(both.subarray(0, 20));
    peer.write(both.subarray(20));
    await heard.until(() => heard.texts.length === 2);
    const flow = heard.flows[0]!;
    expect(flow.remotePort).toBe(peer.localPort);
    expect(sockets.connection(flow.connectionId)).toBe(flow);
    const again = sockets.flowTo(first, { transport: 'tcp', address: '127.0.0.1', port: peer.localPort! });
    expect(again).toBe(flow);
    again!.send(message('3'));
    expect(await read(peer, '\r\n\r\n')).toBe(message('3').toString('latin1'));
    expect(sockets.counters).toMatchObject({
      streamMessagesIn: 2,
      streamMessagesOut: 1,
      connectionsAccepted: 1,
    });
  });

  it('dials from the address of the listener, once', async () => {
    const { sockets, heard, first } = await start([listener('tcp', '127.0.0.2')]);
    const server = await tcpServer();
    const accepted = once(server, 'connection');
    const destination = { transport: 'tcp', address: '127.0.0.1', port: portOf(server) } as const;
    const flow = sockets.flowTo(first, destination)!;
    expect(flow.send(message('1'))).toBe(true);
    expect(sockets.flowTo(first, destination)).toBe(flow);
    flow.send(message('2'));
    const [socket] = (await accepted) as [Socket];
    expect(socket.remoteAddress).toBe('127.0.0.2');
    await read(socket, 'Call-ID: 2');
    socket.write(message('3'));
    await heard.until(() => heard.texts.length === 1);
    expect(heard.flows[0]).toBe(flow);
    expect(sockets.counters.connectionsDialled).toBe(1);
    socket.destroy();
  });

  it('tells that a peer has closed in good order, and of that connection alone', async () => {
    const { heard, first } = await start([listener('tcp')]);
    const [peer, other] = [await tcpPeer(first), await tcpPeer(first)];
    for (const it of [peer, other]) it.write(message('1'));
    await heard.until(() => heard.flows.length === 2);
    peer.end();
    await heard.until(() => heard.closed.length === 1);
    expect(heard.closed[0]!.remotePort).toBe(peer.localPort);
    expect(heard.failures).toEqual([]);
  });

  it.each([
    ['all', true],
    ['authenticated', false],
    ['off', false],
  ] as const)('calls back on a connection where %s may ask for it (RFC 5923)', async (reuse, expected) => {
    const { sockets, heard, first } = await start([listener('tcp')], { reuse });
    const peer = await tcpPeer(first);
    peer.write(message('1'));
    await heard.until(() => heard.flows.length === 1);
    const flow = heard.flows[0]!;
    const back = { transport: 'tcp', address: '127.0.0.1', port: 5070 } as const;
    sockets.reuse(flow, 5070);
    expect(sockets.flowTo(first, back) === flow).toBe(expected);
    peer.end();
    await heard.until(() => heard.closed.length === 1);
    expect(sockets.flowTo(first, back)).not.toBe(flow);
  });

  it('closes a flow whose promised keep-alives stay away (RFC 5626 §4.4.1)', async () => {
    const clock = new FakeClock();
    const { sockets, heard, first } = await start([listener('tcp')], { clock });
    const peer = await tcpPeer(first);
    peer.write(message('1'));
    await heard.until(() => heard.flows.length === 1);
    heard.flows[0]!.hearWithin!(180_000);
    clock.advance(100_000);
    peer.write('\r\n\r\n');
    await read(peer, '\r\n');
    heard.flows[0]!.send(message('2'));
    clock.advance(179_000);
    expect(heard.closed).toEqual([]);
    clock.advance(2000);
    expect(heard.closed).toHaveLength(1);
    expect(sockets.counters.silentPeersClosed).toBe(1);
  });

  it('lets a connection idle as long as a registration lasts', async () => {
    const clock = new FakeClock();
    const { sockets, heard, first } = await start([listener('tcp')], { clock, limits: { idleMs: 60_000 } });
    const peer = await tcpPeer(first);
    peer.write(message('1'));
    await heard.until(() => heard.flows.length === 1);
    heard.flows[0]!.mayIdle!(300_000);
    clock.advance(299_000);
    expect(sockets.openConnections).toBe(1);
    clock.advance(2000);
    expect(sockets.openConnections).toBe(0);
    peer.destroy();
  });

  it('tells of a connection that cannot be made', async () => {
    const { sockets, heard, first } = await start([listener('tcp')]);
    const server = await tcpServer();
    const port = portOf(server);
    server.close();
    const flow = sockets.flowTo(first, { transport: 'tcp', address: '127.0.0.1', port })!;
    expect(flow.send(message('1'))).toBe(true);
    await heard.until(() => heard.failures.length === 1);
    expect(heard.failures).toEqual(['ECONNREFUSED']);
    expect(flow.send(message('2'))).toBe(false);
    expect(sockets.openConnections).toBe(0);
  });

  it('answers a ping with a pong, and takes the pong of its own', async () => {
    const { sockets, heard, first } = await start([listener('tcp')]);
    const peer = await tcpPeer(first);
    peer.write('\r\n\r\n');
    expect(await read(peer, '\r\n')).toBe('\r\n');
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    heard.flows[0]!.send(KEEP_ALIVE);
    expect(await read(peer, '\r\n\r\n')).toBe('\r\n\r\n');
    expect(sockets.counters).toMatchObject({ keepAlivesIn: 1, streamMessagesOut: 0 });
  });

  it('closes a stream that cannot be framed', async () => {
    const { sockets, first } = await start([listener('tcp')]);
    const peer = await tcpPeer(first);
    peer.resume();
    peer.write('OPTIONS sip:example.com SIP/2.0\r\nContent-Length: -1\r\n\r\n');
    await once(peer, 'close');
    expect(sockets.counters).toMatchObject({ framingFaults: 1, connectionsClosed: 1 });
  });

  it('AST-2016-005: pushes out the oldest of too many silent connections', async () => {
    const { sockets, heard, first } = await start([listener('tcp')], { limits: { maxHalfOpen: 3 } });
    const peers: Socket[] = [];
    for (let i = 0; i < 60; i++) peers.push(await tcpPeer(first));
    const last = peers.at(-1)!;
    last.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    expect(sockets.openConnections).toBe(3);
    expect(sockets.counters.halfOpenClosed).toBe(57);
  });

  it('bounds connections of one source, and altogether', async () => {
    const { sockets, heard, first } = await start([listener('tcp')], {
      limits: { maxPerSource: 1, maxConnections: 2 },
    });
    const peer = await tcpPeer(first);
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    const second = await tcpPeer(first);
    second.resume();
    await once(second, 'close');
    const to = (port: number) => sockets.flowTo(first, { transport: 'tcp', address: '127.0.0.1', port });
    expect(to(9)).toBeDefined();
    expect(to(10)).toBeUndefined();
    expect(sockets.counters.connectionsRefused).toBe(2);
  });

  it('refuses a message when too many bytes wait', async () => {
    const { sockets, first } = await start([listener('tcp')], { limits: { maxQueuedBytes: 100 } });
    const server = await tcpServer();
    const flow = sockets.flowTo(first, { transport: 'tcp', address: '127.0.0.1', port: portOf(server) })!;
    expect(flow.send(message('1'))).toBe(true);
    expect(flow.send(message('2'))).toBe(false);
    expect(sockets.counters).toMatchObject({ streamMessagesOut: 1, streamMessagesDropped: 1 });
  });

  it('closes connections that stay silent, stop in a message, or idle', async () => {
    const clock = new FakeClock();
    const limits = { halfOpenMs: 5000, messageMs: 3000, idleMs: 60_000 };
    const { sockets, heard, first } = await start([listener('tcp')], { clock, limits });
    const reasons: unknown[] = [];
    const subscriber = (event: unknown) => void reasons.push((event as { reason?: string }).reason);
    channels.connection.subscribe(subscriber);
    open.push({ [Symbol.dispose]: () => void channels.connection.unsubscribe(subscriber) });
    const [idle, slow] = [await tcpPeer(first), await tcpPeer(first)];
    idle.write(message('idle'));
    slow.write(Buffer.concat([message('slow'), Buffer.from('OPTIONS')]));
    await heard.until(() => heard.texts.length === 2);
    const silent = await tcpPeer(first);
    const marker = await tcpPeer(first);
    marker.write(message('marker'));
    await heard.until(() => heard.texts.length === 3);
    expect(sockets.openConnections).toBe(4);
    clock.advance(3100);
    expect(sockets.openConnections).toBe(3);
    clock.advance(2000);
    expect(sockets.openConnections).toBe(2);
    clock.advance(60_000);
    expect(sockets.openConnections).toBe(0);
    expect(reasons.filter(Boolean)).toEqual([
      'message not complete in time',
      'no message in time',
      'idle',
      'idle',
    ]);
    expect(sockets.counters.halfOpenClosed).toBe(1);
    expect(heard.failures).toEqual([]);
    silent.destroy();
  });

  it('forgets a connection that its peer closes', async () => {
    const { sockets, heard, first } = await start([listener('tcp')]);
    const peer = await tcpPeer(first);
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    peer.resume();
    peer.end();
    await once(peer, 'close');
    expect(sockets.connection(heard.flows[0]!.connectionId)).toBeUndefined();
    expect(heard.flows[0]!.send(message('2'))).toBe(false);
  });
});

describe('Sockets', () => {
  it('opens all listeners or none', async () => {
    const { first } = await start([listener('udp')]);
    const free = await udpPeer();
    const port = free.address().port;
    const wanted = { ...listener('udp', '127.0.0.1', first.port), name: 'edge' };
    const clock = new SystemClock();
    const wheel = new TimerWheel(clock);
    const asked = [listener('udp', '127.0.0.2', port), wanted];
    await expect(Sockets.open(asked, { clock, wheel }, new Heard())).rejects.toMatchObject({
      code: 'NET_LISTEN_FAILED',
      message: `cannot listen on edge (udp:127.0.0.1:${first.port}): the port is in use (EADDRINUSE)`,
      hint: expect.stringContaining(`:${first.port}`),
    });
    await start([listener('udp', '127.0.0.2', port)]);
  });

  it.each(['udp', 'tcp'] as const)(
    'says what to do about an address that the machine does not have: %s',
    async (transport) => {
      await expect(start([listener(transport, '192.0.2.1', 5060)])).rejects.toMatchObject({
        code: 'NET_LISTEN_FAILED',
        message: expect.stringContaining('EADDRNOTAVAIL'),
        hint: expect.stringContaining('as 192.0.2.1'),
      });
    },
  );

  it('refuses the same socket twice, the same name twice, and TLS without a certificate', async () => {
    const { sockets, first } = await start([{ ...listener('udp'), name: 'edge' }]);
    const failed = (message: string) => ({
      code: 'NET_LISTEN_FAILED',
      message: expect.stringContaining(message),
    });
    const twin = listener('udp', first.address, first.port);
    await expect(sockets.add(twin)).rejects.toMatchObject(failed('are the same socket'));
    await expect(sockets.add({ ...listener('tcp'), name: 'edge' })).rejects.toMatchObject(
      failed('two listeners edge'),
    );
    await expect(sockets.add(listener('tls'))).rejects.toMatchObject({
      code: 'NET_BAD_CERTIFICATE',
      message: expect.stringContaining('has no certificate'),
    });
    expect(sockets.listeners).toEqual([first]);
  });

  it('adds and removes listeners while it runs', async () => {
    const { sockets, heard, first } = await start([listener('udp')]);
    const added = await sockets.add(listener('tcp'));
    expect(sockets.listeners).toEqual([first, added]);
    const peer = await tcpPeer(added);
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    peer.resume();
    const gone = once(peer, 'close');
    expect(await sockets.remove(added.name)).toBe(true);
    await gone;
    expect(sockets.listeners).toEqual([first]);
    expect(sockets.openConnections).toBe(0);
    expect(sockets.flowTo(added, { transport: 'tcp', address: '127.0.0.1', port: 9 })).toBeUndefined();
    expect(await sockets.remove(added.name)).toBe(false);
  });

  it('replaces a public address in place', async () => {
    const { sockets, first } = await start([
      { ...listener('udp'), name: 'edge', advertised: { host: '99.88.44.33' } },
    ]);
    expect(sockets.advertise('edge', { host: 'sip.example.com', port: 5070 })).toBe(true);
    expect(first.advertised).toEqual({ host: 'sip.example.com', port: 5070 });
    expect(sockets.advertise('other', undefined)).toBe(false);
  });

  it('has no flow to what the listener cannot reach', async () => {
    const { sockets, first } = await start([listener('udp')]);
    expect(sockets.flowTo(first, { transport: 'tcp', address: '127.0.0.1', port: 5060 })).toBeUndefined();
    expect(sockets.flowTo(first, { transport: 'udp', address: '::1', port: 5060 })).toBeUndefined();
    expect(sockets.flowTo(first, { transport: 'udp', address: 'example.com', port: 5060 })).toBeUndefined();
  });
});
