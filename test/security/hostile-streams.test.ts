import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock.ts';
import type { Listener } from '../../src/net/listener.ts';
import type { SocketsOptions } from '../../src/net/sockets.ts';
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
} from '../tls/fixture.ts';

afterEach(disposeOpened);

const own = certificateFor(['127.0.0.1']);
const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: sip',
  '',
  '',
].join('\r\n');

type Way = 'tcp' | 'tls' | 'ws' | 'wss';

const isWebSocket = (way: Way): boolean => way === 'ws' || way === 'wss';

function started(way: Way, options: Partial<SocketsOptions> = {}) {
  const settings = way === 'tls' || way === 'wss' ? tlsSettings(own) : undefined;
  return start([listener(way, settings)], options);
}

/** Connects by hand, so that every byte is the test's own. */
async function enter(way: Way, to: Listener): Promise<Duplex> {
  const secure = way === 'tls' || way === 'wss';
  const peer = secure ? await tlsPeer(to) : await tcpPeer(to);
  peer.setNoDelay(true);
  if (isWebSocket(way)) {
    peer.write(UPGRADE);
    await read(peer, '\r\n\r\n');
  }
  return peer;
}

/** A message as it goes over the wire: over WebSocket one masked text frame. */
function wired(way: Way, id: string): Buffer {
  const bytes = message(id);
  if (!isWebSocket(way)) return bytes;
  // A mask of zeros leaves the payload as it is; all of these are shorter than 126 bytes.
  return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

const GARBAGE = Buffer.from('\0\x01garbage\xff\0', 'latin1');

describe.each(['tcp', 'tls', 'ws', 'wss'] as const)('hostile streams over %s', (way) => {
  it('one byte a segment, and two messages a segment, are read as they are', async () => {
    const { heard, first } = await started(way);
    const peer = await enter(way, first);
    for (const byte of wired(way, '1')) {
      peer.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await heard.until(() => heard.texts.length === 1);
    peer.write(Buffer.concat([wired(way, '2'), wired(way, '3')]));
    await heard.until(() => heard.texts.length === 3);
    expect(heard.texts).toEqual(['1', '2', '3'].map((id) => message(id).toString('latin1')));
  });

  it.each(['before', 'between'] as const)('garbage %s messages ends them', async (place) => {
    const { sockets, heard, first } = await started(way);
    const peer = await enter(way, first);
    peer.resume();
    const before = place === 'between' ? [wired(way, '1')] : [];
    peer.write(Buffer.concat([...before, GARBAGE, wired(way, '2')]));
    await gone(peer);
    await eventually(() => sockets.openConnections === 0);
    expect(heard.texts).toHaveLength(before.length);
    const { framingFaults, webSocketFaults } = sockets.counters;
    expect([framingFaults, webSocketFaults]).toEqual(isWebSocket(way) ? [0, 1] : [1, 0]);
  });

  it('a message that is begun and not ended has its time (slow loris)', async () => {
    const clock = new FakeClock();
    const { sockets, heard, first } = await started(way, { clock, limits: { messageMs: 3000 } });
    const peer = await enter(way, first);
    if (isWebSocket(way)) {
      peer.write(wired(way, '1'));
      await heard.until(() => heard.texts.length === 1);
      // A first fragment, and a ping whose pong tells that both were read.
      peer.write(Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x4f, 0x89, 0x84, 0, 0, 0, 0, ...Buffer.from('ping')]));
      await read(peer, 'ping');
    } else {
      peer.write(Buffer.concat([wired(way, '1'), wired(way, '2').subarray(0, 20)]));
      await heard.until(() => heard.texts.length === 1);
    }
    clock.advance(3100);
    await eventually(() => heard.closed.length === 1);
    expect(heard.closed).toEqual(['message not complete in time']);
    expect(sockets.counters.slowMessagesClosed).toBe(1);
    expect(sockets.openConnections).toBe(0);
  });

  it('half-open connections push one another out, and never a talking one', async () => {
    const { sockets, heard, first } = await started(way, { limits: { maxHalfOpen: 3 } });
    const honest = await enter(way, first);
    honest.write(wired(way, '1'));
    await heard.until(() => heard.texts.length === 1);
    for (let i = 0; i < 10; i++) await enter(way, first);
    await eventually(() => sockets.counters.halfOpenClosed === 7);
    expect(sockets.openConnections).toBe(4);
    honest.write(wired(way, '2'));
    await heard.until(() => heard.texts.length === 2);
  });

  it('a peer that leaves in the middle of a message leaves nothing', async () => {
    const { sockets, heard, first } = await started(way);
    for (let i = 0; i < 10; i++) {
      const peer = await enter(way, first);
      peer.write(wired(way, '1').subarray(0, 20));
      peer.destroy();
    }
    await eventually(() => sockets.counters.connectionsClosed === 10);
    expect(sockets.openConnections).toBe(0);
    expect(heard.texts).toEqual([]);
  });

  it('a peer that never reads is sent so much, and then nothing', async () => {
    const { sockets, heard, first } = await started(way, { limits: { maxQueuedBytes: 100_000 } });
    const peer = await enter(way, first);
    peer.write(wired(way, '1'));
    await heard.until(() => heard.texts.length === 1);
    peer.pause();
    const large = Buffer.alloc(50_000, 'x');
    let sent = 0;
    while (heard.flows[0]!.send(large) && sent < 1000) {
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(1000);
    expect(sockets.counters.streamMessagesDropped).toBe(1);
  });

  it('silence for long ends it', async () => {
    const clock = new FakeClock();
    const webSocket = { pingMs: 1_000_000, pongMs: 1_000_000 };
    const { sockets, heard, first } = await started(way, { clock, limits: { idleMs: 100_000 }, webSocket });
    const peer = await enter(way, first);
    peer.write(wired(way, '1'));
    await heard.until(() => heard.texts.length === 1);
    clock.advance(100_100);
    expect(heard.closed).toEqual(['idle']);
    expect(sockets.counters.idleClosed).toBe(1);
  });
});
