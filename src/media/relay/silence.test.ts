import { describe, expect, it } from 'vitest';
import { CALLEE, CALLER, RelayScene, rtcp, rtp, STRANGER } from './testing/relay-scene.ts';

const seconds = (scene: RelayScene, count: number) => scene.clock.advanceAsync(count * 1000);

describe('a silent session', () => {
  it('ends after its time, tells so once, and gives its ports back', async () => {
    const scene = new RelayScene();
    await scene.call();
    const [session] = scene.relay.sessions;
    await seconds(scene, 59);
    expect(scene.timedOut).toEqual([]);
    await seconds(scene, 2);
    expect(scene.timedOut).toEqual([session]);
    expect(scene.relay.sessionCount).toBe(0);
    expect(scene.relay.counters).toMatchObject({ timedOut: 1, destroyed: 1 });
    await seconds(scene, 300);
    expect(scene.timedOut).toHaveLength(1);
    expect(scene.path.open).toEqual([]);
    expect(scene.wheel.size).toBe(0);
  });

  it('lives on with packets of either party', async () => {
    const scene = new RelayScene();
    const { toCallee, toCaller } = await scene.call();
    for (let i = 0; i < 10; i++) {
      await seconds(scene, 50);
      if (i % 2 === 0) toCallee.arrive(rtp(i), CALLEE.address, CALLEE.port);
      else toCaller.arrive(rtp(i), CALLER.address, CALLER.port);
    }
    expect(scene.relay.sessionCount).toBe(1);
    await seconds(scene, 61);
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('lives on with packets that a fast rule takes', async () => {
    const scene = new RelayScene();
    const { toCaller } = await scene.call();
    await seconds(scene, 50);
    toCaller.lastFast = scene.clock.now();
    await seconds(scene, 50);
    expect(scene.relay.sessionCount).toBe(1);
    await seconds(scene, 11);
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('lives on with RTCP', async () => {
    const scene = new RelayScene();
    const { toCaller } = await scene.call();
    await seconds(scene, 50);
    scene.beside(toCaller).arrive(rtcp(), CALLER.address, CALLER.port + 1);
    await seconds(scene, 50);
    expect(scene.relay.sessionCount).toBe(1);
  });

  it('lives on with commands', async () => {
    const scene = new RelayScene();
    await scene.call();
    await seconds(scene, 50);
    await scene.command('U call 192.0.2.10 8000 f;1');
    await seconds(scene, 50);
    expect(scene.relay.sessionCount).toBe(1);
  });

  it("is not kept alive by a stranger's packets", async () => {
    const scene = new RelayScene();
    const { toCaller } = await scene.call();
    toCaller.arrive(rtp(1), CALLER.address, CALLER.port);
    for (let i = 0; i < 61; i++) {
      await seconds(scene, 1);
      toCaller.arrive(rtp(i), STRANGER.address, STRANGER.port);
    }
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('lives while one of its media does', async () => {
    const scene = new RelayScene();
    const { toCaller } = await scene.call();
    await scene.command('U call 192.0.2.10 8002 f;2');
    await scene.command('L call 192.0.2.20 9002 f;2 t;2');
    for (let i = 0; i < 10; i++) {
      await seconds(scene, 50);
      toCaller.arrive(rtp(i), CALLER.address, CALLER.port);
    }
    expect([...scene.relay.sessions].map(({ streams }) => streams.size)).toEqual([2]);
  });

  it('has longer while it is set up', async () => {
    const scene = new RelayScene({ setupTtlMs: 180_000 });
    await scene.command('U call 192.0.2.10 8000 f;1');
    await seconds(scene, 170);
    expect(scene.relay.sessionCount).toBe(1);
    await scene.command('L call 192.0.2.20 9000 f;1 t;1');
    await seconds(scene, 61);
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('has longer while it is held', async () => {
    const scene = new RelayScene({ heldTtlMs: 600_000 });
    await scene.call();
    await scene.command('U call 0.0.0.0 8000 f;1');
    await seconds(scene, 500);
    expect(scene.relay.sessionCount).toBe(1);
    await scene.command('U call 192.0.2.10 8000 f;1');
    await seconds(scene, 61);
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('ends with one party, where both have to be heard', async () => {
    const scene = new RelayScene({ silence: 'either' });
    const { toCaller, toCallee } = await scene.call();
    for (let i = 0; i < 10; i++) {
      await seconds(scene, 10);
      toCaller.arrive(rtp(i), CALLER.address, CALLER.port);
      if (i < 2) toCallee.arrive(rtp(i), CALLEE.address, CALLEE.port);
    }
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('has the time that its sides were given', async () => {
    const scene = new RelayScene();
    const { caller, callee } = await scene.call();
    for (const side of [caller, callee]) side.ttlMs = 10_000;
    await seconds(scene, 11);
    expect(scene.relay.sessionCount).toBe(0);
  });
});
