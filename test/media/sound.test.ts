// A relay with real sockets, commanded as OpenSIPS does it: what it records, plays and hears, judged by tshark.
import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { channels } from '../../src/base/channels.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { DEFAULT_RECORDER_SETTINGS } from '../../src/media/recorder/recorder.ts';
import { DEFAULT_RELAY_SETTINGS } from '../../src/media/relay/relay-settings.ts';
import { DEFAULT_TRAFFIC_CLASS, startRelay } from '../../src/media/server/relay-program.ts';
import type { RelayServer } from '../../src/media/server/relay-server.ts';
import { rtpPacket } from '../../src/media/testing/rtp.ts';
import { encodeAlaw } from '../../src/wire/rtp/g711.ts';
import { payload, sequenceNumber, ssrc, timestamp } from '../../src/wire/rtp/rtp-header.ts';
import { buildTelephoneEvent } from '../../src/wire/rtp/telephone-event.ts';
import { keyTone, stillness } from '../../src/wire/rtp/testing/dtmf-sound.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { missingProgram } from '../cloud/sandbox.ts';

const PACKETS = 50;
const cleanUp: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of cleanUp.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

function start(directory: string): RelayServer {
  const server = startRelay(
    {
      relay: {
        ...DEFAULT_RELAY_SETTINGS,
        addresses: [{ address: '127.0.0.1' }],
        ports: { min: 20_000, max: 32_000 },
      },
      path: 'portable',
      trafficClass: DEFAULT_TRAFFIC_CLASS,
      notifySockets: [],
      recordsAll: false,
      sound: {
        recordings: { ...DEFAULT_RECORDER_SETTINGS, folders: { directory }, capture: 'pcap', wav: true },
        prompts: { directory },
      },
    },
    new SystemClock(),
  );
  cleanUp.push(server);
  return server;
}

/** A phone: speaks PCMA, and keeps what it hears. */
class Phone {
  readonly socket: Socket = createSocket('udp4');
  readonly heard: Buffer[] = [];
  readonly #ssrc: number;
  to = 0;
  #sequence = 0;
  #timestamp = 0;

  constructor(id: number) {
    this.#ssrc = id;
    this.socket.on('message', (bytes) => this.heard.push(bytes));
  }

  async open(): Promise<number> {
    this.socket.bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
    cleanUp.push({ [Symbol.asyncDispose]: async () => void this.socket.close() });
    return this.socket.address().port;
  }

  /** Says it all, as fast as the other one hears it. */
  async say(samples: Int16Array, other: Phone): Promise<void> {
    const codes = encodeAlaw(samples);
    for (let at = 0; at < codes.length; at += 160) {
      this.#send(8, codes.subarray(at, at + 160));
      this.#timestamp += 160;
      await once(other.socket, 'message');
    }
  }

  async press(event: number, other: Phone): Promise<void> {
    for (const [i, end] of [false, false, true, true, true].entries()) {
      this.#send(101, buildTelephoneEvent({ event, end, volume: 10, duration: 160 * Math.min(i + 1, 3) }));
      await once(other.socket, 'message');
    }
    this.#timestamp += 800;
  }

  #send(payloadType: number, content: Uint8Array): void {
    const header = {
      payloadType,
      sequenceNumber: this.#sequence++,
      timestamp: this.#timestamp,
      ssrc: this.#ssrc,
    };
    this.socket.send(rtpPacket(header, content), this.to, '127.0.0.1');
  }
}

async function setUp() {
  const directory = mkdtempSync(join(tmpdir(), 'viaduct-sound-'));
  const server = start(directory);
  const notes: string[] = [];
  const command = (text: string) =>
    Promise.resolve(server.execute(text, { address: '127.0.0.1', notify: (line) => notes.push(line) }));
  const [alice, bob] = [new Phone(0xa11ce), new Phone(0xb0b)];
  const keys = 'port: T1 && M3:1 Dkeys 101 t';
  bob.to = Number.parseInt(await command(`U call 127.0.0.1 ${await alice.open()} from ${keys}`), 10);
  alice.to = Number.parseInt(await command(`Lc8,101 call 127.0.0.1 ${await bob.open()} from to`), 10);
  return { directory, command, notes, alice, bob };
}

describe('a relay with real sockets', () => {
  it('records both parties so that tshark finds nothing missing, and mixes them', async () => {
    const { directory, command, alice, bob } = await setUp();
    expect(await command('Rs call from to')).toBe('0');
    expect(await command('Rs call to from')).toBe('0');
    await alice.say(stillness(20 * PACKETS), bob);
    await bob.say(stillness(20 * PACKETS), alice);
    const done = new Promise((resolve) => {
      const hear = (event: unknown) => {
        channels.recording.unsubscribe(hear);
        resolve(event);
      };
      channels.recording.subscribe(hear);
    });
    expect(await command('D call from to')).toBe('0');
    expect(await done).toMatchObject({ event: 'done', callId: 'call', fault: undefined, dropped: 0 });
    expect(readdirSync(directory).sort()).toEqual(['call=from.pcap', 'call=from.wav']);
    if (missingProgram(['tshark']) !== undefined) {
      noteSkipped('tshark reading a recording', 'tshark is not installed');
      return;
    }
    const args = ['-n', '-q', '-r', join(directory, 'call=from.pcap'), '-o', 'rtp.heuristic_rtp:TRUE'];
    const { stdout } = spawnSync('tshark', [...args, '-z', 'rtp,streams'], { encoding: 'utf8' });
    const streams = stdout.split('\n').filter((line) => line.includes('127.0.0.1'));
    expect(streams).toHaveLength(2);
    for (const stream of streams) expect(stream).toMatch(/0x000(A11CE|00B0B)\s+g711A\s+50\s+0 \(0\.0%\)/i);
  });

  it('plays a prompt to one party, in packets of 20 ms', async () => {
    const { directory, command, alice, bob } = await setUp();
    writeFileSync(join(directory, 'hello.8'), Buffer.from(Array.from({ length: 800 }, (_, i) => i >> 3)));
    expect(await command('P2 call hello 0,8 from to')).toBe('0');
    while (alice.heard.length < 10) await once(alice.socket, 'message');
    expect(alice.heard.map((packet) => payload(packet)![0])).toEqual([0, 20, 40, 60, 80, 0, 20, 40, 60, 80]);
    const [first] = alice.heard;
    for (const [i, packet] of alice.heard.entries()) {
      expect((sequenceNumber(packet) - sequenceNumber(first!)) & 0xffff).toBe(i);
      expect((timestamp(packet) - timestamp(first!)) >>> 0).toBe(160 * i);
    }
    expect(new Set(alice.heard.map(ssrc)).size).toBe(1);
    expect(bob.heard).toEqual([]);
    expect(await command('P call nothing 0,8 from to')).toBe('E60');
    expect(await command('G npkts_played nplrs_created')).toBe('10 1');
  });

  it('tells keys to the notify socket, of events and of tones', async () => {
    const { command, notes, alice, bob } = await setUp();
    await alice.say(keyTone('5', 100), bob);
    await alice.say(stillness(100), bob);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^Dkeys 5 \d+ \d{3} 0\n?$/);
    await alice.press(11, bob);
    expect(notes.slice(1).map((line) => line.trim())).toEqual(['Dkeys # 10 480 0']);
    expect(await command('D call from to')).toBe('0');
  });
});
