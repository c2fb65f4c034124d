import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock.ts';
import type { RelaySettings } from '../../src/media/relay/relay-settings.ts';
import { execute } from '../../src/media/relay/testing/relay-scene.ts';
import { Peer, rtcp, rtp } from './peer.ts';
import { openRelay, paths } from './relay-paths.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

function keep<T extends AsyncDisposable>(it: T): T {
  opened.push(it);
  return it;
}

type Place = { readonly address: string; readonly port: number };
const beside = ({ address, port }: Place) => ({ address, port: port + 1 });

describe.each(paths)('the relay over the %s path', (_name, openPath) => {
  async function setUp(settings: Partial<RelaySettings> = {}) {
    const clock = new FakeClock();
    const timedOut: string[] = [];
    const relay = keep(
      openRelay({
        path: openPath(clock),
        clock,
        settings,
        timedOut: ({ callId }) => timedOut.push(callId),
      }),
    );
    /** @returns where a party is told to send */
    const command = async (letters: string, { address, port }: Place, tags: string): Promise<Place> => {
      const answer = await execute(relay, `${letters} call ${address} ${port} ${tags}`);
      if (typeof answer === 'boolean' || !answer.ok) throw new Error(JSON.stringify(answer));
      return { address: answer.side.address.address, port: answer.port };
    };
    return { clock, relay, command, timedOut };
  }

  const peer = async (address: string) => keep(await Peer.open(address));
  const pair = async (address: string) => (await Peer.openPair(address)).map(keep) as [Peer, Peer];

  async function hear(from: Peer, to: Place, by: Peer, text: string, sequence: number) {
    await from.say(rtp(text, { sequence }), to);
    await by.untilHeard(text);
  }

  it('joins IPv4 and IPv6, RTP and RTCP', async () => {
    const { command } = await setUp({
      addresses: [
        { address: '127.0.0.1', role: 'internal' },
        { address: '::1', role: 'external' },
      ],
    });
    const [four, fourRtcp] = await pair('127.0.0.2');
    const [six, sixRtcp] = await pair('::1');
    const toSix = await command('UIE', four, 'f');
    const toFour = await command('L6', six, 'f t');
    expect([toSix.address, toFour.address]).toEqual(['::1', '127.0.0.1']);
    for (let i = 0; i < 3; i++) {
      await hear(four, toFour, six, `from four ${i}`, i);
      await hear(six, toSix, four, `from six ${i}`, i);
    }
    await fourRtcp.say(rtcp('report four'), beside(toFour));
    await sixRtcp.untilHeard('report four');
    await sixRtcp.say(rtcp('report six'), beside(toSix));
    await fourRtcp.untilHeard('report six');
  });

  it('joins two phones behind one NAT, whose ports it changed', async () => {
    const { relay, command } = await setUp();
    const [alice, bob] = [await peer('127.0.0.2'), await peer('127.0.0.2')];
    const toBob = await command('U', { address: '127.0.0.2', port: 9 }, 'f');
    const toAlice = await command('L', { address: '127.0.0.2', port: 9 }, 'f t');
    // The first to speak is not heard, for nobody knows yet where the other one is.
    await alice.say(rtp('first'), toAlice);
    const [found] = relay.find({ callId: 'call', fromTag: 'f' });
    while (!found!.side.other.latch.source) await setImmediate();
    await hear(bob, toBob, alice, 'bob', 1);
    for (let i = 2; i < 9; i++) {
      await hear(alice, toAlice, bob, `alice ${i}`, i);
      await hear(bob, toBob, alice, `bob ${i}`, i);
    }
    expect(bob.heard).not.toContain('first');
  });

  it('passes RTCP on one port with RTP', async () => {
    const { relay, command } = await setUp();
    const [alice, bob] = [await peer('127.0.0.2'), await peer('127.0.0.3')];
    const toBob = await command('U', alice, 'f');
    const toAlice = await command('L', bob, 'f t');
    await hear(alice, toAlice, bob, 'alice', 1);
    await hear(bob, toBob, alice, 'bob', 1);
    await bob.say(rtcp('from bob, who muxes'), toBob);
    const [found] = relay.find({ callId: 'call', fromTag: 'f' });
    while (found!.side.rtcpRemote?.port !== bob.port) await setImmediate();
    await alice.say(rtcp('from alice, who muxes'), toAlice);
    await bob.untilHeard('from alice, who muxes');
    await bob.say(rtcp('from bob'), toBob);
    await alice.untilHeard('from bob');
  });

  it('passes fax and other datagrams of the parties', async () => {
    const { command } = await setUp();
    const [alice, bob] = [await peer('127.0.0.2'), await peer('127.0.0.3')];
    const toBob = await command('U', alice, 'f');
    const toAlice = await command('L', bob, 'f t');
    const udptl = (text: string) => Buffer.from(`\0\x01${' '.repeat(10)}${text}`, 'latin1');
    await alice.say(udptl('a page'), toAlice);
    await bob.untilHeard('a page');
    await bob.say(udptl('received'), toBob);
    await alice.untilHeard('received');
  });

  it('follows a party to a new address, and ends what is silent', async () => {
    const { clock, relay, command, timedOut } = await setUp();
    const [alice, bob] = [await peer('127.0.0.2'), await peer('127.0.0.3')];
    const toBob = await command('U', alice, 'f');
    const toAlice = await command('L', bob, 'f t');
    for (let i = 0; i < 3; i++) {
      await hear(alice, toAlice, bob, `before ${i}`, i);
      await hear(bob, toBob, alice, `before ${i}`, i);
    }
    const moved = await peer('127.0.0.4');
    expect(await command('U', moved, 'f t')).toEqual(toBob);
    await hear(bob, toBob, moved, 'to the new address', 4);
    await hear(moved, toAlice, bob, 'from the new address', 9);
    await clock.advanceAsync(50_000);
    // Taken by a fast rule, for all is settled again.
    await hear(moved, toAlice, bob, 'window over', 10);
    await hear(moved, toAlice, bob, 'still there', 11);
    // The thread has a clock of its own: when it took a packet is known from when it is asked.
    expect(relay.totals()).toMatchObject({ received: 10, relayed: 10, dropped: 0 });
    await clock.advanceAsync(50_000);
    expect(timedOut).toEqual([]);
    await clock.advanceAsync(15_000);
    expect(timedOut).toEqual(['call']);
  });

  it('goes on with other calls when ports of its range are taken', async () => {
    const first = await setUp();
    const second = await setUp();
    const answers = [];
    for (let i = 0; i < 50; i++) {
      for (const { relay } of [first, second])
        answers.push(await execute(relay, `U call${i} 192.0.2.1 8000 f`));
    }
    expect(answers.every((answer) => typeof answer !== 'boolean' && answer.ok)).toBe(true);
  });
});
