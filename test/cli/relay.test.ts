import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { writeRtpHeader } from '../../src/wire/rtp/rtp-header.ts';
import { buildTelephoneEvent } from '../../src/wire/rtp/telephone-event.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { type RelayProcess, startRelayProcess } from '../interop/relay-process.ts';

const VIADUCT = join(import.meta.dirname, '../../bin/viaduct');
const stack: (() => void)[] = [];
afterEach(() => {
  for (const undo of stack.splice(0).reverse()) undo();
});

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'viaduct-relay-'));
}

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [VIADUCT, 'relay', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  stack.push(() => child.kill('SIGKILL'));
  return child;
}

async function serve(...args: string[]): Promise<RelayProcess> {
  const relay = await startRelayProcess(...args);
  stack.push(() => relay.child.kill('SIGKILL'));
  return relay;
}

async function party(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  stack.push(() => socket.close());
  return { socket, port: socket.address().port };
}

async function refused(...args: string[]): Promise<{ code: number | null; err: string }> {
  const child = start(...args);
  const err = await text(child.stderr!);
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, err };
}

function rtp(sequenceNumber: number, ssrc: number): Buffer {
  const bytes = Buffer.alloc(172);
  writeRtpHeader(bytes, { payloadType: 0, sequenceNumber, timestamp: 160 * sequenceNumber, ssrc });
  return bytes;
}

async function exited(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const gone = once(child, 'exit');
  child.kill(signal);
  return (await gone)[0];
}

describe('viaduct relay', () => {
  it('relays a call both ways, records it, and stops on SIGTERM', async () => {
    const home = folder();
    const pid = join(home, 'relay.pid');
    const unix = join(home, 'relay.sock');
    const { child, banner, ask } = await serve(
      '-p',
      pid,
      '-s',
      `cunix:${unix}`,
      '-w',
      '0600',
      '-r',
      home,
      '-P',
    );
    expect(banner).toMatch(/relays media, process \d+/);
    expect(banner).toContain(`cunix:${unix}`);
    expect(statSync(unix).mode & 0o777).toBe(0o600);
    expect(Number(readFileSync(pid, 'utf8'))).toBeGreaterThan(0);

    const [caller, callee] = [await party(), await party()];
    const toCallee = Number.parseInt(await ask(`U c 127.0.0.1 ${caller.port} f;1`), 10);
    const toCaller = Number.parseInt(await ask(`L c 127.0.0.1 ${callee.port} f;1 t;1`), 10);
    for (const tags of ['f t', 't f']) expect(await ask(`Rs c ${tags}`)).toBe('0');
    for (let i = 1; i <= 20; i++) {
      caller.socket.send(rtp(i, 7), toCaller, '127.0.0.1');
      expect((await once(callee.socket, 'message'))[0]).toEqual(rtp(i, 7));
      callee.socket.send(rtp(i, 9), toCallee, '127.0.0.1');
      expect((await once(caller.socket, 'message'))[0]).toEqual(rtp(i, 9));
    }
    const line = connect(unix);
    line.end('Q c f;1 t;1\nV\n');
    expect(await text(line)).toBe('60 20 20 40 0\n20040107\n');
    expect(await ask('D c f t')).toBe('0');

    expect(await exited(child, 'SIGTERM')).toBe(0);
    expect([existsSync(pid), existsSync(unix)]).toEqual([false, false]);
    const [recording] = readdirSync(home).filter((name) => name.endsWith('.pcap'));
    expect(statSync(join(home, recording!)).size).toBeGreaterThan(40 * 172);
  });

  it('tells a listener of silence, and of keys', async () => {
    const path = join(folder(), 'notify.sock');
    const listener = createServer();
    listener.listen(path);
    stack.push(() => listener.close());
    const { ask } = await serve('-n', path, '-T', '1', '-W', '1');
    const caller = await party();
    const heard = once(listener, 'connection');
    await ask(`Uc0,101 c 127.0.0.1 ${caller.port} f;1 unix:${path} T7 && M3:1 Dc`);
    const toCaller = Number.parseInt(await ask('L c 127.0.0.1 9 f;1 t;1'), 10);
    for (const [i, end] of [false, false, true, true, true].entries()) {
      const bytes = Buffer.alloc(16);
      writeRtpHeader(bytes, { payloadType: 101, sequenceNumber: i, timestamp: 0, ssrc: 7 });
      buildTelephoneEvent({ event: 11, end, volume: 10, duration: 160 * (i + 1) }).copy(bytes, 12);
      caller.socket.send(bytes, toCaller, '127.0.0.1');
    }
    const [socket] = await heard;
    let told = '';
    while (!told.includes('T7\n')) told += String((await once(socket, 'data'))[0]);
    expect(told).toBe('Dc # 10 480 0\nT7\n');
    socket.destroy();
  });

  it('takes no more sessions after SIGHUP, and ends with the last', async () => {
    const { child, ask } = await serve();
    const { port } = await party();
    await ask(`U c 127.0.0.1 ${port} f;1`);
    child.kill('SIGHUP');
    while ((await ask(`U d 127.0.0.1 ${port} f;1`)) !== 'E99') await ask('D d f');
    const gone = once(child, 'exit');
    await ask('D c f');
    expect(await gone).toEqual([0, null]);
  });

  it('ends on Ctrl-C with calls under way', async () => {
    const { child, ask } = await serve();
    await ask('U c 127.0.0.1 9 f;1');
    expect(await exited(child, 'SIGINT')).toBe(0);
  });

  it('takes commands from the standard input, until its end', async () => {
    const child = start('-s', 'stdioc:', '-l', '127.0.0.1=99.88.44.33');
    child.stdin!.end('V\nU c 127.0.0.1 8000 f;1\nG nsess_created\n');
    expect(await text(child.stdout!)).toMatch(/^20040107\n\d+ 99\.88\.44\.33\n1\n$/);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('says what is wrong, and how to mend it', async () => {
    const { port } = await serve();
    expect(await refused('-s', `udp:127.0.0.1:${port}`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/EADDRINUSE[\s\S]*hint: another process has it/),
    });
    expect(await refused('-l', '203.0.113.77')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/media on 203\.0\.113\.77[\s\S]*hint: the machine has no such address/),
    });
    expect(await refused('-n', 'nonsense')).toMatchObject({
      code: 1,
      err: expect.stringContaining('notify socket'),
    });
    expect(await refused('-s', 'udp:127.0.0.1:0', '-p', '/dev/zero')).toMatchObject({
      code: 1,
      err: expect.stringContaining('this is no file'),
    });
    expect(await refused('-Z')).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown option '-Z'"),
    });
  });

  if (process.getuid?.() !== 0) {
    noteSkipped('changing the user of a relay', 'only root can');
    it.skip('goes on as another user');
    return;
  }

  it('takes commands from the network as root only when that is forced', async () => {
    expect(await refused('-s', 'udp:0.0.0.0:0')).toMatchObject({
      code: 1,
      err: expect.stringContaining('-u USER'),
    });
    const { child } = await serve('-s', 'tcp:0.0.0.0:0', '-F');
    expect(await exited(child, 'SIGTERM')).toBe(0);
  });

  it('goes on as another user', async () => {
    const unix = join(folder(), 'relay.sock');
    const { child, ask } = await serve('-u', 'nobody', '-s', `unix:${unix}`);
    expect(await ask('V')).toBe('20040107');
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const uid = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)/m.exec(status)!;
    expect(Number(uid[1])).toBeGreaterThan(0);
    expect([uid[2], uid[3]]).toEqual([uid[1], uid[1]]);
    expect(statSync(unix).uid).toBe(Number(uid[1]));
    expect(await ask('U c 127.0.0.1 9 f;1')).toMatch(/^\d+ 127/);
    expect(await refused('-u', 'no-such-user')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no such user'),
    });
    expect(await exited(child, 'SIGTERM')).toBe(0);
  });
});
