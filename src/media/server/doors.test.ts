import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { RandomIds } from '../../base/ids.ts';
import type { CommandSource } from './command-source.ts';
import { openDatagramDoor } from './datagram-door.ts';
import { doorCounters } from './door-counters.ts';
import { openPortDoor } from './port-door.ts';
import { openStdioDoor } from './stdio-door.ts';
import { openStreamDoor } from './stream-door.ts';

const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of stack.splice(0).reverse()) await it[Symbol.asyncDispose]();
});
const keep = <T extends AsyncDisposable>(it: T): T => {
  stack.push(it);
  return it;
};
const path = () => join(tmpdir(), `viaduct-door-${new RandomIds().token(8)}`);

function context() {
  const sources: CommandSource[] = [];
  const execute = (command: string, source: CommandSource) => {
    sources.push(source);
    return command === 'V' ? '20040107' : Promise.resolve(`(${command})`);
  };
  return { execute, clock: new FakeClock(), counters: doorCounters(), sources };
}

/** Writes, and reads until the peer closes or this many characters are there. */
async function talk(
  to: { path: string } | { port: number; host: string },
  command: string,
  length = Infinity,
) {
  const socket = connect(to);
  stack.push({ [Symbol.asyncDispose]: async () => void socket.destroy() });
  socket.write(command, 'latin1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
    if (answer.length >= length) socket.destroy();
  });
  await once(socket, 'close');
  return answer;
}

describe('doors', () => {
  it.each([
    ['udp', '127.0.0.1', 'udp4'],
    ['udp6', '::1', 'udp6'],
  ] as const)('take datagrams (%s)', async (kind, host, type) => {
    const it = context();
    const door = keep(await openDatagramDoor({ kind, host, port: 0 }, it));
    const port = Number(door.name.slice(door.name.lastIndexOf(':') + 1));
    const socket = createSocket(type).unref();
    const asked = async (command: string) => {
      socket.send(command, port, host);
      return String((await once(socket, 'message'))[0]);
    };
    expect(await asked('1_2_3 V')).toBe('1_2_3 20040107\n');
    expect(await asked('1_2_4 X')).toBe('1_2_4 (X)\n');
    expect(await asked('1_2_4 X')).toBe('1_2_4 (X)\n');
    expect(it.sources).toEqual([{ address: host }, { address: host }]);
    expect(it.counters.repeated).toBe(1);
    socket.close();
  });

  it.each([
    ['tcp', '127.0.0.1'],
    ['tcp6', '::1'],
  ] as const)('take lines (%s)', async (kind, host) => {
    const it = context();
    const door = keep(await openStreamDoor({ kind, host, port: 0 }, it));
    const port = Number(door.name.slice(door.name.lastIndexOf(':') + 1));
    expect(await talk({ port, host }, 'V\nX\nV\n', 22)).toBe('20040107\n(X)\n20040107\n');
    expect(it.sources[0]).toEqual({ address: host });
  });

  it('take one command a connection (unix), or any number (cunix)', async () => {
    const where = [path(), path()];
    keep(await openStreamDoor({ kind: 'unix', path: where[0]! }, context(), { mode: 0o600 }));
    const door = keep(await openStreamDoor({ kind: 'cunix', path: where[1]! }, context()));
    expect(door.name).toBe(`cunix:${where[1]}`);
    expect(statSync(where[0]!).mode & 0o777).toBe(0o600);
    expect(await talk({ path: where[0]! }, 'X')).toBe('(X)\n');
    expect(await talk({ path: where[0]! }, 'X\n')).toBe('(X)\n');
    expect(await talk({ path: where[1]! }, 'X\nV\n', 13)).toBe('(X)\n20040107\n');
    await door[Symbol.asyncDispose]();
    expect(existsSync(where[1]!)).toBe(false);
  });

  it('take the place of a socket that was left, and of nothing else', async () => {
    const where = path();
    const killed = `require('net').createServer().listen('${where}.1', () => process.kill(process.pid, 'SIGKILL'))`;
    expect(spawnSync(process.execPath, ['-e', killed]).signal).toBe('SIGKILL');
    expect(existsSync(`${where}.1`)).toBe(true);
    keep(await openStreamDoor({ kind: 'unix', path: `${where}.1` }, context()));
    await expect(openStreamDoor({ kind: 'unix', path: `${where}.1` }, context())).rejects.toMatchObject({
      code: 'NET_LISTEN_FAILED',
      hint: expect.stringContaining('another process'),
    });
    expect(await talk({ path: `${where}.1` }, 'V')).toBe('20040107\n');
    writeFileSync(where, 'no socket');
    await expect(openStreamDoor({ kind: 'unix', path: where }, context())).rejects.toMatchObject({
      code: 'NET_LISTEN_FAILED',
    });
    expect(existsSync(where)).toBe(true);
    await expect(openStreamDoor({ kind: 'unix', path: `${where}/x/y` }, context())).rejects.toThrow(
      'cannot be opened',
    );
  });

  it('say what is in the way of a port', async () => {
    const door = keep(await openDatagramDoor({ kind: 'udp', host: '127.0.0.1', port: 0 }, context()));
    const port = Number(door.name.slice(door.name.lastIndexOf(':') + 1));
    await expect(openDatagramDoor({ kind: 'udp', host: '127.0.0.1', port }, context())).rejects.toMatchObject(
      {
        code: 'NET_LISTEN_FAILED',
        message: expect.stringContaining(`udp:127.0.0.1:${port}`),
      },
    );
    await expect(
      openStreamDoor({ kind: 'tcp', host: '203.0.113.9', port: 0 }, context()),
    ).rejects.toMatchObject({
      hint: expect.stringContaining('no such address'),
    });
  });

  it('turn away silent connections first', async () => {
    const it = context();
    const where = path();
    keep(await openStreamDoor({ kind: 'cunix', path: where }, it, { mostConnections: 2 }));
    const busy = connect(where);
    busy.write('V\n');
    await once(busy, 'data');
    const silent = connect(where);
    await once(silent, 'connect');
    const third = connect(where);
    third.write('V\n');
    await Promise.all([once(silent, 'close'), once(third, 'data')]);
    const fourth = connect(where);
    fourth.on('error', () => {});
    await once(fourth, 'close');
    expect(it.counters.refused).toBe(2);
    busy.destroy();
    third.destroy();
  });

  it('take lines of the standard input', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const ended = new Promise<void>((resolve) => {
      keep(openStdioDoor({ input, output }, context(), resolve));
    });
    input.write('V\nX');
    input.end();
    await ended;
    output.end();
    expect(await text(output)).toBe('20040107\n(X)\n');
  });

  it('take commands over a MessagePort, and tell it what happens', async () => {
    const it = context();
    const { port1, port2 } = new MessageChannel();
    openPortDoor(port2, it.execute);
    const messages: unknown[] = [];
    const all = new Promise<void>((resolve) =>
      port1.on('message', (message) => {
        messages.push(message);
        if (messages.length === 3) resolve();
      }),
    );
    for (const wrong of [undefined, 1, {}, { id: 'x', command: 'V' }, { id: 1 }]) port1.postMessage(wrong);
    port1.postMessage({ id: 1, command: 'V' });
    port1.postMessage({ id: 2, command: 'X' });
    while (it.sources.length < 2) await new Promise(setImmediate);
    it.sources[0]!.notify!('T1');
    await all;
    expect(messages).toEqual([
      { id: 1, answer: '20040107' },
      { id: 2, answer: '(X)' },
      { notification: 'T1' },
    ]);
    port1.close();
  });
});
