import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlPath } from '../../src/ops/admin/control-path.ts';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { Server } from '../../src/server.ts';

/** A server as it is shipped, on loopback, whose peers are strangers to it. */
async function start(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-security-'));
  const file = join(folder, 'viaduct.yaml');
  writeFileSync(
    file,
    'listen: ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]\ndomains: [example.com]\ndata: ./data\n' +
      'networks: { inside: none }\nfrontDoor: { rate: off }\nlog: { level: error }\n',
  );
  const read = async () => {
    const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
    if (!result.ok) throw new Error(result.text);
    return result.config;
  };
  return Server.start({ config: await read(), reread: read });
}

function portOf(server: Server, transport: string): number {
  return server.network.listeners.find((listener) => listener.transport === transport)!.port;
}

function text(method: string, id: number, more = ''): string {
  const uri = method === 'REGISTER' || method === 'OPTIONS' ? 'sip:example.com' : 'sip:bob@example.com';
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-${method}-${id};rport\r\n` +
    `From: <sip:u${id}@example.com>;tag=${id}\r\nTo: <sip:u${id}@example.com>\r\nCall-ID: ${id}\r\n` +
    `CSeq: 1 ${method}\r\nContact: <sip:u${id}@127.0.0.1:9>\r\nMax-Forwards: 70\r\n${more}Content-Length: 0\r\n\r\n`
  );
}

async function udp(server: Server): Promise<{ ask: (message: string) => Promise<string>; socket: Socket }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const ask = async (message: string): Promise<string> => {
    const answered = once(socket, 'message');
    socket.send(Buffer.from(message, 'latin1'), portOf(server, 'udp'), '127.0.0.1');
    return String((await answered)[0]);
  };
  return { ask, socket };
}

describe('a running server', () => {
  it('holds nothing after floods of INVITE and REGISTER', async () => {
    await using server = await start();
    const { ask, socket } = await udp(server);
    for (let i = 0; i < 1000; i++) {
      expect(await ask(text('INVITE', i))).toContain('407');
      expect(await ask(text('REGISTER', i))).toContain('401');
    }
    const { transaction, script, net } = server.statistics();
    expect(transaction).toMatchObject({ inUse: 0, clientsInUse: 0, userFaults: 0 });
    expect(script).toMatchObject({ pending: 0, faults: 0 });
    expect(net).toMatchObject({ sinkFaults: 0 });
    expect(await server.location.count()).toBe(0);
    socket.close();
  });

  it('lives on after names that mean something to JavaScript', async () => {
    await using server = await start();
    const { ask, socket } = await udp(server);
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'];
    for (const name of names) {
      const headers = `${name}: x\r\nAuthorization: Digest ${name}=${name}, realm="example.com"\r\n`;
      const answer = await ask(text('REGISTER', 1, headers).replaceAll('u1@', `${name}@`));
      expect(answer).toMatch(/^SIP\/2\.0 40[01]/);
      expect(await ask(text(name, 2))).toMatch(/^SIP\/2\.0 4/);
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect(server.statistics().transaction).toMatchObject({ userFaults: 0 });
    socket.close();
  });

  it('lives on where connections come and go in the middle of a message', async () => {
    await using server = await start();
    const port = portOf(server, 'tcp');
    for (let i = 0; i < 200; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(text('INVITE', i).slice(0, i * 2));
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    const { ask, socket } = await udp(server);
    expect(await ask(text('OPTIONS', 1))).toMatch(/^SIP\/2\.0 200/);
    while (server.network.openConnections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(server.statistics().net).toMatchObject({ sinkFaults: 0 });
    socket.close();
  });

  it('keeps its data and its control socket to itself, and takes no endless line there', async () => {
    await using server = await start();
    const { data } = server.config;
    expect((await stat(data)).mode & 0o077).toBe(0);
    expect((await stat(controlPath(data))).mode & 0o177).toBe(0);
    const socket = connect(controlPath(data));
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => {});
    socket.write('x'.repeat(70_000));
    await closed;
    const client = connect(controlPath(data));
    client.write('[[[[\n{"id":{},"method":"__proto__"}\n{"id":1,"method":"constructor","params":[]}\n');
    let heard = '';
    client.on('data', (bytes) => {
      heard += String(bytes);
    });
    while (heard.split('\n').length < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(
      heard
        .split('\n')
        .slice(0, 3)
        .map((line) => JSON.parse(line).error.code),
    ).toEqual([-32700, -32600, -32601]);
    client.destroy();
  });
});
