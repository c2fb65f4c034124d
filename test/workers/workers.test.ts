// A server of two workers from outside: phones on loopback sockets, and the control socket.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeaderEntry } from '../../src/wire/sip/build.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { aorOwner, callOwner } from '../../src/wire/sip/owner.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';
import { calleeDialog, callerDialog } from '../../testing/peer-dialog.ts';
import type { Flow } from '../cloud/scenario.ts';
import { playCallee, playCaller, sendInvite } from '../cloud/scripted-flows.ts';
import type { ScriptedPhone } from '../cloud/scripted-phone.ts';
import { WORKERS, WorkersHouse } from './workers-house.ts';

const POLL_MS = 20;
const FLOWS: readonly Flow[] = ['re-invite', 'cancel', 'callee-hangs-up', 'refused'];
const USERS = Array.from({ length: 18 }, (_, i) => `user${i}`);

let house: WorkersHouse;

beforeAll(async () => {
  house = await WorkersHouse.start(USERS);
});

afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await wait(POLL_MS);
}

/** Two users whose phones are not open, registered on a transport each. */
async function pair(
  a: number,
  transports: readonly ['udp' | 'tcp', 'udp' | 'tcp'] = ['udp', 'udp'],
  family: 4 | 6 = 4,
): Promise<[ScriptedPhone, ScriptedPhone]> {
  const [one, two] = [USERS[a]!, USERS[a + 1]!];
  const caller = await house.phone(one, two, transports[0], family);
  const callee = await house.phone(two, one, transports[1], family);
  for (const phone of [caller, callee]) await phone.register();
  return [caller, callee];
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

async function hangUp(caller: ScriptedPhone, callee: ScriptedPhone, dialog: ReturnType<typeof callerDialog>) {
  caller.inDialog(dialog, 'BYE');
  callee.reply(await callee.request('BYE'), 200);
  await caller.response('BYE', 200);
}

/** Says something to the server itself. @returns the status of the answer and its words */
async function message(phone: ScriptedPhone, to: string, callId: string, answered = 403) {
  const own = `<sip:${phone.who.user}@example.com>`;
  phone.send('MESSAGE', `sip:${to}@example.com`, { callId, from: `${own};tag=1`, to: own });
  return (await phone.response('MESSAGE', answered)).reason;
}

/** A phone that has registered by TCP, and whose connection that worker has: the kernel gives it to either. */
async function connectedTo(worker: number, user: string, peer: string): Promise<ScriptedPhone> {
  for (;;) {
    const before = (await house.counted('net', 'openConnections')).each[worker]!;
    const phone = await house.phone(user, peer, 'tcp');
    await phone.register();
    if ((await house.counted('net', 'openConnections')).each[worker]! > before) return phone;
    phone[Symbol.dispose]();
    await house.control('unregister', user);
  }
}

/** Never registered while anything is asked of it. */
const TARGET = 'sip:user17@example.com';

function partsOf({ who }: ScriptedPhone, callId: string) {
  return { callId, from: `<sip:${who.user}@example.com>;tag=1`, to: `<${TARGET}>` };
}

/** Asks for something of {@link TARGET}. */
function subscribe(phone: ScriptedPhone, callId: string, status: number, credentials?: HeaderEntry) {
  phone.send('SUBSCRIBE', TARGET, {
    ...partsOf(phone, callId),
    ...(credentials && { headers: [credentials] }),
  });
  return phone.response('SUBSCRIBE', status);
}

function answerTo(challenge: SipMessage, password: string): HeaderEntry {
  return answerChallenge(challenge, { method: 'SUBSCRIBE', uri: TARGET }, { user: 'user0', password })!;
}

describe('a server of two workers', () => {
  it('registers every phone with the worker of its user, by UDP and TCP, and all know all', async () => {
    const transports = ['udp', 'tcp'] as const;
    for (const [i, user] of USERS.entries()) {
      using phone = await house.phone(user, 'nobody', transports[i % 2]);
      await phone.register();
    }
    const rows = (await house.control('registrations')) as { readonly aor: string }[];
    // A phone by TCP that has gone has taken its contact along, or stays until it lapses: both are right.
    const udp = USERS.filter((_, i) => i % 2 === 0).map((user) => `sip:${user}@example.com`);
    expect(rows.map(({ aor }) => aor)).toEqual(expect.arrayContaining(udp));
    const owned = [0, 1].map(
      (worker) => USERS.filter((user) => aorOwner(`sip:${user}@x`, WORKERS) === worker).length,
    );
    expect((await house.counted('registrar', 'added')).each).toEqual(owned);
    for (const user of USERS) {
      expect(await house.control('unregister', user)).toMatch(
        /^[01] contacts? of sip:user\d+@example\.com removed$/,
      );
    }
    expect(await house.control('registrations')).toEqual([]);
  });

  it.each([
    ['udp', 'udp', 4, 0],
    ['udp', 'tcp', 4, 2],
    ['tcp', 'udp', 4, 4],
    ['tcp', 'tcp', 4, 6],
    ['udp', 'udp', 6, 8],
  ] as const)(
    'carries calls of both workers with sound: %s to %s, IPv%i',
    async (from, to, family, first) => {
      const [caller, callee] = await pair(first, [from, to], family);
      using _caller = caller;
      using _callee = callee;
      for (const [i, flow] of FLOWS.entries()) {
        const callId = house.callOf(i % WORKERS);
        await Promise.all([playCaller(caller, flow, callId), playCallee(callee, flow)]);
      }
      for (const phone of [caller, callee]) phone.expectSilence();
    },
  );

  it('has answered calls on every worker, and lost nothing on the way', async () => {
    const { each } = await house.counted('transaction', 'finished2xx');
    expect(each.every((count) => count > 0)).toBe(true);
    expect(await house.control('media')).toEqual([]);
    expect(await house.control('statistics', 'net')).toMatchObject({
      datagramsDropped: 0,
      handOversDropped: 0,
    });
    expect(((await house.control('statistics', 'net')) as Record<string, number>).handedOver).toBeGreaterThan(
      0,
    );
  });

  it('takes the credentials of one request for no other one, whoever is asked', async () => {
    using eve = await house.phone('user0', 'user1');
    const challenge = await subscribe(eve, house.callOf(0), 407);
    const credentials = answerTo(challenge, 'secret');
    // Nobody is registered there, which is told to those alone who are let in.
    await subscribe(eve, house.callOf(0), 480, credentials);
    for (const worker of [1, 0, 1]) {
      const refused = await subscribe(eve, house.callOf(worker), 407, credentials);
      expect(refused.get(H.ProxyAuthenticate)).toContain('stale=true');
    }
  });

  it('shuts out of all workers who guesses passwords at one of them', async () => {
    using eve = await house.phone('user0', 'user1');
    const credentials = answerTo(await subscribe(eve, house.callOf(0), 407), 'guessed');
    for (let guess = 0; guess < 10; guess++) await subscribe(eve, house.callOf(0), 407, credentials);
    await until(async () => {
      const callId = house.callOf(1);
      eve.send('SUBSCRIBE', TARGET, { ...partsOf(eve, callId), headers: [credentials] });
      return (await eve.final('SUBSCRIBE')).status === 403;
    });
    expect((await house.counted('auth', 'throttled')).each[1]).toBe(1);
  });

  it('answers every command once, for all', async () => {
    const [caller, callee] = await pair(10);
    using _caller = caller;
    using _callee = callee;
    const calls = [];
    for (const worker of [0, 1]) calls.push(await call(caller, callee, house.callOf(worker)));
    for (const { answer, offer } of calls) await Promise.all([caller.talk(answer), callee.talk(offer)]);
    const [first, second] = calls.map(({ dialog }) => dialog.callId);

    expect(await house.control('status')).toMatchObject({ workers: 2, listeners: 3 });
    expect(await house.control('workers')).toMatchObject([
      { worker: 0, state: 'running', crashes: 0 },
      { worker: 1, state: 'running', crashes: 0 },
    ]);
    expect(await house.control('listeners')).toHaveLength(3);
    expect(await house.control('registrations', 'user10')).toMatchObject([{ aor: 'sip:user10@example.com' }]);
    expect(await house.control('media')).toMatchObject([{ callId: first }, { callId: second }]);
    expect(await house.control('media', 'calls', second!)).toMatchObject([{ callId: second }]);
    expect(await house.control('media', 'relays')).toMatchObject([{ relay: 'embedded', state: 'active' }]);
    expect(await house.control('media', 'relay', 'none', 'off')).toMatchObject({
      message: 'there is no relay none',
    });
    expect(await house.control('media', 'end', 'none')).toMatchObject({
      message: 'no relay has media of a call none',
    });
    expect(await house.control('statistics', 'media')).toMatchObject({ calls: 2, sessions: 2 });
    for (const callId of [first!, second!]) {
      const counted = (await house.control('media', 'statistics', callId)) as Record<string, number>;
      expect([counted.npkts_ina, counted.npkts_ino].every((count) => count! > 0)).toBe(true);
    }
    expect(await house.control('statistics', 'workers')).toEqual({ running: 2, crashes: 0 });
    expect(await house.control('statistics', 'relay')).toMatchObject({ restarts: 0 });
    expect(await house.control('statistics', 'none')).toMatchObject({ message: 'there is no group none' });
    expect(await house.control('explain', '203.0.113.1')).toContain('127.0.0.1');
    expect(await house.control('resolve', '192.0.2.7')).toMatchObject([{ address: '192.0.2.7:5060' }]);
    expect(await house.control('quarantine')).toEqual([]);
    expect(await house.control('bogus')).toMatchObject({ code: -32601 });
    const help = (await house.control('help')) as { readonly command: string }[];
    expect(help.map(({ command }) => command)).toContain('workers');

    for (const [i, callId] of [first!, second!].entries()) {
      expect(await house.control('media', 'record', callId, 'start')).toBe('done');
      const ended = house.control('media', 'end', callId);
      caller.reply(await caller.request('BYE'), 200);
      callee.reply(await callee.request('BYE'), 200);
      expect(await ended).toBe('ended');
      expect(await house.control('media')).toHaveLength(1 - i);
    }
  });

  it('prints another address from all workers, and knows each others addresses as its own', async () => {
    expect(await house.control('advertise', 'set', '99.88.44.33')).toMatchObject([
      { outside: expect.stringMatching(/^99\.88\.44\.33:/) },
      {},
      {},
    ]);
    expect(await house.control('advertise', 'get')).toMatchObject([
      { outside: expect.stringMatching(/^99\.88\.44\.33:/) },
      {},
      {},
    ]);
    expect(await house.control('advertise', 'set', 'none')).toHaveLength(3);
  });

  it('reloads all workers or none', async () => {
    using phone = await house.phone('user16', 'user17');
    const versions = async () => [
      await message(phone, 'user17', house.callOf(0)),
      await message(phone, 'user17', house.callOf(1)),
    ];
    expect(await versions()).toEqual(['Version 1', 'Version 1']);
    house.editRoutes((text) => text.replace("'1'", "'2'"));
    expect(await house.control('reload')).toContain('read again');
    expect(await versions()).toEqual(['Version 2', 'Version 2']);
    house.editRoutes((text) => text.replace('export default', 'export'));
    expect(await house.control('reload')).toMatchObject({ data: { code: 'CFG_ROUTES_INVALID' } });
    expect(await versions()).toEqual(['Version 2', 'Version 2']);
    house.editRoutes((text) => text.replace('export ', 'export default '));
  });

  it('starts a worker again that ends, and loses only what that had', async () => {
    const [caller, callee] = await pair(12);
    using _caller = caller;
    using _callee = callee;
    using far = await connectedTo(1, 'user15', 'user14');
    const going = await call(caller, callee, house.callOf(1));
    await Promise.all([caller.talk(going.answer), callee.talk(going.offer)]);
    const callId = house.callOf(0);
    expect(callOwner(callId, WORKERS)).toBe(0);
    caller.send('MESSAGE', 'sip:die@example.com', {
      ...{ callId, from: '<sip:user12@example.com>;tag=1', to: '<sip:die@example.com>' },
    });
    await until(async () => (await house.counted('workers', 'crashes')).all === 1);
    // What is its to answer waits for the next one in its place.
    using patient = await house.phone('user16', 'user17');
    const waits = message(patient, 'user17', house.callOf(0));
    // The other goes on meanwhile.
    expect(await message(caller, 'user17', house.callOf(1))).toBe('Version 2');
    await until(async () => (await house.counted('workers', 'running')).all === 2);
    expect(await house.control('workers')).toMatchObject([
      { worker: 0, state: 'running', crashes: 1 },
      { worker: 1, state: 'running', crashes: 0 },
    ]);
    expect(await waits).toBe('Version 2');
    expect(house.log()).toMatch(/"reason":"it ended with code 7".*worker 0 ended/);
    expect(house.log()).toContain('worker 0 runs again');
    expect((await house.control('registrations', 'user12')) as object[]).toHaveLength(1);
    await Promise.all([caller.talk(going.answer), callee.talk(going.offer)]);
    await hangUp(caller, callee, going.dialog);
    // The one that was started again carries calls, with the sound of the one relay, to connections of the other too.
    using other = await house.phone('user14', 'user15');
    await other.register();
    await Promise.all([playCaller(other, 're-invite', house.callOf(0)), playCallee(far, 're-invite')]);
    expect(await message(caller, 'user17', house.callOf(0))).toBe('Version 2');
  });
});

it('what all workers print is own after a restart, however briefly it was printed', async () => {
  const listen = ['udp:127.0.0.1:0'];
  const first = await WorkersHouse.start([], '', listen);
  await first.control('advertise', 'set', '99.88.44.35');
  await first.server[Symbol.asyncDispose]();
  await using again = await first.again();
  expect(again.server.advertise.own.recognise({ host: '99.88.44.35' }).own).toBe(true);
});

describe('a worker that cannot be started again', () => {
  it('is tried until what keeps it from starting has gone, and the server lives on', async () => {
    await using own = await WorkersHouse.start(['user0', 'user1']);
    const phone = await own.phone('user0', 'user1');
    using _phone = phone;
    own.editRoutes((text) => text.replace('export default', 'export'));
    const parts = { from: '<sip:user0@example.com>;tag=1', to: '<sip:die@example.com>' };
    const lives = aorOwner('sip:user0@example.com', WORKERS);
    const dies = 1 - lives;
    phone.send('MESSAGE', 'sip:die@example.com', { callId: own.callOf(dies), ...parts });
    await until(() => own.log().includes('does not start'));
    const rows = (await own.control('workers')) as { readonly state: string }[];
    expect([rows[lives]!.state, rows[dies]!.state]).toEqual(['running', 'starting']);
    expect(await own.control('status')).toMatchObject({ workers: '1 of 2' });
    // What is the other's to answer is answered.
    await phone.register();
    own.editRoutes((text) =>
      text.replace('export {', 'export default {').replace('export routes', 'export default routes'),
    );
    await until(async () => ((await own.control('status')) as { workers: unknown }).workers === WORKERS);
    phone.send('MESSAGE', 'sip:user1@example.com', { callId: own.callOf(dies), ...parts });
    expect((await phone.response('MESSAGE', 403)).reason).toBe('Version 1');
  });
});

describe('what keeps several workers from starting', () => {
  it('is said as it is of one: a port that another program has', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const start = WorkersHouse.start([], '', [`tcp:127.0.0.1:${port}`]);
    await expect(start).rejects.toMatchObject({
      code: 'NET_LISTEN_FAILED',
      message: expect.stringContaining('EADDRINUSE'),
    });
    taken.close();
  });

  it('is said as it is of one: routes that are wrong', async () => {
    const start = WorkersHouse.start([], 'routes: ./none.ts', ['udp:127.0.0.1:0']);
    await expect(start).rejects.toMatchObject({ code: 'CFG_ROUTES_INVALID' });
  });
});

/** Routes whose first worker ends while the second one begins. */
const FAINTING = `import { existsSync, writeFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { routes } from 'viaduct';
const mark = new URL('./begun', import.meta.url);
const index = workerData?.place?.index;
if (index === 0) setInterval(() => existsSync(mark) && process.exit(7), 5);
if (index === 1) {
  writeFileSync(mark, '');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
}
const no = (call) => call.reject(403);
export default routes({ register: no, invite: no, request: no });
`;

describe('a worker that ends while others begin', () => {
  it('ends the start of the server, which would never begin it again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-fainting-'));
    try {
      const file = join(folder, 'routes.ts');
      writeFileSync(file, FAINTING);
      const started = WorkersHouse.start([], `routes: ${file}`).then((it) => it[Symbol.asyncDispose]());
      await expect(started).rejects.toThrow('worker 0 has ended: it ended with code 7');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
