import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { channels } from '../../base/channels.ts';
import { SystemClock } from '../../base/clock.ts';
import { writeRtpHeader } from '../../wire/rtp/rtp-header.ts';
import { DEFAULT_RECORDER_SETTINGS } from '../recorder/recorder.ts';
import { DEFAULT_RELAY_SETTINGS } from '../relay/relay-settings.ts';
import { EmbeddedRelay } from './embedded-relay.ts';
import { DEFAULT_TRAFFIC_CLASS, type RelayProgram } from './relay-program.ts';

const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of stack.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

const PROGRAM: RelayProgram = {
  relay: {
    ...DEFAULT_RELAY_SETTINGS,
    addresses: [{ address: '127.0.0.1' }],
    ports: { min: 20_000, max: 60_000 },
  },
  path: 'portable',
  trafficClass: DEFAULT_TRAFFIC_CLASS,
  notifySockets: [],
  recordsAll: false,
  sound: { recordings: DEFAULT_RECORDER_SETTINGS, prompts: {} },
};

async function start(program: Partial<RelayProgram> = {}): Promise<EmbeddedRelay> {
  const relay = await EmbeddedRelay.start({ ...PROGRAM, ...program }, new SystemClock());
  stack.push(relay);
  return relay;
}

function commander(port: MessagePort) {
  const lines: string[] = [];
  let last = 0;
  const waiting = new Map<number, (answer: string) => void>();
  port.on('message', (message) => {
    if ('notification' in message) lines.push(message.notification);
    else waiting.get(message.id)?.(message.answer);
  });
  const ask = (command: string) =>
    new Promise<string>((resolve) => {
      waiting.set(++last, resolve);
      port.postMessage({ id: last, command });
    });
  return { ask, lines };
}

async function party(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  stack.push({ [Symbol.asyncDispose]: async () => void socket.close() });
  return { socket, port: socket.address().port };
}

function rtp(sequenceNumber: number, ssrc: number): Buffer {
  const bytes = Buffer.alloc(172);
  writeRtpHeader(bytes, { payloadType: 0, sequenceNumber, timestamp: 160 * sequenceNumber, ssrc });
  return bytes;
}

describe('EmbeddedRelay', () => {
  it('relays in a thread of its own, as commanded over a port', async () => {
    const relay = await start();
    const { ask, lines } = commander(await relay.connect());
    expect(await ask('V')).toBe('20040107');
    const [caller, callee] = [await party(), await party()];
    const toCallee = Number.parseInt(await ask(`U c 127.0.0.1 ${caller.port} f;1 port: T1`), 10);
    const toCaller = Number.parseInt(await ask(`L c 127.0.0.1 ${callee.port} f;1 t;1`), 10);
    caller.socket.send(rtp(1, 7), toCaller, '127.0.0.1');
    const [heard, from] = await once(callee.socket, 'message');
    expect([heard, from.port]).toEqual([rtp(1, 7), toCallee]);
    callee.socket.send(rtp(1, 9), toCallee, '127.0.0.1');
    expect((await once(caller.socket, 'message'))[0]).toEqual(rtp(1, 9));
    const other = commander(await relay.connect());
    expect(await other.ask('Q c f;1 t;1')).toMatch(/^60 1 1 2 0$/);
    expect(await other.ask('D c f')).toBe('0');
    expect(lines).toEqual([]);
  });

  it('tells of timeouts over the port that asked', async () => {
    const relay = await start({ relay: { ...PROGRAM.relay, ttlMs: 100, setupTtlMs: 100 } });
    const port = await relay.connect();
    const { ask, lines } = commander(port);
    await ask('U c 127.0.0.1 9 f;1 port: T%201');
    while (lines.length === 0) await once(port, 'message');
    expect(lines).toEqual(['T 1']);
  });

  it('starts a thread again that broke, closes its ports and says so', async () => {
    const frail = new URL('./testing/frail-thread.ts', import.meta.url);
    const relay = await EmbeddedRelay.start(PROGRAM, new SystemClock(), frail);
    stack.push(relay);
    const port = await relay.connect();
    const { ask } = commander(port);
    expect(await ask('V')).toBe('V');
    const said: string[] = [];
    const hear = (message: unknown) => said.push((message as { text: string }).text);
    channels.log.subscribe(hear);
    let restarted = 0;
    relay.restarted = () => restarted++;
    const closed = once(port, 'close');
    void ask('break');
    await closed;
    const again = commander(await relay.connect());
    expect(await again.ask('again')).toBe('again');
    channels.log.unsubscribe(hear);
    expect([relay.restarts, restarted]).toEqual([1, 1]);
    expect(said).toEqual([
      expect.stringContaining('Error: broken'),
      expect.stringContaining('lost their media'),
      'the media relay runs again',
    ]);
  });

  it('completes recordings before it ends, and opens no port after', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'viaduct-embedded-'));
    const recordings = { ...DEFAULT_RECORDER_SETTINGS, folders: { directory } };
    const relay = await start({ sound: { recordings, prompts: {} }, recordsAll: true });
    const events: unknown[] = [];
    const hear = (event: unknown) => events.push(event);
    channels.recording.subscribe(hear);
    const { ask } = commander(await relay.connect());
    const caller = await party();
    await ask(`U c 127.0.0.1 ${caller.port} f;1`);
    const toCaller = Number.parseInt(await ask('L c 127.0.0.1 9 f;1 t;1'), 10);
    caller.socket.send(rtp(1, 7), toCaller, '127.0.0.1');
    while (!(await ask('Q c f;1 t;1')).includes(' 1 ')) await new Promise(setImmediate);
    await relay[Symbol.asyncDispose]();
    channels.recording.unsubscribe(hear);
    expect(readdirSync(directory).some((name) => name.startsWith('c='))).toBe(true);
    expect(events).toMatchObject([{ event: 'begun' }, { event: 'done', callId: 'c' }]);
    await expect(relay.connect()).rejects.toThrow('has ended');
  });

  it('says what keeps it from starting', async () => {
    await expect(start({ notifySockets: ['nonsense'] })).rejects.toMatchObject({
      code: 'NET_BAD_CONTROL_SOCKET',
      hint: expect.stringContaining('unix:'),
    });
    await expect(start({ relay: { ...PROGRAM.relay, ports: [40_000] } })).rejects.toMatchObject({
      code: 'CFG_INVALID',
    });
  });
});
