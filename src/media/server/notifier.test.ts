import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { Notifier } from './notifier.ts';

const LOCAL = { address: undefined };
const path = () => join(tmpdir(), `viaduct-notify-${new RandomIds().token(8)}`);
const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of stack.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

function notifier(permitted: readonly string[]) {
  const clock = new FakeClock();
  const it = new Notifier(permitted, clock);
  stack.push(it);
  return { clock, it };
}

/** A listener, and the lines that it has read. */
async function listener(where: string | number) {
  let text = '';
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      server.emit('text');
    });
  });
  server.listen(typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' });
  await once(server, 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await server[Symbol.asyncDispose]();
  };
  stack.push({ [Symbol.asyncDispose]: async () => void (server.listening && (await close())) });
  const read = async (length: number) => {
    while (text.length < length) await once(server, 'text');
    return text;
  };
  return { server, read, close, hangUp: () => [...sockets][0]!.destroy() };
}

describe('Notifier', () => {
  it('permits what was permitted, however it is written', () => {
    const { it } = notifier(['unix:/run/n.sock', 'tcp:192.0.2.1:9999']);
    const asked = ['unix:/run/n.sock', '/run/n.sock', 'tcp:192.0.2.1:9999', '192.0.2.1:9999'];
    expect(asked.map((text) => it.target(text, LOCAL) !== undefined)).toEqual([true, true, true, true]);
    const others = [
      'unix:/run/n.sock2',
      'tcp:192.0.2.1:9998',
      'tcp:192.0.2.2:9999',
      'port:',
      'http://a/RPC2',
      '',
    ];
    for (const text of others) expect(it.target(text, LOCAL)).toBeUndefined();
    expect(it.enabled).toBe(true);
    expect(notifier([]).it.enabled).toBe(false);
  });

  it('refuses to permit what is no socket', () => {
    expect(() => new Notifier(['tcp:192.0.2.1'], new FakeClock())).toThrow('no notify socket');
  });

  it('writes lines, and opens the connection again when it was closed', async () => {
    const where = path();
    const { read, hangUp } = await listener(where);
    const { it } = notifier([`unix:${where}`]);
    const target = it.target(where, LOCAL)!;
    target.send('T1\n');
    target.send('Dc1 # 10 800 0\n');
    expect(await read(18)).toBe('T1\nDc1 # 10 800 0\n');
    const gone = new Promise((resolve) => setImmediate(resolve));
    hangUp();
    await gone;
    // A line may meet the connection just before its end is seen: then the next one opens another.
    let text = '';
    for (let i = 0; !text.includes('again'); i++) {
      target.send(`again${i}\n`);
      await new Promise(setImmediate);
      text = await Promise.race([read(19), new Promise<string>((resolve) => setImmediate(resolve, ''))]);
    }
    expect(it.counters.dropped).toBe(0);
  });

  it('tells the controller at its own address', async () => {
    const { server, read } = await listener(0);
    const { port } = server.address() as { port: number };
    const { it } = notifier([`tcp:%%CC_SELF%%:${port}`]);
    it.target(`tcp:%%CC_SELF%%:${port}`, { address: '127.0.0.1' })!.send('T1\n');
    it.target(`%%CC_SELF%%:${port}`, LOCAL)!.send('T2\n');
    expect(await read(6)).toBe('T1\nT2\n');
    expect(it.target(`tcp:127.0.0.1:${port}`, LOCAL)).toBeUndefined();
  });

  it('waits for a listener that is not there yet', async () => {
    const where = path();
    const { clock, it } = notifier([where]);
    it.target(where, LOCAL)!.send('T1\n');
    while (clock.pendingTimers === 0) await new Promise(setImmediate);
    it.target(where, LOCAL)!.send('T2\n');
    const { read } = await listener(where);
    clock.advance(500);
    expect(await read(6)).toBe('T1\nT2\n');
    expect(it.counters).toEqual({ sent: 2, dropped: 0, failures: 1 });
  });

  it('gives lines up that nobody wants, and keeps only so many', async () => {
    const where = path();
    const { clock, it } = notifier([where]);
    const target = it.target(where, LOCAL)!;
    for (let i = 0; i < 1010; i++) target.send('T1\n');
    expect(it.counters.dropped).toBe(10);
    for (let failures = 1; failures <= 6; failures++) {
      while (it.counters.failures < failures || (clock.pendingTimers === 0 && failures < 6))
        await new Promise(setImmediate);
      clock.advance(8000);
    }
    while (it.counters.dropped < 1010) await new Promise(setImmediate);
    expect(it.counters).toEqual({ sent: 0, dropped: 1010, failures: 6 });
  });

  it('hands lines to a port that asks for them', () => {
    const { it } = notifier([]);
    const lines: string[] = [];
    it.target('port:', { address: undefined, notify: (line) => lines.push(line) })!.send('T1\n');
    expect(lines).toEqual(['T1']);
  });
});
