import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { FindAddress } from './control-link.ts';
import type { StreamAddress } from './node-spec.ts';
import { StreamLink } from './stream-link.ts';
import { controlUnderTest, question, sdp } from './testing/control-under-test.ts';
import { StreamRelay } from './testing/stream-relay.ts';

async function socketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'control-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'relay.sock');
}

function linkTo(address: StreamAddress, findAddress?: FindAddress) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const link = new StreamLink({ address, wheel, timeoutMs: 1000, tries: 5, findAddress });
  onTestFinished(() => link[Symbol.asyncDispose]());
  return { clock, wheel, link };
}

describe('a relay on a stream', () => {
  it('over TCP keeps its connection', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const { link, wheel } = linkTo(relay.address);
    expect(await link.ask('V')).toEqual({ ok: true, text: '20040107' });
    expect(await link.ask('D call a b')).toEqual({ ok: true, text: '0' });
    expect(relay.lines).toEqual(['V', 'D call a b']);
    expect(relay.connections).toBe(1);
    expect(wheel.size).toBe(0);
  });

  it('over cunix too; over unix each command has its own', async () => {
    for (const transport of ['cunix', 'unix'] as const) {
      const path = await socketPath();
      await using relay = await StreamRelay.open({ path });
      const { link } = linkTo({ transport, path });
      for (let i = 0; i < 3; i++) expect(await link.ask('V')).toEqual({ ok: true, text: '20040107' });
      expect(relay.connections).toBe(transport === 'unix' ? 3 : 1);
    }
  });

  it('may answer in pieces, and without a line end before it closes', async () => {
    const path = await socketPath();
    await using relay = await StreamRelay.open({ path });
    const { link } = linkTo({ transport: 'unix', path });
    relay.raw = () => '40000 10';
    const first = link.ask('U');
    await relay.heard();
    relay.write('.0.0.1\r\n');
    expect(await first).toEqual({ ok: true, text: '40000 10.0.0.1' });
    const second = link.ask('U');
    await relay.heard();
    relay.end();
    expect(await second).toEqual({ ok: true, text: '40000 10' });
  });

  it('is connected to again when it has hung up meanwhile', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const { link } = linkTo(relay.address);
    await link.ask('V');
    await relay.hangUp();
    expect(await link.ask('V')).toEqual({ ok: true, text: '20040107' });
    expect(relay.connections).toBe(2);
  });

  it('that hangs up on a command gets it once more, no oftener', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const { link } = linkTo(relay.address);
    relay.raw = () => {
      void relay.hangUp();
      return undefined;
    };
    relay.relay.silent = true;
    expect(await link.ask('V')).toMatchObject({ ok: false, fault: 'unreachable' });
    expect(relay.lines).toEqual(['V', 'V']);
  });

  it('that is silent loses its connection, for its answer would be the next one’s', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const { link, clock } = linkTo(relay.address);
    relay.relay.silent = true;
    const asked = link.ask('U late');
    await relay.heard();
    clock.advance(6000);
    expect(await asked).toMatchObject({ ok: false, fault: 'timeout' });
    relay.relay.silent = false;
    const next = link.ask('V');
    relay.write('40000 10.0.0.1\n');
    expect(await next).toEqual({ ok: true, text: '20040107' });
    expect(relay.connections).toBe(2);
  });

  it('that says more than it was asked loses it too', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const { link } = linkTo(relay.address);
    relay.raw = () => '40000 10.0.0.1\n50000 6.6.6.6\n';
    expect(await link.ask('U')).toMatchObject({ ok: true, text: '40000 10.0.0.1' });
    relay.raw = () => undefined;
    expect(await link.ask('V')).toEqual({ ok: true, text: '20040107' });
    expect(link.strays).toBe(1);
    relay.raw = () => 'x'.repeat(20_000);
    expect(await link.ask('U')).toMatchObject({ ok: false, fault: 'unreachable' });
  });

  it('that is not there is said to be so', async () => {
    const { link } = linkTo({ transport: 'unix', path: await socketPath() });
    expect(await link.ask('V')).toMatchObject({ ok: false, fault: 'unreachable', reason: 'ENOENT' });
    await link[Symbol.asyncDispose]();
    expect(await link.ask('V')).toMatchObject({ ok: false, fault: 'closed' });
  });

  it('is found by its name, or is not', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const address = { ...relay.address, host: 'relay.example.com' } as StreamAddress;
    const { link } = linkTo(address, async () => '127.0.0.1');
    expect(await link.ask('V')).toEqual({ ok: true, text: '20040107' });
    const lost = linkTo(address, async () => undefined);
    expect(await lost.link.ask('V')).toMatchObject({
      ok: false,
      fault: 'unreachable',
      reason: /no address is found/,
    });
  });

  it('relays like any other', async () => {
    await using relay = await StreamRelay.open({ host: '127.0.0.1', port: 0 });
    const name = `tcp:127.0.0.1:${relay.port}`;
    await using test = await controlUnderTest({ sockets: [name] });
    const { control } = test;
    const offers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        control.offer(question(sdp('10.9.9.9', 'm=audio 8000 udp x'), { callId: `c${i}` })),
      ),
    );
    expect(offers.map((result) => result.ok && [result.node, result.media[0]!.port])).toEqual(
      Array.from({ length: 20 }, (_, i) => [name, 40_000 + 2 * i]),
    );
    expect(relay.connections).toBe(1);
  });
});
