import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PortCounters } from '../../../src/media/relay/packet-path.ts';
import { missingRequirement, noteSkipped } from '../../cloud/requirements.ts';
import type { Rule } from './house.ts';
import { ADDRESSES, RelayNetwork } from './network.ts';
import type { Heard, Sending, Tally } from './party.ts';
import type { RemoteProcess } from './remote-process.ts';
import { until } from './until.ts';

const reason = missingRequirement(['ip', 'nft', 'unshare', 'nsenter', 'setpriv']);
if (reason !== undefined) noteSkipped('The kernel path', reason);

const LEFT_PORT = 4000;
const RIGHT_PORT = 5000;
const LEFT_SSRC = 0x1234;
const RIGHT_SSRC = 0xfedcba98;
/** Of a packet of G.711, 20 ms. */
const LENGTH = 172;

interface Counted {
  readonly all: PortCounters;
  readonly below: PortCounters;
}

let network: RelayNetwork;
let nextPort = 30_000;

beforeAll(async () => {
  if (reason === undefined) network = await RelayNetwork.make();
});

afterAll(() => network?.[Symbol.asyncDispose]());

describe.skipIf(reason !== undefined)('the kernel path between real machines', () => {
  describe.each([
    ['accelerated', 4],
    ['portable', 4],
    ['accelerated', 6],
  ] as const)('over the %s path, IPv%d', (choice, family) => {
    const isFirst = choice === 'accelerated' && family === 4;
    const { left: leftAddress, relay: relayAddress, right: rightAddress } = ADDRESSES[family];
    let house: RemoteProcess;
    let left: RemoteProcess;
    let right: RemoteProcess;
    let toRight: Rule;
    let toLeft: Rule;
    const fromLeft = (): Sending => ({ to: { address: relayAddress, port: toRight.port }, ssrc: LEFT_SSRC });
    const fromRight = (): Sending => ({ to: { address: relayAddress, port: toLeft.port }, ssrc: RIGHT_SSRC });
    const counters = (port: number): Promise<Counted> => house.ask('counters', { port });
    /** All that a party heard, when it is at least so much. */
    const heard = async (who: RemoteProcess, least = 0): Promise<Heard[]> => {
      await until(
        () => who.ask<Tally>('tally'),
        ({ count }) => count >= least,
      );
      return who.ask('heard');
    };
    const tookOver = ({ all, below }: Counted): boolean => all.packetsIn > below.packetsIn;

    beforeEach(async () => {
      house = network.start('relay', 'house');
      left = network.start('left', 'party');
      right = network.start('right', 'party');
      const { said } = await house.ask<{ said: string[] }>('open', { choice });
      expect(said).toEqual([]);
      await left.ask('open', { address: leftAddress, port: LEFT_PORT });
      await right.ask('open', { address: rightAddress, port: RIGHT_PORT });
      const port = nextPort;
      nextPort += 4;
      await house.ask('pair', { address: relayAddress, port });
      await house.ask('pair', { address: relayAddress, port: port + 2 });
      const [a, b] = [
        { address: leftAddress, port: LEFT_PORT },
        { address: rightAddress, port: RIGHT_PORT },
      ];
      toRight = { port, via: port + 2, source: a, to: b, ssrc: LEFT_SSRC };
      toLeft = { port: port + 2, via: port, source: b, to: a, ssrc: RIGHT_SSRC };
    });

    afterEach(async () => {
      await house.ask('dispose').catch(() => {});
      for (const it of [house, left, right]) await it[Symbol.asyncDispose]();
      expect(network.tables).toEqual([]);
    });

    it('forwards what rules name, both ways, and counts it', async () => {
      await house.ask('rule', toRight);
      await house.ask('rule', toLeft);
      await left.ask('start', fromLeft());
      await right.ask('start', fromRight());
      await until(() => counters(toRight.port), tookOver);
      await until(() => counters(toLeft.port), tookOver);
      const before = await counters(toRight.port);
      const seen = await until(
        () => counters(toRight.port),
        ({ all }) => all.packetsIn > before.all.packetsIn + 500,
      );
      // Nothing of it comes to the sockets any more.
      expect(seen.below.packetsIn).toBe(before.below.packetsIn);
      const sent = [await left.ask<number>('stop'), await right.ask<number>('stop')] as const;
      const atRight = await heard(right, sent[0]);
      const atLeft = await heard(left, sent[1]);
      expect(new Set(atRight.map(({ from }) => from))).toEqual(new Set([`${relayAddress} ${toLeft.port}`]));
      expect(new Set(atLeft.map(({ from }) => from))).toEqual(new Set([`${relayAddress} ${toRight.port}`]));
      expect(new Set(atRight.map(({ sequence }) => sequence)).size).toBe(sent[0]);
      expect(new Set(atLeft.map(({ ssrc, length }) => `${ssrc} ${length}`))).toEqual(
        new Set([`${RIGHT_SSRC} ${LENGTH}`]),
      );
      const { all } = await until(
        () => counters(toRight.port),
        (it) => it.all.packetsIn === sent[0],
      );
      expect(all).toMatchObject({
        octetsIn: sent[0] * LENGTH,
        packetsOut: sent[1],
        octetsOut: sent[1] * LENGTH,
      });
      expect(await house.ask('strays')).toEqual([]);
    });

    it('loses nothing on the way into the kernel and back', async () => {
      await house.ask('byHand', { port: toRight.port, via: toRight.via, to: toRight.to });
      await left.ask('start', fromLeft());
      for (let round = 0; round < 3; round++) {
        const before = await counters(toRight.port);
        await house.ask('rule', toRight);
        const inside = (it: Counted): number => it.all.packetsIn - it.below.packetsIn;
        const during = await until(
          () => counters(toRight.port),
          (it) => inside(it) > inside(before) + 50,
        );
        await house.ask('byHand', { port: toRight.port, via: toRight.via, to: toRight.to });
        await until(
          () => counters(toRight.port),
          (it) => it.below.packetsIn > during.below.packetsIn + 50,
        );
      }
      const sent = await left.ask<number>('stop');
      const arrived = await heard(right, sent);
      const numbers = arrived.map(({ sequence }) => sequence).toSorted((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: sent }, (_, i) => i));
      const { all } = await until(
        () => counters(toRight.port),
        (it) => it.all.packetsIn === sent,
      );
      expect(all.octetsIn).toBe(sent * LENGTH);
    });

    it('leaves strangers, other sources, RTCP, keys and what is cut short to user space', async () => {
      await house.ask('rule', { ...toRight, aside: [101] });
      await left.ask('start', fromLeft());
      await until(() => counters(toRight.port), tookOver);
      const stranger = network.start('left', 'party');
      await stranger.ask('open', { address: leftAddress, port: LEFT_PORT + 2 });
      await stranger.ask('say', fromLeft());
      for (const odd of [{ ssrc: 7 }, { type: 200 }, { type: 101 }, { type: 101 | 128 }, { length: 11 }]) {
        await left.ask('say', { ...fromLeft(), ...odd });
      }
      const strays = await until(
        () => house.ask<string[]>('strays'),
        ({ length }) => length >= 6,
      );
      const of = (port: number, what: string): string =>
        `packet ${toRight.port} of ${leftAddress} ${port}: ${what}`;
      expect(strays.toSorted()).toEqual(
        [
          of(LEFT_PORT + 2, `${LENGTH} 0`),
          of(LEFT_PORT, `${LENGTH} 0`),
          of(LEFT_PORT, `${LENGTH} 200`),
          of(LEFT_PORT, `${LENGTH} 101`),
          of(LEFT_PORT, `${LENGTH} 229`),
          of(LEFT_PORT, '11 0'),
        ].toSorted(),
      );
      const sent = await left.ask<number>('stop');
      const arrived = await heard(right, sent - 5);
      expect(arrived.length).toBe(sent - 5);
      await stranger[Symbol.asyncDispose]();
    });

    it.runIf(isFirst)('turns packets round on the device that they came by', async () => {
      // As where a machine has one: the router itself is the other party.
      const router = network.start('router', 'party');
      const { router: routerAddress } = ADDRESSES[family];
      await router.ask('open', { address: routerAddress, port: LEFT_PORT });
      await house.ask('rule', { ...toLeft, to: { address: routerAddress, port: LEFT_PORT } });
      await right.ask('start', fromRight());
      await until(() => counters(toLeft.port), tookOver);
      const sent = await right.ask<number>('stop');
      expect((await heard(router, sent)).length).toBe(sent);
      await router[Symbol.asyncDispose]();
    });

    it.runIf(isFirst)('comes back to user space for copies', async () => {
      await house.ask('rule', toRight);
      await left.ask('start', fromLeft());
      await until(() => counters(toRight.port), tookOver);
      await house.ask('rule', { ...toRight, copies: true });
      const copies = await until(
        () => house.ask<string[]>('strays'),
        ({ length }) => length > 100,
      );
      expect(new Set(copies)).toEqual(
        new Set([`copy ${toRight.port} of ${leftAddress} ${LEFT_PORT}: ${LENGTH} 0`]),
      );
      const sent = await left.ask<number>('stop');
      expect((await heard(right, sent)).length).toBe(sent);
    });

    it.runIf(isFirst)('keeps nothing of a thousand pairs', async () => {
      const from = { address: leftAddress, port: LEFT_PORT };
      const to = { address: rightAddress, port: RIGHT_PORT };
      const filling = { address: relayAddress, first: 40_000, count: 1, from, to };
      const [table] = network.tables;
      const round = async (count: number): Promise<void> => {
        await house.ask('fill', { ...filling, count });
        await until(
          async () => network.flows(table),
          (loaded) => loaded === 2 * count,
        );
        await house.ask('empty');
        await until(
          async () => network.onRelay(`nft list table netdev ${table}`),
          (text) => !/[ ]f\d+/.test(text),
        );
      };
      await round(1);
      const before = await house.ask('resources');
      for (let i = 0; i < 5; i++) await round(100);
      await until(
        () => house.ask('resources'),
        (now) => String(now) === String(before),
      );
    });

    it.runIf(isFirst)(
      'goes on in the kernel when the relay is killed, and the next one takes its table away',
      async () => {
        await house.ask('rule', toRight);
        await left.ask('start', fromLeft());
        await until(() => counters(toRight.port), tookOver);
        const [table] = network.tables;
        await house.kill();
        await heard(right, (await heard(right)).length + 500);
        expect(network.tables).toEqual([table]);
        house = network.start('relay', 'house');
        await house.ask('open', { choice });
        expect(network.tables.length).toBe(1);
        expect(network.tables).not.toContain(table);
        // A living relay's table stays when another one starts, and goes when its process ends.
        const second = network.start('relay', 'house');
        await second.ask('open', { choice });
        expect(network.tables.length).toBe(2);
        second.ask('exit').catch(() => {});
        await second.ended();
        expect(network.tables.length).toBe(1);
        await left.ask('stop');
      },
    );

    it.runIf(isFirst)('survives that somebody flushes all rules of the machine', async () => {
      await house.ask('rule', toRight);
      await left.ask('start', fromLeft());
      const { all } = await until(() => counters(toRight.port), tookOver);
      network.onRelay('nft flush ruleset');
      await until(
        () => house.ask<Counted>('counters', { port: toRight.port }),
        (it) => it.below.packetsIn > all.packetsIn,
      );
      const [table] = await until(
        async () => network.tables,
        ({ length }) => length > 0,
      );
      await until(
        async () => network.flows(table),
        (loaded) => loaded === 1,
      );
      const sent = await left.ask<number>('stop');
      const arrived = await heard(right, sent);
      expect(arrived.length).toBe(sent);
    });
  });

  it('does without where it lacks the right, and says so once', async () => {
    const house = network.start('relay', 'house', ['setpriv', '--bounding-set=-net_admin', '--']);
    const { name, said } = await house.ask<{ name: string; said: string[] }>('open', { choice: 'portable' });
    expect(name).toBe('portable');
    expect(said.length).toBe(1);
    expect(said[0]).toMatch(/^packets take the portable path: not the kernel's: .*not permitted/);
    await house.ask('dispose');
    await house[Symbol.asyncDispose]();
    expect(network.tables).toEqual([]);
  });

  it('does on loopback what every path does', () => {
    const root = new URL('../../../', import.meta.url).pathname;
    const vitest = `${root}node_modules/vitest/vitest.mjs`;
    const file = 'src/media/relay/packet-path.test.ts';
    // The plain report names only what was slow.
    const run = `${vitest} run --reporter=verbose ${file}`;
    const command = `VIADUCT_TEST_KERNEL=1 NO_COLOR=1 ${process.execPath} ${run} 2>&1 || true`;
    const said = network.onRelay(`sh -c "cd ${root} && ${command}"`);
    expect(said).toMatch(/✓ .*the kernel over accelerated path/);
    expect(said).not.toContain('failed');
  });
});
