import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missingRequirement, noteSkipped } from '../../cloud/requirements.ts';
import { stop } from '../../cloud/sandbox.ts';
import { ADDRESSES, RelayNetwork } from './network.ts';
import type { Heard, Sending, Tally } from './party.ts';
import type { RemoteProcess } from './remote-process.ts';
import { until } from './until.ts';

const reason = missingRequirement(['ip', 'nft', 'unshare', 'nsenter']);
if (reason !== undefined) noteSkipped('A relay over the kernel path', reason);

const ROOT = new URL('../../../', import.meta.url).pathname;
const CONTROL_PORT = 22_222;
const { left: LEFT, relay: RELAY, right: RIGHT } = ADDRESSES[4];
/** Of the session: what the kernel forwards must keep it alive for longer. */
const TTL_SECONDS = 3;

let network: RelayNetwork;
let folder: string;
let relay: ChildProcess;
let left: RemoteProcess;
let right: RemoteProcess;
let toRelay: Sending;
let toRelayToo: Sending;

beforeAll(async () => {
  if (reason === undefined) network = await RelayNetwork.make();
});

afterAll(() => network?.[Symbol.asyncDispose]());

const tally = (who: RemoteProcess): Promise<Tally> => who.ask('tally');

/** Waits until a party has heard so many more. @returns them */
async function hearMore(who: RemoteProcess, more: number): Promise<Heard[]> {
  const { count } = await tally(who);
  await until(
    () => tally(who),
    (now) => now.count >= count + more,
  );
  return who.ask('heard', { after: count });
}
const command = (text: string): Promise<string> =>
  left.ask('command', { text, to: { address: RELAY, port: CONTROL_PORT } });

/** What a party heard of the other one, each packet once. */
function sequencesOf(packets: readonly Heard[], { ssrc }: Sending): number[] {
  const numbers = packets.filter((it) => it.ssrc === ssrc).map(({ sequence }) => sequence);
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

describe.skipIf(reason !== undefined)('viaduct relay --path kernel', () => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'viaduct-relay-'));
    const control = `udp:${RELAY}:${CONTROL_PORT}`;
    const options = [
      '-F',
      '-s',
      control,
      '-l',
      RELAY,
      '-T',
      String(TTL_SECONDS),
      '-r',
      folder,
      '--path',
      'kernel',
    ];
    relay = network.spawn('relay', [process.execPath, join(ROOT, 'bin/viaduct'), 'relay', ...options]);
    await once(relay.stdout!, 'data');
    left = network.start('left', 'party');
    right = network.start('right', 'party');
    await left.ask('open', { address: LEFT, port: 4000 });
    await right.ask('open', { address: RIGHT, port: 5000 });
    const port = async (text: string): Promise<number> => Number((await command(text)).split(' ')[0]);
    toRelayToo = { to: { address: RELAY, port: await port(`U call ${LEFT} 4000 alice;1`) }, ssrc: 2 };
    toRelay = { to: { address: RELAY, port: await port(`L call ${RIGHT} 5000 alice;1 bob;1`) }, ssrc: 1 };
    await left.ask('start', toRelay);
    await right.ask('start', toRelayToo);
    await until(
      () => network.flows(),
      (loaded) => loaded === 2,
    );
  });

  afterEach(async () => {
    await stop(relay);
    for (const it of [left, right]) await it[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    expect(network.tables).toEqual([]);
  });

  it('records a call, and gives it back to the kernel, without losing a packet', async () => {
    expect(await command('R call alice bob')).toBe('0');
    await until(
      () => network.flows(),
      (loaded) => loaded === 1,
    );
    const size = (): number =>
      readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    await until(size, (bytes) => bytes > 100_000);
    expect(await command('N call alice bob')).toBe('0');
    await until(
      () => network.flows(),
      (loaded) => loaded === 2,
    );
    await hearMore(right, 300);
    const sent = await left.ask<number>('stop');
    await until(
      () => tally(right),
      ({ last }) => last?.sequence === sent - 1,
    );
    // Before the other one was learned, nothing was sent on: what counts is that no packet is missing since.
    const all = await right.ask<Heard[]>('heard');
    const numbers = sequencesOf(all, toRelay);
    expect(numbers).toEqual(Array.from(numbers, (_, i) => numbers[0]! + i));
    expect(await command('D call alice bob')).toBe('0');
    await until(
      () => network.flows(),
      (loaded) => loaded === 0,
    );
  });

  it('plays a prompt instead of the other party, who comes back after it', async () => {
    const prompt = join(folder, 'welcome');
    writeFileSync(`${prompt}.0`, Buffer.alloc(160, 0xff));
    expect(await command(`P1000 call ${prompt} 0 alice bob`)).toBe('0');
    await until(
      () => network.flows(),
      (loaded) => loaded === 1,
    );
    const during = await hearMore(left, 50);
    expect(new Set(during.slice(-20).map(({ ssrc }) => ssrc)).has(toRelayToo.ssrc)).toBe(false);
    expect(await command('S call alice bob')).toBe('0');
    await until(
      () => network.flows(),
      (loaded) => loaded === 2,
    );
    const after = await hearMore(left, 100);
    expect(new Set(after.map(({ ssrc }) => ssrc))).toEqual(new Set([toRelayToo.ssrc]));
  });

  it('follows a party that moves by a re-INVITE', async () => {
    await left.ask('stop');
    const moved = network.start('left', 'party');
    await moved.ask('open', { address: LEFT, port: 4100 });
    expect(await command(`U call ${LEFT} 4100 alice;1 bob;1`)).toBe(`${toRelayToo.to.port} ${RELAY}`);
    await moved.ask('start', { ...toRelay, ssrc: 3 });
    await until(
      () => network.flows(),
      (loaded) => loaded === 2,
    );
    expect((await hearMore(right, 100)).at(-1)!.ssrc).toBe(3);
    await hearMore(moved, 100);
    expect(network.onRelay(`nft list table netdev ${network.tables[0]}`)).toContain(`${LEFT} . 4100`);
    await moved[Symbol.asyncDispose]();
  });

  it('keeps a session for as long as the kernel forwards its packets, and no longer', async () => {
    const begun = Date.now();
    await until(Date.now, (now) => now > begun + 3 * TTL_SECONDS * 1000);
    expect(network.flows()).toBe(2);
    expect((await command('Q call alice bob')).split(' ').length).toBeGreaterThan(3);
    await left.ask('stop');
    await right.ask('stop');
    await until(
      () => network.flows(),
      (loaded) => loaded === 0,
    );
    expect(await command('Q call alice bob')).toMatch(/^E/);
  });
});
