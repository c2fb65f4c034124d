import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readNotification } from './notification-reader.ts';
import { NotifyListener } from './notify-listener.ts';
import { controlUnderTest } from './testing/control-under-test.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'notify-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

function heard(line: string): unknown[] {
  const all: unknown[] = [];
  const known = readNotification(line, 'n', {
    mediaStopped: (...told) => all.push(told),
    mediaKey: (...told) => all.push(told),
  });
  return [known, ...all];
}

describe('what relays tell', () => {
  it('is a tag for media that stopped, and more for a key', () => {
    expect(heard('T12.ab')).toEqual([true, ['12.ab', 'n']]);
    expect(heard('Dd12 5 10 800 0')).toEqual([
      true,
      ['12', { key: '5', volume: 10, duration: 800, party: 'offerer' }, 'n'],
    ]);
    expect(heard('I')).toEqual([true]);
  });

  it.each(['', 'T', 'Q12', 'Dd 5 10 800 0', 'Dc12 5 10 800 0', 'Dd12 5 10 800', 'Dd12', 'T 1', 'x y'])(
    '%j is passed over',
    (line) => {
      expect(heard(line)).toEqual([false]);
    },
  );
});

async function dialled(where: { path: string } | { host: string; port: number }): Promise<Socket> {
  const socket = connect(where);
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('the notify socket', () => {
  it('hears relays over TCP, in any pieces, and no strangers', async () => {
    const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const notify = { listen, printed: 'tcp:127.0.0.1:9' };
    for (const [relay, known] of [
      ['udp:127.0.0.1', true],
      ['udp:127.0.0.9', true],
      ['unix:/run/r.sock', true],
      ['udp:192.0.2.9', false],
    ] as const) {
      await using test = await controlUnderTest({ sockets: [relay], set: { notify } });
      const { control } = test;
      const told = new Promise((resolve) => {
        control.listener = { mediaStopped: resolve, mediaKey: () => {} };
      });
      const socket = await dialled({ host: '127.0.0.1', port: control.notifyPort! });
      if (known) {
        socket.write('I\nT');
        await new Promise((resolve) => setImmediate(resolve));
        socket.write('12\n');
        expect(await told).toBe('12');
      } else await once(socket, 'close');
    }
  });

  it('hears a relay that is configured by name', async () => {
    const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    await using test = await controlUnderTest({
      sockets: ['udp:relay.example.com'],
      set: { notify: { listen, printed: 'x' } },
      findAddress: async () => '127.0.0.1',
    });
    test.relays.relay('127.0.0.1');
    await test.clock.advanceAsync(10);
    const told = new Promise((resolve) => {
      test.control.listener = { mediaStopped: resolve, mediaKey: () => {} };
    });
    const socket = await dialled({ host: '127.0.0.1', port: test.control.notifyPort! });
    socket.end('T9');
    expect(await told).toBe('9');
  });

  it('over unix is for its own user, unless it is opened to all', async () => {
    for (const anyUser of [false, true]) {
      const path = join(await folder(), 'n.sock');
      const lines: string[] = [];
      await using listener = await NotifyListener.open({
        socket: { kind: 'unix', path },
        anyUser,
        isRelay: () => false,
        line: (line) => lines.push(line) > 1,
      });
      expect((await stat(path)).mode & 0o777).toBe(anyUser ? 0o666 : 0o600);
      const socket = await dialled({ path });
      socket.end('T1\nT2\n');
      await once(socket, 'close');
      expect(lines).toEqual(['T1', 'T2']);
      expect(listener.strays).toBe(1);
      expect(listener.port).toBeUndefined();
    }
  });

  it('hangs up on lines without end, and takes no more connections than it can hold', async () => {
    const path = join(await folder(), 'n.sock');
    await using listener = await NotifyListener.open({
      socket: { kind: 'unix', path },
      isRelay: () => false,
      line: () => true,
    });
    const endless = await dialled({ path });
    endless.write('x'.repeat(20_000));
    await once(endless, 'close');
    const all = await Promise.all(Array.from({ length: 256 }, () => dialled({ path })));
    await once(await dialled({ path }), 'close');
    expect(listener.refused).toBe(1);
    for (const socket of all) socket.destroy();
  });

  it('takes the place of a dead one, of no living one, and of no file', async () => {
    const path = join(await folder(), 'n.sock');
    const open = () =>
      NotifyListener.open({ socket: { kind: 'unix', path }, isRelay: () => false, line: () => true });
    const living = createServer().listen(path);
    await once(living, 'listening');
    await expect(open()).rejects.toMatchObject({ code: 'NET_LISTEN_FAILED', message: /n\.sock: EADDRINUSE/ });
    living.close();
    await once(living, 'close');
    await writeFile(path, 'a file');
    await expect(open()).rejects.toMatchObject({ code: 'NET_LISTEN_FAILED' });
    expect((await stat(path)).isFile()).toBe(true);
  });

  it('that cannot be had stops the control', async () => {
    const listen = { kind: 'tcp', host: '192.0.2.77', port: 9 } as const;
    await expect(controlUnderTest({ set: { notify: { listen, printed: 'x' } } })).rejects.toMatchObject({
      code: 'NET_LISTEN_FAILED',
    });
  });
});
