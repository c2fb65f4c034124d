import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteLocation } from '../../src/store/sqlite/location.ts';
import { buildRequest } from '../../src/wire/sip/build.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';

const USERS = 10_000;
const WINDOW = 64;
const VIADUCT = fileURLToPath(new URL('../../bin/viaduct', import.meta.url));
const ROUTES = `import { location, routes } from 'viaduct';
export default routes({
  register: (call) => location.save(call),
  invite: (call) => call.reject(403),
});
`;

/** Registers users one after another, some at a time, and remembers whom the server has answered for. */
class Registrations {
  readonly acknowledged = new Set<number>();
  readonly #socket: Socket;
  #server = 0;
  #next = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => {
      const parsed = parseMessage(bytes);
      if (!parsed.ok || parsed.message.status !== 200) return;
      this.acknowledged.add(Number(parsed.message.callId));
      this.#send();
    });
  }

  start(server: number): void {
    this.#server = server;
    this.again();
  }

  /** Sends what is not acknowledged yet, for datagrams get lost, and so does what is on its way when a server dies. */
  again(): void {
    this.#next = 0;
    for (let i = 0; i < WINDOW; i++) this.#send();
  }

  #send(): void {
    while (this.acknowledged.has(this.#next)) this.#next++;
    if (this.#next >= USERS) return;
    const user = this.#next++;
    const { port } = this.#socket.address();
    const aor = `sip:user${user}@example.com`;
    const bytes = buildRequest({
      method: 'REGISTER',
      requestUri: 'sip:example.com',
      headers: [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-${user}`],
        ['From', `<${aor}>;tag=${user}`],
        ['To', `<${aor}>`],
        ['Call-ID', String(user)],
        ['CSeq', '1 REGISTER'],
        ['Contact', `<sip:user${user}@127.0.0.1:${port}>`],
        ['Max-Forwards', '70'],
      ],
    });
    // While the server is dead the kernel answers with errors; they are not the matter here.
    this.#socket.send(bytes, this.#server, '127.0.0.1', () => {});
  }
}

async function until(done: () => boolean, socket: Socket): Promise<void> {
  while (!done()) await once(socket, 'message');
}

async function start(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const args = [VIADUCT, '-c', 'viaduct.yaml', '--routes', 'routes.ts'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of child.stdout!) {
    said += chunk;
    const listening = /udp:127\.0\.0\.1:(\d+)/.exec(said);
    if (listening && said.includes('Stop')) {
      child.stdout!.resume();
      return { child, port: Number(listening[1]) };
    }
  }
  throw new Error(`the server ended:\n${said}`);
}

it('loses none of 10,000 acknowledged registrations when it is killed in the middle', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-kill-'));
  writeFileSync(join(folder, 'routes.ts'), ROUTES);
  writeFileSync(
    join(folder, 'viaduct.yaml'),
    'listen: ["udp:127.0.0.1:0"]\ndomains: [example.com]\ndata: ./data\nfrontDoor: { rate: off }\n',
  );
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const registrations = new Registrations(socket);

  const first = await start(folder);
  registrations.start(first.port);
  const retransmission = setInterval(() => registrations.again(), 1000);
  await until(() => registrations.acknowledged.size >= USERS / 2, socket);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const before = new Set(registrations.acknowledged);
  expect(before.size).toBeLessThan(USERS);
  expect(await stored(folder)).toEqual(expect.arrayContaining([...before].toSorted((a, b) => a - b)));

  const second = await start(folder);
  registrations.start(second.port);
  await until(() => registrations.acknowledged.size === USERS, socket);
  clearInterval(retransmission);
  second.child.kill('SIGKILL');
  await once(second.child, 'exit');
  expect(await stored(folder)).toHaveLength(USERS);
  socket.close();
});

/** The users in the store of a server that is dead, in order. */
async function stored(folder: string): Promise<number[]> {
  await using database = Database.open(databasePath(join(folder, 'data')));
  await using location = new SqliteLocation(database);
  const users: number[] = [];
  for await (const binding of location.all()) users.push(Number(binding.callId));
  return users.toSorted((a, b) => a - b);
}
