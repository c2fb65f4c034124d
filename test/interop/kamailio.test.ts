import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { readPcap } from '../cloud/pcap.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { missingProgram } from '../cloud/sandbox.ts';
import { startKamailio } from './kamailio.ts';
import { type RelayProcess, startRelayProcess } from './relay-process.ts';
import { call, type PhonesPlan } from './sipp.ts';

/** How long the kernel may hold captured packets back before dumpcap has written them. */
const RING_DELAY_MS = 700;
const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of stack.splice(0).reverse()) await it[Symbol.asyncDispose]();
});
const keep = <T extends AsyncDisposable>(it: T): T => {
  stack.push(it);
  return it;
};

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Even, with room for the ports that sipp opens beside it. */
const mediaPort = () => 20_000 + 20 * Math.floor(Math.random() * 500);

async function plan(folder: string, proxy: number, more: Partial<PhonesPlan> = {}): Promise<PhonesPlan> {
  const caller = mediaPort();
  let callee = mediaPort();
  while (callee === caller) callee = mediaPort();
  return {
    folder,
    callId: `call-${proxy}`,
    proxy,
    caller: { port: await freePort(), media: caller, sound: 'the caller speaks|' },
    callee: { port: await freePort(), media: callee, sound: 'the callee speaks|' },
    talkMs: 600,
    ...more,
  };
}

/** What came to a phone's port, as text; and from which ports. */
async function listen(folder: string, port: number) {
  const file = join(folder, `heard-${port}.pcap`);
  const args = ['-P', '-q', '-i', 'lo', '-f', `udp dst port ${port}`, '-w', file];
  const dumpcap = spawn('dumpcap', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  while (!said.includes('File:')) said += String((await once(dumpcap.stderr, 'data'))[0]);
  keep({ [Symbol.asyncDispose]: () => stopped(dumpcap) });
  return async () => {
    await wait(RING_DELAY_MS);
    await stopped(dumpcap);
    return readPcap(readFileSync(file)).map(({ payload, sourcePort }) => ({
      sound: payload.subarray(12).toString('latin1'),
      sourcePort,
    }));
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await gone;
}

const missing = missingProgram(['kamailio', 'sipp', 'dumpcap']);
const reason = missing
  ? `${missing} is not installed`
  : process.getuid?.() === 0
    ? undefined
    : 'only root may capture';

describe('viaduct relay, commanded by Kamailio', () => {
  if (reason !== undefined) {
    noteSkipped('Kamailio with a relay', reason);
    it.skip('relays calls');
    return;
  }

  async function setUp(way: 'udp' | 'unix', ...args: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-kamailio-'));
    const path = join(folder, 'relay.sock');
    const relay = keep(await startRelayProcess('-s', `unix:${path}`, '-m', '41000', '-M', '42999', ...args));
    const port = await freePort();
    const address = way === 'udp' ? `udp:127.0.0.1:${relay.port}` : `unix:${path}`;
    keep(await startKamailio({ folder, port, relay: address }));
    return { folder, relay, port };
  }

  async function counters(relay: RelayProcess): Promise<string> {
    return relay.ask('G nsess_created nsess_destroyed nsess_complete nsess_timeout nsess_owrtp');
  }

  it.each(['udp', 'unix'] as const)('has sound both ways, before and after a re-INVITE (%s)', async (way) => {
    const { folder, relay, port } = await setUp(way);
    const phones = await plan(folder, port);
    const atCaller = await listen(folder, phones.caller.media);
    const atCallee = await listen(folder, phones.callee.media);
    expect(await call(phones)).toBe('');
    const [heardByCaller, heardByCallee] = [await atCaller(), await atCallee()];
    for (const [heard, speaker] of [
      [heardByCaller, 'callee'],
      [heardByCallee, 'caller'],
    ] as const) {
      // 20 ms a packet, and two talks of 600 ms.
      expect(heard.length).toBeGreaterThan(40);
      expect(heard.every(({ sound }) => sound.includes(speaker))).toBe(true);
      const [from, ...others] = new Set(heard.map(({ sourcePort }) => sourcePort));
      expect(others).toEqual([]);
      expect(from).toBeGreaterThanOrEqual(41_000);
      expect(from).toBeLessThan(43_000);
    }
    expect(await counters(relay)).toBe('1 1 1 0 0');
    expect(await relay.ask('G ncmds_errs npkts_discard')).toBe('0 0');
  });

  it('records, and plays to the caller, as Kamailio asks', async () => {
    const recordings = mkdtempSync(join(tmpdir(), 'viaduct-kamailio-rec-'));
    const { folder, relay, port } = await setUp('udp', '-r', recordings, '-P');
    const prompt = join(folder, 'prompt');
    writeFileSync(`${prompt}.0`, 'the prompt speaks|'.repeat(800));
    const phones = await plan(folder, port, { answered: ['X-Record: yes', `X-Play: ${prompt}`] });
    const atCaller = await listen(folder, phones.caller.media);
    const atCallee = await listen(folder, phones.callee.media);
    expect(await call(phones)).toBe('');
    const heard = await atCaller();
    expect(heard.length).toBeGreaterThan(40);
    // Nothing of the other party comes between.
    expect(heard.every(({ sound }) => sound.includes('prompt'))).toBe(true);
    expect((await atCallee()).length).toBeGreaterThan(40);
    const files = readdirSync(recordings).filter((name) => name.endsWith('.rtp'));
    expect(files).toHaveLength(1);
    expect(statSync(join(recordings, files[0]!)).size).toBeGreaterThan(40 * 172);
    expect(await relay.ask('G nplrs_created nplrs_destroyed')).toBe('1 1');
  });

  it('ends sessions of phones that say nothing, of which Kamailio then asks in vain', async () => {
    const { folder, relay, port } = await setUp('udp', '-T', '1', '-W', '1');
    const silent = await plan(folder, port, { talkMs: 3000 });
    const phones = {
      ...silent,
      caller: { ...silent.caller, sound: undefined },
      callee: { ...silent.callee, sound: undefined },
    };
    expect(await call(phones)).toBe('');
    // The re-INVITE makes another session, and the BYE ends neither.
    expect(await counters(relay)).toBe('2 2 2 2 0');
    expect(await relay.ask('G nsess_nortp ncmds_errs')).toBe('2 1');
  });
});
