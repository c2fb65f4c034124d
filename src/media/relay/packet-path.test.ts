import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../base/clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { AcceleratedPath } from './accelerated-path.ts';
import { KernelPath } from './kernel/kernel-path.ts';
import type { Endpoint, FastRule, MediaPort, PacketPath, PortPair, PortUser } from './packet-path.ts';
import { PortablePath } from './portable-path.ts';
import { loadRelayAddon } from './relay-thread.ts';

const addon = loadRelayAddon();
if (!addon) console.log('the accelerator of media is not built here: its tests are skipped');

const clock = new SystemClock();
const wheel = new TimerWheel(clock);
const openAccelerated = (): PacketPath => new AcceleratedPath(addon!, { clock, trafficClass: 0 });
const openPortable = (): PacketPath => new PortablePath(clock);

const overKernel = (openBelow: () => PacketPath) => async (): Promise<PacketPath> => {
  const options = { clock, wheel, ids: new RandomIds(), trafficClass: 0, silenceMs: 60_000 };
  const path = new KernelPath(openBelow(), options);
  expect(await path.ready).toBe(true);
  return path;
};

const ways: readonly (readonly [string, () => PacketPath | Promise<PacketPath>])[] = [
  ['portable', openPortable],
  ...(addon ? ([['accelerated', openAccelerated]] as const) : []),
  // Tables are made in the kernel only where a test has put this into a network namespace of its own.
  ...(process.env.VIADUCT_TEST_KERNEL
    ? ([
        ['kernel over portable', overKernel(openPortable)],
        ['kernel over accelerated', overKernel(openAccelerated)],
      ] as const)
    : []),
];

interface Seen {
  readonly text: string;
  readonly source: Endpoint;
  readonly copy: boolean;
}

/** Keeps what comes, and lets a test wait for it. */
class Watcher implements PortUser {
  readonly seen: Seen[] = [];
  #wake = (): void => {};

  packet(_port: MediaPort, bytes: Buffer, source: Endpoint): void {
    this.#see(bytes, source, false);
  }

  copy(_port: MediaPort, bytes: Buffer, source: Endpoint): void {
    this.#see(bytes, source, true);
  }

  get texts(): string[] {
    return this.seen.map(({ text, copy }) => (copy ? `copy of ${text}` : text));
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  untilText(text: string): Promise<void> {
    return this.until(() => this.texts.includes(text));
  }

  #see(bytes: Buffer, { address, port }: Endpoint, copy: boolean): void {
    this.seen.push({ text: bytes.toString('latin1'), source: { address, port }, copy });
    this.#wake();
  }
}

/** A party: a plain socket that keeps what it gets. */
class Party extends Watcher implements Disposable {
  readonly socket: Socket;
  readonly address: string;

  private constructor(socket: Socket, address: string) {
    super();
    this.socket = socket;
    this.address = address;
    socket.on('message', (bytes, { address, port }) => {
      this.packet(undefined as never, bytes, { address, port });
    });
  }

  static async open(address = '127.0.0.1'): Promise<Party> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address);
    await once(socket, 'listening');
    const party = new Party(socket, address);
    opened.push(party);
    return party;
  }

  get endpoint(): Endpoint {
    return { address: this.address, port: this.socket.address().port };
  }

  say(bytes: Buffer | string, to: { address: string; port: number }): void {
    this.socket.send(bytes, to.port, to.address);
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

const opened: (Disposable | AsyncDisposable)[] = [];

afterEach(async () => {
  for (const it of opened.splice(0).reverse()) {
    if (Symbol.asyncDispose in it) await it[Symbol.asyncDispose]();
    else it[Symbol.dispose]();
  }
});

/** Opens a pair wherever there is room. */
async function openPair(path: PacketPath, address = '127.0.0.1'): Promise<PortPair> {
  for (;;) {
    const port = 2 * Math.floor(10_000 + Math.random() * 20_000);
    try {
      return await path.openPair(address, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

interface RtpOptions {
  readonly type?: number;
  readonly ssrc?: number;
  readonly sequence?: number;
}

function rtp(payload: string, { type = 0, ssrc = 0x1234, sequence = 0 }: RtpOptions = {}): Buffer {
  const bytes = Buffer.alloc(12 + payload.length);
  bytes[0] = 0x80;
  bytes[1] = type;
  bytes.writeUInt16BE(sequence, 2);
  bytes.writeUInt32BE(ssrc, 8);
  bytes.write(payload, 12, 'latin1');
  return bytes;
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1');

describe.each(ways)('the %s path', (_name, openPath) => {
  async function path(): Promise<PacketPath> {
    const made = await openPath();
    opened.push(made);
    return made;
  }

  /** Two parties, and a port for each, the first of which sends to the second by a rule. */
  async function call(rule: Partial<FastRule> = {}, address = '127.0.0.1') {
    const relay = await path();
    const [{ rtp: left }, { rtp: right }] = [await openPair(relay, address), await openPair(relay, address)];
    const [alice, bob] = [await Party.open(address), await Party.open(address)];
    const user = new Watcher();
    left.user = user;
    right.user = user;
    const full: FastRule = { source: alice.endpoint, ssrc: 0x1234, via: right, to: bob.endpoint, ...rule };
    left.setFast(full);
    return { relay, left, right, alice, bob, user, rule: full };
  }

  it('opens an even port and its neighbour', async () => {
    const { rtp, rtcp } = await openPair(await path());
    expect(rtp).toMatchObject({ address: '127.0.0.1', family: 4 });
    expect([rtp.port % 2, rtcp.port]).toEqual([0, rtp.port + 1]);
    expect(rtp.counters()).toMatchObject({
      packetsIn: 0,
      octetsIn: 0,
      packetsOut: 0,
      octetsOut: 0,
      failed: 0,
      lastFast: undefined,
    });
  });

  it('says why a pair cannot be had, and keeps no half of it', async () => {
    const relay = await path();
    const pair = await openPair(relay);
    const { port } = pair.rtp;
    pair.rtp.close();
    await expect(relay.openPair('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    pair.rtcp.close();
    const again = await relay.openPair('127.0.0.1', port);
    expect(again.rtcp.port).toBe(port + 1);
    await expect(relay.openPair('192.0.2.77', port)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it.each(['127.0.0.1', '::1'])('gives what comes to the user, with its source: %s', async (address) => {
    const { rtp: port } = await openPair(await path(), address);
    const [alice, bob] = [await Party.open(address), await Party.open(address)];
    const user = new Watcher();
    port.user = user;
    alice.say('one', port);
    await user.until(() => user.seen.length === 1);
    bob.say('two', port);
    await user.until(() => user.seen.length === 2);
    alice.say('three', port);
    await user.until(() => user.seen.length === 3);
    expect(user.seen).toEqual([
      { text: 'one', source: alice.endpoint, copy: false },
      { text: 'two', source: bob.endpoint, copy: false },
      { text: 'three', source: alice.endpoint, copy: false },
    ]);
  });

  it('gives packets of each port to the user of that port', async () => {
    const { rtp: even, rtcp: odd } = await openPair(await path());
    const party = await Party.open();
    const [evens, odds] = [new Watcher(), new Watcher()];
    even.user = evens;
    odd.user = odds;
    party.say('even', even);
    party.say('odd', odd);
    await evens.untilText('even');
    await odds.untilText('odd');
    expect([evens.texts, odds.texts]).toEqual([['even'], ['odd']]);
  });

  it('sends, from its own port, and counts', async () => {
    const { rtp: port } = await openPair(await path());
    const party = await Party.open();
    const bytes = Buffer.from('hello');
    port.send(bytes, party.endpoint);
    bytes.fill(0);
    await party.untilText('hello');
    expect(party.seen[0]!.source).toEqual({ address: '127.0.0.1', port: port.port });
    expect(port.counters()).toMatchObject({ packetsOut: 1, octetsOut: 5, failed: 0 });
  });

  it.each(['127.0.0.1', '::1'])('lets pass what a rule names: %s', async (address) => {
    const { left, right, alice, bob, user } = await call({}, address);
    const packet = rtp('voice');
    for (let i = 0; i < 3; i++) alice.say(packet, left);
    await bob.until(() => bob.seen.length === 3);
    expect(bob.seen[0]).toEqual({
      text: textOf(packet),
      source: { address, port: right.port },
      copy: false,
    });
    alice.say('the end', left);
    await user.untilText('the end');
    expect(user.texts).toEqual(['the end']);
    expect(left.counters()).toMatchObject({ packetsIn: 4, octetsIn: 3 * packet.length + 7, packetsOut: 0 });
    expect(right.counters()).toMatchObject({ packetsIn: 0, packetsOut: 3, octetsOut: 3 * packet.length });
  });

  it('lets nothing pass from elsewhere, of another SSRC, or that is no RTP', async () => {
    const { left, alice, bob, user } = await call();
    const stranger = await Party.open();
    stranger.say(rtp('injected'), left);
    alice.say(rtp('other', { ssrc: 0x1235 }), left);
    alice.say(rtp('rtcp', { type: 200 }), left);
    alice.say('short', left);
    alice.say(Buffer.alloc(40), left);
    await user.until(() => user.seen.length === 5);
    alice.say(rtp('good'), left);
    await bob.until(() => bob.seen.length === 1);
    expect(bob.texts).toEqual([textOf(rtp('good'))]);
    expect(user.texts.toSorted()).toEqual(
      [
        textOf(rtp('injected')),
        textOf(rtp('other', { ssrc: 0x1235 })),
        textOf(rtp('rtcp', { type: 200 })),
        'short',
        textOf(Buffer.alloc(40)),
      ].toSorted(),
    );
  });

  it('lets no stranger pass either when the call has gone on for a while, both ways', async () => {
    const { left, right, alice, bob, user, rule } = await call();
    right.setFast({ ...rule, source: bob.endpoint, via: left, to: alice.endpoint });
    const stranger = await Party.open();
    for (let i = 1; i <= 5; i++) {
      alice.say(rtp('to bob'), left);
      bob.say(rtp('to alice'), right);
      stranger.say(rtp(`to left ${i}`), left);
      stranger.say(rtp(`to right ${i}`), right);
      await user.until(() => user.seen.length === 2 * i);
      await bob.until(() => bob.seen.length === i);
      await alice.until(() => alice.seen.length === i);
    }
    // The source moves with the rule.
    const carol = await Party.open();
    left.setFast({ ...rule, source: carol.endpoint });
    carol.say(rtp('from carol'), left);
    await bob.untilText(textOf(rtp('from carol')));
    alice.say(rtp('late'), left);
    await user.untilText(textOf(rtp('late')));
    expect(alice.seen[0]!.source.port).toBe(left.port);
    expect(new Set([...alice.texts, ...bob.texts])).toEqual(
      new Set(['to alice', 'to bob', 'from carol'].map((text) => textOf(rtp(text)))),
    );
  });

  it('lets anything of the source pass where no SSRC is named', async () => {
    const { left, alice, bob } = await call({ ssrc: undefined });
    alice.say('whatever', left);
    await bob.untilText('whatever');
  });

  it('takes SSRCs above 31 bits', async () => {
    const { left, alice, bob } = await call({ ssrc: 0xfedcba98 });
    alice.say(rtp('high', { ssrc: 0xfedcba98 }), left);
    await bob.untilText(textOf(rtp('high', { ssrc: 0xfedcba98 })));
  });

  it('leaves payload types aside for the user, marked or not', async () => {
    const { left, alice, bob, user } = await call({ aside: [101, 127] });
    const keys = [101, 101 | 128, 127].map((type) => rtp('key', { type }));
    for (const key of keys) alice.say(key, left);
    await user.until(() => user.seen.length === 3);
    alice.say(rtp('voice', { type: 0x80 }), left);
    await bob.until(() => bob.seen.length === 1);
    expect(user.texts).toEqual(keys.map(textOf));
    expect(bob.texts).toEqual([textOf(rtp('voice', { type: 0x80 }))]);
  });

  it('gives the user copies of what passes, where the rule asks for them', async () => {
    const { left, alice, bob, user } = await call({ copies: true });
    for (const word of ['one', 'two']) alice.say(rtp(word), left);
    await user.until(() => user.seen.length === 2);
    await bob.until(() => bob.seen.length === 2);
    expect(user.texts).toEqual([`copy of ${textOf(rtp('one'))}`, `copy of ${textOf(rtp('two'))}`]);
    expect(bob.texts).toEqual([textOf(rtp('one')), textOf(rtp('two'))]);
  });

  it('changes rules, and brings packets back to the user, from the next packet on', async () => {
    const { left, right, alice, bob, user, rule } = await call();
    const carol = await Party.open();
    alice.say(rtp('to bob'), left);
    await bob.until(() => bob.seen.length === 1);
    left.setFast({ ...rule, to: carol.endpoint });
    alice.say(rtp('to carol'), left);
    await carol.until(() => carol.seen.length === 1);
    left.setFast(undefined);
    alice.say(rtp('to the user'), left);
    await user.until(() => user.seen.length === 1);
    expect([bob.seen.length, carol.seen.length, user.texts]).toEqual([1, 1, [textOf(rtp('to the user'))]]);
    expect(right.counters().packetsOut).toBe(2);
  });

  it('voids a rule whose way out is closed, or taken by another call', async () => {
    const { relay, left, right, alice, bob, user, rule } = await call();
    const { port } = right;
    right.close();
    alice.say(rtp('one'), left);
    await user.until(() => user.seen.length === 1);
    await Promise.all(Array.from({ length: 8 }, () => openPair(relay)));
    alice.say(rtp('two'), left);
    await user.until(() => user.seen.length === 2);
    left.setFast(rule);
    alice.say(rtp('three'), left);
    await user.until(() => user.seen.length === 3);
    expect([bob.seen.length, right.port]).toEqual([0, port]);
  });

  it('gives nothing to the user of a closed port, and counts no more', async () => {
    const relay = await path();
    const { rtp: port, rtcp } = await openPair(relay);
    const party = await Party.open();
    const [user, other] = [new Watcher(), new Watcher()];
    port.user = user;
    rtcp.user = other;
    party.say('before', port);
    await user.untilText('before');
    party.say('after', port);
    port.close();
    port.close();
    port.setFast(undefined);
    port.send(Buffer.from('never'), party.endpoint);
    party.say('later', rtcp);
    await other.untilText('later');
    expect([user.texts, party.texts]).toEqual([['before'], []]);
    expect(port.counters()).toMatchObject({ packetsIn: 1, octetsIn: 6, packetsOut: 0 });
  });

  it('lets a closed port be opened again', async () => {
    const relay = await path();
    const first = await openPair(relay);
    for (let i = 0; i < 20; i++) {
      first.rtp.close();
      first.rtcp.close();
      const user = new Watcher();
      const again = await relay.openPair('127.0.0.1', first.rtp.port);
      again.rtp.user = user;
      const party = await Party.open();
      party.say(`round ${i}`, again.rtp);
      await user.untilText(`round ${i}`);
      expect(again.rtp.counters().packetsIn).toBe(1);
      again.rtp.close();
      again.rtcp.close();
    }
  });

  it('counts what cannot be sent, and goes on', async () => {
    const { rtp: port } = await openPair(await path());
    const party = await Party.open();
    port.send(Buffer.alloc(65_508), party.endpoint);
    port.send(Buffer.from('after'), party.endpoint);
    await party.untilText('after');
    expect(port.counters()).toMatchObject({ packetsOut: 1, failed: 1 });
  });

  it('goes on where a party is gone', async () => {
    const { left, right, alice, user, rule } = await call();
    const gone = await Party.open();
    const { endpoint } = gone;
    left.setFast({ ...rule, to: endpoint });
    right.setFast({ ...rule, source: endpoint, via: left, to: alice.endpoint });
    gone.say(rtp('good bye'), right);
    await alice.untilText(textOf(rtp('good bye')));
    opened.splice(opened.indexOf(gone), 1);
    gone[Symbol.dispose]();
    for (let i = 0; i < 5; i++) alice.say(rtp('into the void'), left);
    right.send(Buffer.from('too'), endpoint);
    alice.say('still here', right);
    await user.untilText('still here');
    alice.say('here too', left);
    await user.untilText('here too');
  });

  it('says when the rule took its last packet, of nobody else', async () => {
    const { left, alice, bob, user } = await call();
    alice.say('stray', left);
    await user.untilText('stray');
    expect(left.counters().lastFast).toBeUndefined();
    const before = clock.now();
    alice.say(rtp('fast'), left);
    await bob.until(() => bob.seen.length === 1);
    const { lastFast } = left.counters();
    expect(lastFast).toBeGreaterThanOrEqual(before - 1);
    expect(lastFast).toBeLessThanOrEqual(clock.now());
    alice.say('stray again', left);
    await user.untilText('stray again');
    expect(left.counters().lastFast).toBe(lastFast);
  });

  it('judges the way of what a rule took, over all its rules, or says nothing of it', async () => {
    const { left, alice, bob, rule } = await call();
    const send = async (...numbers: number[]) => {
      const before = bob.seen.length;
      for (const sequence of numbers) alice.say(rtp('voice', { sequence }), left);
      await bob.until(() => bob.seen.length === before + numbers.length);
    };
    await send(65_533, 65_534, 65_534, 65_535, 2, 1, 3);
    const { quality } = left.counters();
    if (quality === undefined) return;
    expect(quality).toMatchObject({ received: 7, duplicates: 1, lost: 0 });
    left.setFast(undefined);
    left.setFast(rule);
    await send(20_000, 20_005, 40_000, 40_001, 40_003);
    // The jump is a new beginning once a second packet follows it.
    expect(left.counters().quality).toMatchObject({ received: 11, duplicates: 1, lost: 5 });
  });

  it('judges what a rule lays aside too, or says nothing of it', async () => {
    const { left, alice, bob, user } = await call({ aside: [101] });
    for (const [sequence, type] of [0, 101, 101, 0, 0].entries()) {
      alice.say(rtp('voice', { sequence, type }), left);
      await (type === 0 ? bob : user).untilText(textOf(rtp('voice', { sequence, type })));
    }
    const { quality } = left.counters();
    if (quality === undefined) return;
    expect(quality).toMatchObject({ received: 5, lost: 0 });
    const { jitter, averageJitter, largestJitter, longestGapMs } = quality;
    expect(largestJitter).toBeGreaterThanOrEqual(jitter);
    expect(largestJitter).toBeGreaterThanOrEqual(averageJitter!);
    expect(averageJitter).toBeGreaterThanOrEqual(0);
    expect(longestGapMs).toBeGreaterThan(0);
  });

  it('loses nothing when what is forwarded comes back to the user, and goes fast again', async () => {
    const { left, right, alice, bob, user, rule } = await call();
    user.packet = (port, bytes) => {
      if (port === left) right.send(bytes, bob.endpoint);
    };
    for (let i = 0; i < 200; i++) {
      if (i % 10 === 0) left.setFast(undefined);
      if (i % 10 === 5) left.setFast(rule);
      alice.say(rtp(`number ${i}`), left);
      if (i % 7 === 0) await bob.until(() => bob.seen.length === i + 1);
    }
    await bob.until(() => bob.seen.length === 200);
    const numbers = bob.texts.map((text) => Number(text.slice(19)));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('keeps no descriptor of a thousand pairs, nor of a path', async () => {
    const count = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
    await (await openPath())[Symbol.asyncDispose]();
    const before = count();
    const relay = await openPath();
    for (let i = 0; i < 10; i++) {
      const pairs = await Promise.all(Array.from({ length: 100 }, () => openPair(relay)));
      for (const { rtp: port, rtcp } of pairs) {
        port.setFast({
          source: { address: '127.0.0.1', port: 9 },
          ssrc: 1,
          via: rtcp,
          to: { address: '127.0.0.1', port: 9 },
        });
        port.close();
        rtcp.close();
      }
    }
    const left = await openPair(relay);
    await relay[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
    expect(left.rtp.counters().packetsIn).toBe(0);
    expect(count()).toEqual(before);
  });
});

describe.runIf(addon)('the thread of the accelerated path', () => {
  function path(): AcceleratedPath {
    const made = new AcceleratedPath(addon!, { clock, trafficClass: 0xb8 });
    opened.push(made);
    return made;
  }

  it('drops for want of room what JavaScript does not take in time, and counts it', async () => {
    const relay = path();
    const { rtp: from, rtcp: to } = await openPair(relay);
    const user = new Watcher();
    to.user = user;
    const bytes = Buffer.alloc(100);
    // JavaScript is busy here, so that the ring fills.
    for (let i = 0; i < 4000; i++) from.send(bytes, to);
    to.send(Buffer.from('a round'), to);
    while (to.counters().failed === 0) from.send(bytes, to);
    const last = Buffer.from('last');
    await user.until(() => {
      from.send(last, to);
      return user.texts.includes('last');
    });
    const { packetsIn, failed } = to.counters();
    await user.until(() => user.seen.length >= packetsIn - failed);
    expect(failed).toBeGreaterThan(0);
    expect(user.seen.length).toBeGreaterThanOrEqual(1024);
  });

  it('refuses packets longer than it has room for, and forwards none cut short', async () => {
    const relay = path();
    const { rtp: left, rtcp: right } = await openPair(relay);
    const [alice, bob] = [await Party.open(), await Party.open()];
    left.setFast({ source: alice.endpoint, ssrc: undefined, via: right, to: bob.endpoint });
    alice.say(Buffer.alloc(8193, 'x'), left);
    alice.say(Buffer.alloc(8192, 'y'), left);
    await bob.until(() => bob.seen.length === 1);
    expect(bob.texts).toEqual(['y'.repeat(8192)]);
    expect(left.counters()).toMatchObject({ packetsIn: 2, failed: 1 });
  });

  it('shares its ports with nobody, though a rule gives it a second socket', async () => {
    const { rtp: left, rtcp: right } = await openPair(path());
    const [alice, bob] = [await Party.open(), await Party.open()];
    left.setFast({ source: alice.endpoint, ssrc: undefined, via: right, to: bob.endpoint });
    for (const word of ['one', 'two']) {
      alice.say(word, left);
      await bob.untilText(word);
    }
    const intruder = createSocket({ type: 'udp4', reusePort: true });
    intruder.bind(left.port, '127.0.0.1');
    const [error] = await once(intruder, 'error');
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
    intruder.close();
  });

  it('takes no way out of another path', async () => {
    const { rtp: left } = await openPair(path());
    const { rtp: right } = await openPair(path());
    const alice = await Party.open();
    const user = new Watcher();
    left.user = user;
    left.setFast({ source: alice.endpoint, ssrc: undefined, via: right, to: alice.endpoint });
    alice.say('stays here', left);
    await user.untilText('stays here');
  });

  it('works in worker threads, and ends with them, in the middle of traffic too', async () => {
    const relay = path();
    const { rtp: port } = await openPair(relay);
    for (let round = 0; round < 5; round++) {
      const user = new Watcher();
      port.user = user;
      const worker = new Worker(
        `const { workerData: { module, base, port }, parentPort } = require('node:worker_threads');
         (async () => {
           const { AcceleratedPath } = await import(module + 'accelerated-path.ts');
           const { loadRelayAddon } = await import(module + 'relay-thread.ts');
           const { SystemClock } = await import(base + 'clock.ts');
           const path = new AcceleratedPath(loadRelayAddon(), { clock: new SystemClock(), trafficClass: 0 });
           let pair;
           for (let at = 20000; !pair; at += 2) pair = await path.openPair('127.0.0.1', at).catch(() => undefined);
           const other = { address: '127.0.0.1', port };
           const bytes = Buffer.from('from the worker');
           // Packets run round between the two ports by themselves while the worker is ended.
           pair.rtp.setFast({ source: pair.rtcp, ssrc: undefined, via: pair.rtp, to: pair.rtcp });
           pair.rtcp.setFast({ source: pair.rtp, ssrc: undefined, via: pair.rtcp, to: pair.rtp, copies: true });
           pair.rtcp.user = { packet() {}, copy() {} };
           for (let i = 0; i < 50; i++) pair.rtp.send(bytes, pair.rtcp);
           pair.rtp.send(bytes, other);
         })();`,
        {
          eval: true,
          workerData: {
            module: new URL('./', import.meta.url).href,
            base: new URL('../../base/', import.meta.url).href,
            port: port.port,
          },
        },
      );
      worker.on('error', (error) => user.seen.push({ text: String(error), source: port, copy: false }));
      await user.until(() => user.seen.length > 0);
      expect(user.texts).toEqual(['from the worker']);
      await worker.terminate();
    }
  });
});
