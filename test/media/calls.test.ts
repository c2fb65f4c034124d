// Calls with sound through a whole server and its own relay, on loopback.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { callControl } from '../../src/ops/admin/control-client.ts';
import { controlPath } from '../../src/ops/admin/control-path.ts';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Server } from '../../src/server.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { calleeDialog, callerDialog } from '../../testing/peer-dialog.ts';
import type { Party } from '../cloud/scenario.ts';
import { sendInvite } from '../cloud/scripted-flows.ts';
import { ScriptedPhone } from '../cloud/scripted-phone.ts';
import { freePort } from './control/media-socket.ts';
import { RELAY_PROGRAMS } from './control/relay-programs.ts';
import { missingRtpengine, startRtpengine } from './control/rtpengine-program.ts';

const POLL_MS = 50;
const VIADUCT_RELAY = RELAY_PROGRAMS.find(({ name }) => name === 'viaduct relay')!;
const FOREIGN = [
  {
    protocol: 'rtpproxy',
    missing: undefined,
    start: (port: number) => VIADUCT_RELAY.start(() => `udp:127.0.0.1:${port}`),
  },
  { protocol: 'rtpengine', missing: missingRtpengine(), start: startRtpengine },
] as const;
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function party(user: string, peer: string): Party {
  return { user, peer, domain: 'example.com', password: 'secret' };
}

function configuration(media: string): string {
  return `listen: ["udp:127.0.0.1:0"]\ndomains: [example.com]\ndata: ./data\nmedia: ${media}\n`;
}

class House implements AsyncDisposable {
  readonly folder: string;
  readonly server: Server;
  readonly data: string;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.server = server;
    this.data = join(folder, 'data');
  }

  static async start(media: string, users: readonly string[] = ['alice', 'bob']): Promise<House> {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-calls-'));
    folders.push(folder);
    const file = join(folder, 'viaduct.yaml');
    const read = async () => {
      const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
      if (!result.ok) throw new Error(result.text);
      return result.config;
    };
    writeFileSync(file, configuration(media));
    const server = await Server.start({ config: await read(), reread: read });
    const house = new House(folder, server);
    await using database = Database.open(databasePath(house.data));
    const subscribers = new SqliteSubscribers(database);
    for (const user of users) subscribers.add(user, 'example.com', 'secret');
    return house;
  }

  write(media: string): void {
    writeFileSync(join(this.folder, 'viaduct.yaml'), configuration(media));
  }

  async phone(user: string, peer: string, name = user): Promise<ScriptedPhone> {
    const { port } = this.server.network.listeners[0]!;
    const leg = { transport: 'udp', local: '127.0.0.1', address: '127.0.0.1', port } as const;
    const phone = await ScriptedPhone.open(leg, party(user, peer), name, name.replace(user, peer));
    await phone.register();
    return phone;
  }

  async control(...words: string[]): Promise<unknown> {
    const [method = '', ...params] = words;
    const answer = await callControl(controlPath(this.data), method, params);
    return answer.ok ? answer.result : answer.error;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** Calls, answers, and acknowledges. */
async function call(caller: ScriptedPhone, callee: ScriptedPhone, callId: string) {
  const sent = sendInvite(caller, callId);
  const offer = await callee.request('INVITE');
  callee.reply(offer, 200, true);
  const invite = await sent;
  const answer = await caller.response('INVITE', 200);
  const dialog = callerDialog(invite, answer);
  caller.inDialog(dialog, 'ACK', invite.cseq?.number);
  await callee.request('ACK');
  return { offer, answer, dialog, back: calleeDialog(offer, callee.tag) };
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await wait(POLL_MS);
}

describe('a call through the server and its own relay', () => {
  it('has sound both ways, is listed, recorded, and ended from outside', async () => {
    await using house = await House.start('{}');
    using alice = await house.phone('alice', 'bob');
    using bob = await house.phone('bob', 'alice');
    const { offer, answer } = await call(alice, bob, 'call-1');
    await Promise.all([alice.talk(answer), bob.talk(offer)]);

    expect(await house.control('media')).toMatchObject([
      { callId: 'call-1', caller: 'sip:alice@example.com', callee: 'sip:bob@example.com', state: 'answered' },
    ]);
    expect(await house.control('media', 'relays')).toMatchObject([{ relay: 'embedded', state: 'active' }]);
    expect(await house.control('media', 'record', 'call-1', 'start')).toBe('done');
    await Promise.all([alice.talk(answer), bob.talk(offer)]);
    expect(await house.control('media', 'record', 'call-1', 'stop')).toBe('done');
    const counted = (await house.control('media', 'statistics', 'call-1')) as Record<string, number>;
    expect(counted.npkts_ina).toBeGreaterThan(0);
    expect(counted.npkts_ino).toBeGreaterThan(0);
    expect(await house.control('statistics', 'media')).toMatchObject({ calls: 1, sessions: 1, offers: 1 });
    expect(await house.control('statistics', 'relay')).toMatchObject({ sessions: 1, ended: 0, restarts: 0 });

    const ended = house.control('media', 'end', 'call-1');
    alice.reply(await alice.request('BYE'), 200);
    bob.reply(await bob.request('BYE'), 200);
    expect(await ended).toBe('ended');
    expect(await house.control('media')).toEqual([]);
    expect(await house.control('statistics', 'relay')).toMatchObject({ sessions: 1, ended: 1 });
    const recorded = readdirSync(join(house.data, 'recordings'));
    expect(recorded.some((name) => name.startsWith('call-1'))).toBe(true);
  });

  it('is refused what it has not', async () => {
    await using house = await House.start('{}');
    const message = 'no relay has media of a call none';
    expect(await house.control('media', 'end', 'none')).toMatchObject({ message });
    expect(await house.control('media', 'relay', 'none', 'off')).toMatchObject({
      message: 'there is no relay none',
      data: { hint: 'one of embedded' },
    });
    expect(await house.control('media', 'bogus')).toMatchObject({ message: 'media knows no bogus' });
  });

  it('is ended when neither phone says anything any more', { timeout: 60_000 }, async () => {
    await using house = await House.start('{ relay: { timeout: 5s } }');
    using alice = await house.phone('alice', 'bob');
    using bob = await house.phone('bob', 'alice');
    const { offer, answer } = await call(alice, bob, 'call-2');
    await Promise.all([alice.talk(answer), bob.talk(offer)]);
    alice.reply(await alice.request('BYE'), 200);
    bob.reply(await bob.request('BYE'), 200);
    expect(await house.control('statistics', 'media')).toMatchObject({ timeouts: 1, calls: 0 });
  });

  it('is ended when the server stops, for its relay stops with it', async () => {
    const house = await House.start('{}');
    using alice = await house.phone('alice', 'bob');
    using bob = await house.phone('bob', 'alice');
    await call(alice, bob, 'call-4');
    const stopped = house[Symbol.asyncDispose]();
    alice.reply(await alice.request('BYE'), 200);
    bob.reply(await bob.request('BYE'), 200);
    await stopped;
  });

  it('takes other relays and another policy from a reload on', async () => {
    await using house = await House.start('{}');
    house.write(
      '{ anchor: never, relay: { timeout: 30s }, rtpproxy: { sets: { west: ["udp:127.0.0.1:9"] } } }',
    );
    expect(await house.control('reload')).toContain(
      'media.relay: the change needs a restart\nmedia: the relays are embedded, west\nmedia.anchor is never',
    );
    using alice = await house.phone('alice', 'bob');
    using bob = await house.phone('bob', 'alice');
    await call(alice, bob, 'call-3');
    expect(await house.control('media')).toEqual([]);
    expect(await house.control('media', 'relay', 'udp:127.0.0.1:9', 'off')).toBe(
      'udp:127.0.0.1:9 is switched off',
    );
    expect(await house.control('media', 'relays')).toMatchObject([
      { relay: 'embedded' },
      { relay: 'west', node: 'udp:127.0.0.1:9', state: 'off' },
    ]);
  });
});

describe.each(FOREIGN)('a call through a relay elsewhere, by $protocol', ({ protocol, missing, start }) => {
  it.skipIf(missing !== undefined)('has sound both ways, and leaves nothing behind', async () => {
    const callId = `call-${protocol}`;
    const port = await freePort();
    await using _relay = await start(port);
    await using house = await House.start(
      `{ relay: off, ${protocol}: { sets: { west: ["udp:127.0.0.1:${port}"] } } }`,
    );
    using alice = await house.phone('alice', 'bob');
    using bob = await house.phone('bob', 'alice');
    const { offer, answer, dialog } = await call(alice, bob, callId);
    await Promise.all([alice.talk(answer), bob.talk(offer)]);
    expect(await house.control('media')).toMatchObject([{ callId, state: 'answered' }]);
    expect(await house.control('media', 'relays')).toMatchObject([{ relay: 'west', state: 'active' }]);
    expect(await house.control('media', 'statistics', callId)).not.toEqual({});

    alice.inDialog(dialog, 'BYE');
    bob.reply(await bob.request('BYE'), 200);
    await alice.response('BYE', 200);
    await until(() => house.server.media.calls.sessions === 0);
    expect(house.server.statistics().media).toMatchObject({ anchored: 1, unrelayed: 0, calls: 0 });
  });
});

it('1000 calls leave no session, dialog, socket or file behind', { timeout: 180_000 }, async () => {
  const lines = Array.from({ length: 20 }, (_, line) => line);
  const users = lines.flatMap((line) => [`caller${line}`, `callee${line}`]);
  await using house = await House.start('{}', users);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const ring = async (line: number): Promise<void> => {
    using caller = await house.phone(`caller${line}`, `callee${line}`);
    using callee = await house.phone(`callee${line}`, `caller${line}`);
    for (let i = 0; i < 50; i++) {
      const { dialog } = await call(caller, callee, `call-${line}-${i}`);
      caller.inDialog(dialog, 'BYE');
      callee.reply(await callee.request('BYE'), 200);
      await caller.response('BYE', 200);
    }
  };
  const before = descriptors();
  await Promise.all(lines.map(ring));
  const { server } = house;
  expect(server.statistics().media).toMatchObject({ anchored: 1000, offers: 1000, answers: 1000, calls: 0 });
  await until(async () => {
    const relay = await server.relayStatistics();
    return relay?.ended === 1000 && server.dialogs.size === 0 && descriptors() <= before;
  });
  expect(server.media.calls.sessions).toBe(0);
});
