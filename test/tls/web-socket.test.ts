import { once } from 'node:events';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { FakeClock } from '../../src/base/fake-clock.ts';
import { KEEP_ALIVE } from '../../src/net/flow.ts';
import {
  certificateFor,
  disposeOpened,
  eventually,
  gone,
  listener,
  message,
  read,
  start,
  tcpPeer,
  tlsPeer,
  tlsSettings,
  webSocketPeer,
} from './fixture.ts';

afterEach(disposeOpened);

const tls = tlsSettings(certificateFor(['sip.example.com', '127.0.0.1']));

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: sip.example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const WHOLE_UPGRADE = [...UPGRADE, 'Sec-WebSocket-Protocol: sip', '', ''].join('\r\n');

/** The next message: its text, and whether it came in a binary frame. */
async function frame(peer: WebSocket): Promise<[text: string, binary: boolean]> {
  const [data, binary] = (await once(peer, 'message')) as [Buffer, boolean];
  return [data.toString('latin1'), binary];
}

/** Opens a WebSocket and gives the bare stream under it. */
async function upgraded(to: Parameters<typeof tcpPeer>[0]): Promise<Socket> {
  const peer = await tcpPeer(to);
  peer.write(WHOLE_UPGRADE);
  await read(peer, '\r\n\r\n');
  return peer;
}

/** A frame from a client, masked with zeros. @param first FIN and opcode @param length what its header says */
function clientFrame(first: number, payload: Buffer, length = payload.length): Buffer {
  if (length < 126) return Buffer.concat([Buffer.of(first, 0x80 | length, 0, 0, 0, 0), payload]);
  const header = Buffer.alloc(14);
  header[0] = first;
  header[1] = 0xff;
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

describe.each(['ws', 'wss'] as const)('a %s listener', (transport) => {
  const asked = () => listener(transport, transport === 'wss' ? tls : undefined);

  it('carries one message a frame, text or binary, and answers on the connection', async () => {
    const { sockets, heard, first } = await start([asked()]);
    const peer = await webSocketPeer(first);
    expect(peer.protocol).toBe('sip');
    expect(peer.extensions).toBe('');
    peer.send(message('1').toString());
    peer.send(message('2\xff'));
    await heard.until(() => heard.texts.length === 2);
    expect(heard.texts).toEqual([message('1').toString('latin1'), message('2\xff').toString('latin1')]);
    const flow = heard.flows[0]!;
    expect(flow).toMatchObject({ transport, listener: first });
    expect(sockets.connection(flow.connectionId)).toBe(flow);
    const { remoteAddress: address, remotePort: port } = flow;
    expect(sockets.flowTo(first, { transport, address, port })).toBe(flow);
    flow.send(message('3'));
    expect(await frame(peer)).toEqual([message('3').toString('latin1'), false]);
    flow.send(message('4\xff'));
    expect(await frame(peer)).toEqual([message('4\xff').toString('latin1'), true]);
    expect(sockets.counters).toMatchObject({
      webSocketsOpened: 1,
      streamMessagesIn: 2,
      streamMessagesOut: 2,
    });
  });

  it('puts fragments together', async () => {
    const { heard, first } = await start([asked()]);
    const peer = await webSocketPeer(first);
    const bytes = message('1');
    peer.send(bytes.subarray(0, 10), { fin: false });
    peer.send(bytes.subarray(10, 20), { fin: false });
    peer.send(bytes.subarray(20), { fin: true });
    await heard.until(() => heard.texts.length === 1);
    expect(heard.texts).toEqual([bytes.toString('latin1')]);
  });

  it('answers keep-alives of both kinds, and pings for its own', async () => {
    const { sockets, heard, first } = await start([asked()]);
    const peer = await webSocketPeer(first);
    peer.send('\r\n\r\n');
    expect(await frame(peer)).toEqual(['\r\n', false]);
    peer.ping('abc');
    expect(String(((await once(peer, 'pong')) as [Buffer])[0])).toBe('abc');
    peer.send('\r\n');
    peer.send(`\r\n${message('1')}`);
    await heard.until(() => heard.texts.length === 1);
    expect(heard.texts).toEqual([message('1').toString('latin1')]);
    const pinged = once(peer, 'ping');
    expect(heard.flows[0]!.send(KEEP_ALIVE)).toBe(true);
    await pinged;
    expect(sockets.counters).toMatchObject({ keepAlivesIn: 2, streamMessagesOut: 0 });
  });

  it('never connects to a browser', async () => {
    const { sockets, first } = await start([asked()]);
    expect(sockets.flowTo(first, { transport, address: '127.0.0.1', port: 9 })).toBeUndefined();
  });

  it('shares its port with SIP', async () => {
    const { sockets, heard, first } = await start([asked()]);
    const sipTransport = transport === 'wss' ? 'tls' : 'tcp';
    const second = await sockets.add(listener(sipTransport, first.tls, first.port));
    expect(second.port).toBe(first.port);
    const sip = transport === 'wss' ? await tlsPeer(second) : await tcpPeer(second);
    for (const byte of message('sip')) sip.write(Buffer.of(byte));
    await heard.until(() => heard.texts.length === 1);
    const browser = await webSocketPeer(first);
    browser.send(message('web'));
    await heard.until(() => heard.texts.length === 2);
    expect(heard.flows.map((flow) => flow.listener.transport)).toEqual([sipTransport, transport]);
    heard.flows[0]!.send(message('back'));
    expect(await read(sip, '\r\n\r\n')).toContain('back');

    browser.on('message', () => {});
    const left = gone(sip);
    sip.resume();
    await sockets.remove(second.name);
    await left;
    browser.send(message('web still'));
    await heard.until(() => heard.texts.length === 3);
    const late = await webSocketPeer(first);
    late.send(message('late'));
    await heard.until(() => heard.texts.length === 4);
  });
});

describe('the door of a WebSocket listener', () => {
  it('asks for the subprotocol sip', async () => {
    const { sockets, first } = await start([listener('ws')]);
    await expect(webSocketPeer(first, { protocols: ['msrp'] })).rejects.toThrow('400');
    await expect(webSocketPeer(first, { protocols: [] })).rejects.toThrow('400');
    expect((await webSocketPeer(first, { protocols: ['msrp', 'sip'] })).protocol).toBe('sip');
    expect(sockets.counters).toMatchObject({ httpRequestsRefused: 2, webSocketsOpened: 1 });
  });

  it('lets only pages of the origins in that may', async () => {
    const webSocket = { origins: ['https://phone.example.com'] };
    const { sockets, first } = await start([listener('ws')], { webSocket });
    await expect(webSocketPeer(first, { origin: 'https://evil.example.net' })).rejects.toThrow('403');
    await expect(webSocketPeer(first)).rejects.toThrow('403');
    await webSocketPeer(first, { origin: 'https://phone.example.com' });
    expect(sockets.counters.httpRequestsRefused).toBe(2);
  });

  it.each([
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 426],
    ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', 404],
    ['GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', 426],
    [`${UPGRADE.slice(0, 4).join('\r\n')}\r\nSec-WebSocket-Protocol: sip\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`, 431],
    ['OPTIONS sip:example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n', 400],
  ])('answers %j with %i, and closes', async (text, status) => {
    const { sockets, first } = await start([listener('ws')]);
    const peer = await tcpPeer(first);
    peer.write(text);
    expect(await read(peer, '\r\n\r\n')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await gone(peer);
    await eventually(() => sockets.openConnections === 0);
    expect(sockets.counters.httpRequestsRefused).toBe(1);
  });

  it('answers HTTPS as well', async () => {
    const { first } = await start([listener('wss', tls)]);
    const asked = request({ host: first.address, port: first.port, rejectUnauthorized: false });
    asked.end();
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(426);
  });
});

describe('hostile WebSockets', () => {
  it('a request that never ends has the time of half-open connections', async () => {
    const clock = new FakeClock();
    const limits = { halfOpenMs: 5000 };
    const { sockets, first } = await start([listener('ws')], { clock, limits });
    const peer = await tcpPeer(first);
    peer.resume();
    peer.write(UPGRADE.join('\r\n'));
    await eventually(() => sockets.counters.connectionsAccepted === 1);
    clock.advance(4000);
    peer.write('\r\nX-More: 1');
    expect(sockets.openConnections).toBe(1);
    clock.advance(1100);
    expect(sockets.openConnections).toBe(0);
    await gone(peer);
    expect(sockets.counters.halfOpenClosed).toBe(1);
  });

  it('an open WebSocket without a message has that time too, upgrade included', async () => {
    const clock = new FakeClock();
    const { sockets, first } = await start([listener('ws')], { clock, limits: { halfOpenMs: 5000 } });
    const peer = await tcpPeer(first);
    await eventually(() => sockets.counters.connectionsAccepted === 1);
    clock.advance(3000);
    peer.write(WHOLE_UPGRADE);
    await read(peer, '\r\n\r\n');
    expect(sockets.openConnections).toBe(1);
    clock.advance(2100);
    expect(sockets.openConnections).toBe(0);
    expect(sockets.counters.halfOpenClosed).toBe(1);
  });

  it('silent ones push one another out', async () => {
    const { sockets, heard, first } = await start([listener('ws')], { limits: { maxHalfOpen: 3 } });
    for (let i = 0; i < 10; i++) await upgraded(first);
    const last = await webSocketPeer(first);
    last.send(message('1'));
    await heard.until(() => heard.texts.length === 1);
    expect(sockets.openConnections).toBe(3);
    expect(sockets.counters.halfOpenClosed).toBe(8);
  });

  it('a message too large is not waited for', async () => {
    const { sockets, heard, first } = await start([listener('ws')], { framing: { maxMessageBytes: 1000 } });
    const peer = await upgraded(first);
    peer.write(clientFrame(0x82, Buffer.from('OPTIONS'), 2 ** 40));
    peer.resume();
    await gone(peer);
    const fragments = await upgraded(first);
    fragments.resume();
    fragments.write(clientFrame(0x02, Buffer.alloc(600, 'x')));
    fragments.write(clientFrame(0x00, Buffer.alloc(600, 'x')));
    await gone(fragments);
    await eventually(() => sockets.openConnections === 0);
    expect(heard.texts).toEqual([]);
    expect(sockets.counters.webSocketFaults).toBe(2);
  });

  it.each([
    ['a frame without a mask', Buffer.from([0x81, 0x01, 0x41])],
    ['reserved bits', Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
    ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ['a continuation of nothing', clientFrame(0x80, Buffer.from('x'))],
    ['no WebSocket at all', Buffer.from('OPTIONS sip:example.com SIP/2.0\r\n\r\n')],
  ])('%s closes the connection', async (_what, bytes) => {
    const { sockets, heard, first } = await start([listener('ws')]);
    const peer = await upgraded(first);
    peer.resume();
    peer.write(bytes);
    await gone(peer);
    await heard.until(() => heard.closed.length === 1);
    expect(sockets.counters.webSocketFaults).toBe(1);
  });

  it('a frame without an end is waited for as long as a message may take', async () => {
    const clock = new FakeClock();
    const { sockets, heard, first } = await start([listener('ws')], { clock, limits: { messageMs: 3000 } });
    const peer = await upgraded(first);
    peer.write(clientFrame(0x81, message('1')));
    await heard.until(() => heard.texts.length === 1);
    peer.write(clientFrame(0x01, Buffer.from('OPTIONS')));
    // What came before its pong has been read.
    peer.write(clientFrame(0x89, Buffer.from('ping')));
    await read(peer, 'ping');
    for (let i = 0; i < 3; i++) {
      clock.advance(900);
      peer.write(clientFrame(0x00, Buffer.from('x')));
      peer.write(clientFrame(0x89, Buffer.from(`ping${i}`)));
      await read(peer, `ping${i}`);
    }
    expect(sockets.openConnections).toBe(1);
    clock.advance(900);
    await heard.until(() => heard.closed.length === 1);
    expect(heard.closed).toEqual(['message not complete in time']);
  });

  it('a peer that pings and never reads fills a bounded queue', async () => {
    const limits = { maxQueuedBytes: 20_000 };
    const { sockets, heard, first } = await start([listener('ws')], { limits });
    const peer = await upgraded(first);
    peer.write(clientFrame(0x81, message('1')));
    await heard.until(() => heard.texts.length === 1);
    peer.pause();
    const ping = clientFrame(0x89, Buffer.alloc(125, 'x'));
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => ping));
    for (let i = 0; i < 40; i++) {
      if (!peer.write(pings)) await once(peer, 'drain');
    }
    const flow = heard.flows[0]!;
    let sent = 0;
    while (flow.send(Buffer.alloc(10_000, 'x')) && sent < 10_000) {
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(10_000);
    expect(sockets.counters.streamMessagesDropped).toBe(1);
  });

  it('a peer that is gone without a word is noticed', async () => {
    const clock = new FakeClock();
    const webSocket = { pingMs: 30_000, pongMs: 10_000 };
    const { sockets, heard, first } = await start([listener('ws')], { clock, webSocket });
    const dead = await upgraded(first);
    dead.write(clientFrame(0x81, message('dead')));
    const alive = await webSocketPeer(first);
    alive.send(message('alive'));
    await heard.until(() => heard.texts.length === 2);
    dead.pause();
    const pinged = once(alive, 'ping');
    clock.advance(30_100);
    await pinged;
    // Its pong comes before this.
    alive.send(message('still alive'));
    await heard.until(() => heard.texts.length === 3);
    clock.advance(10_100);
    expect(heard.closed).toEqual(['no pong in time']);
    expect(heard.failures).toEqual(['no pong in time']);
    expect(sockets.counters.silentPeersClosed).toBe(1);
    expect(sockets.openConnections).toBe(1);
  });

  it('one that sends nothing but pongs is idle after a while', async () => {
    const clock = new FakeClock();
    const webSocket = { pingMs: 30_000, pongMs: 200_000 };
    const { heard, first } = await start([listener('ws')], { clock, limits: { idleMs: 100_000 }, webSocket });
    const peer = await webSocketPeer(first);
    peer.send(message('1'));
    await heard.until(() => heard.texts.length === 1);
    const pinged = once(peer, 'ping');
    clock.advance(99_000);
    await pinged;
    expect(heard.closed).toEqual([]);
    clock.advance(1100);
    expect(heard.closed).toEqual(['idle']);
  });
});
