import { describe, expect, it } from 'vitest';
import { CALLEE, CALLER, RelayScene, rtp, STRANGER } from './testing/relay-scene.ts';

const OFFER = 'U call 192.0.2.10 8000 f;1';
const ANSWER = 'L call 192.0.2.20 9000 f;1 t;1';

const portOf = (answer: string) => Number(answer.split(' ')[0]);

describe('a session', () => {
  it('has stable ports per direction, however the tags are turned', async () => {
    const scene = new RelayScene();
    const toCallee = await scene.command(OFFER);
    const toCaller = await scene.command(ANSWER);
    expect(toCallee).toMatch(/^\d*[02468] 198\.51\.100\.1$/);
    expect(toCaller).toMatch(/^\d*[02468] 198\.51\.100\.1$/);
    expect(toCaller).not.toBe(toCallee);
    expect(await scene.command(OFFER)).toBe(toCallee);
    expect(await scene.command('L call 192.0.2.10 8000 t;1 f;1')).toBe(toCallee);
    expect(await scene.command('U call 192.0.2.20 9000 t;1 f;1')).toBe(toCaller);
    expect(await scene.command(ANSWER)).toBe(toCaller);
    expect(scene.path.open).toHaveLength(4);
  });

  it('begins with the callee in a late offer', async () => {
    const scene = new RelayScene();
    const toCaller = await scene.command('U call 192.0.2.20 9000 t;1 f;1');
    const toCallee = await scene.command('U call 192.0.2.10 8000 f;1 t;1');
    expect(toCallee).not.toBe(toCaller);
    expect(await scene.command('L call 192.0.2.10 8000 t;1 f;1')).toBe(toCallee);
    expect(await scene.command('L call 192.0.2.20 9000 f;1 t;1')).toBe(toCaller);
  });

  it('is not made by L', async () => {
    const scene = new RelayScene();
    expect(await scene.command(ANSWER)).toBe('E50');
    await scene.command(OFFER);
    expect(await scene.command('L call 192.0.2.20 9000 f;2 t;2')).toBe('E50');
    expect(await scene.command('L call 192.0.2.20 9000 g;1 t;1')).toBe('E50');
    expect(await scene.command('L other 192.0.2.20 9000 f;1 t;1')).toBe('E50');
  });

  it('has media by number, none meaning the first', async () => {
    const scene = new RelayScene();
    const first = await scene.command(OFFER);
    const second = await scene.command('U call 192.0.2.10 8002 f;2');
    expect(second).not.toBe(first);
    expect(await scene.command('U call 192.0.2.10 8000 f')).toBe(first);
    expect([...scene.relay.sessions].map(({ streams }) => [...streams.keys()])).toEqual([[1, 2]]);
  });

  it('gets media from the other party too, whose ports keep their sides', async () => {
    const scene = new RelayScene();
    await scene.call();
    const toCaller = await scene.command('U call 192.0.2.20 9002 t;2 f;2');
    const toCallee = await scene.command('L call 192.0.2.10 8002 t;2 f;2');
    expect(await scene.command('U call 192.0.2.10 8002 f;2 t;2')).toBe(toCallee);
    expect(await scene.command('L call 192.0.2.20 9002 f;2 t;2')).toBe(toCaller);
  });

  it('makes one medium for commands that come at once', async () => {
    const scene = new RelayScene();
    const answers = await Promise.all([OFFER, OFFER, ANSWER, ANSWER].map((text) => scene.command(text)));
    expect(answers[0]).toBe(answers[1]);
    expect(answers[2]).toBe(answers[3]);
    expect(scene.path.open).toHaveLength(4);
    expect(scene.relay.counters).toMatchObject({ created: 1, complete: 1 });
  });

  it('tells branches with tags of their own apart', async () => {
    const scene = new RelayScene();
    await scene.command(OFFER);
    await scene.command('U call 192.0.2.30 8000 g;1');
    expect(scene.relay.sessionCount).toBe(2);
    expect(await scene.command('D call f t')).toBe('0');
    expect([...scene.relay.sessions].map(({ fromTag }) => fromTag)).toEqual(['g']);
  });

  it('is the one with the medium, where tags mean several', async () => {
    const scene = new RelayScene();
    await scene.command('U call 192.0.2.10 8000 f;1');
    const second = await scene.command('U call 192.0.2.20 9002 t;2');
    expect(scene.relay.sessionCount).toBe(2);
    expect(await scene.command('U call 192.0.2.20 9002 t;2 f;2')).toBe(second);
    expect(await scene.command('L call 192.0.2.10 8002 t;2 f;2')).not.toMatch(/^E/);
  });

  it('knows its tags and whom to notify', async () => {
    const scene = new RelayScene();
    await scene.command(`${OFFER} /run/notify T1`);
    await scene.command(ANSWER);
    const [session] = scene.relay.sessions;
    expect(session).toMatchObject({ callId: 'call', fromTag: 'f', toTag: 't' });
    expect(session!.notify).toEqual({ socket: '/run/notify', tag: 'T1' });
    await scene.command(OFFER);
    expect(session!.notify).toBeUndefined();
  });

  it('gets a new port where one is asked for, with the old one drained', async () => {
    const scene = new RelayScene();
    const { toCallee, toCaller } = await scene.call();
    toCaller.arrive(rtp(1), CALLER.address, CALLER.port);
    toCallee.arrive(rtp(0, 9), CALLEE.address, CALLEE.port);
    const next = await scene.port('UN call 192.0.2.10 8000 f;1');
    expect(next.port).not.toBe(toCallee.port);
    toCaller.arrive(rtp(2), CALLER.address, CALLER.port);
    next.arrive(rtp(1, 9), CALLEE.address, CALLEE.port);
    toCallee.arrive(rtp(2, 9), CALLEE.address, CALLEE.port);
    expect([next.sent.length, toCallee.sent.length, toCaller.sent.length]).toEqual([1, 1, 2]);
    expect(toCallee.open).toBe(true);
    await scene.clock.advanceAsync(3000);
    expect([toCallee.open, next.open]).toEqual([false, true]);
    const [found] = scene.relay.find({ callId: 'call', fromTag: 'f' });
    expect(found!.side.rtpCounters).toMatchObject({ packetsIn: 2, packetsOut: 2 });
  });
});

describe('deleting', () => {
  it('ends all media of a call, or the one that is named', async () => {
    const scene = new RelayScene();
    await scene.call();
    await scene.command('U call 192.0.2.10 8002 f;2');
    expect(await scene.command('D call f;2 t;2')).toBe('0');
    expect(scene.relay.sessionCount).toBe(1);
    expect(await scene.command('D call t f')).toBe('0');
    expect(scene.relay.sessionCount).toBe(0);
    expect(await scene.command('D call f t')).toBe('E50');
    expect(scene.relay.counters).toMatchObject({ created: 2, destroyed: 2 });
  });

  it('closes the ports when they are drained', async () => {
    const scene = new RelayScene();
    const { toCallee, toCaller } = await scene.call();
    await scene.command('D call f t');
    for (const port of [toCallee, toCaller]) port.arrive(rtp(1), CALLEE.address, CALLEE.port);
    expect(scene.path.open).toHaveLength(4);
    expect(scene.path.ports.flatMap(({ sent }) => sent)).toEqual([]);
    await scene.clock.advanceAsync(3000);
    expect(scene.path.open).toEqual([]);
    expect(scene.wheel.size).toBe(0);
  });

  it('takes marks off one by one, as rtpproxy does', async () => {
    const scene = new RelayScene();
    await scene.command('UW call 192.0.2.10 8000 f;1');
    await scene.command('LW call 192.0.2.20 9000 f;1 t;1');
    const [session] = scene.relay.sessions;
    expect(session!.streams.get(1)).toMatchObject({ strong: false, weak: [true, true] });
    await scene.command('D call f t');
    expect(scene.relay.sessionCount).toBe(1);
    await scene.command('Dw call f t');
    expect(scene.relay.sessionCount).toBe(1);
    await scene.command('Dw call t f');
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('ends what a strong mark alone holds', async () => {
    const scene = new RelayScene();
    await scene.command(OFFER);
    await scene.command('LW call 192.0.2.20 9000 f;1 t;1');
    await scene.command('D call f t');
    expect(scene.relay.sessionCount).toBe(1);
    await scene.command('Dw call f t');
    expect(scene.relay.sessionCount).toBe(0);
  });

  it('ends a medium whose ports are still on their way', async () => {
    const scene = new RelayScene();
    const offer = scene.command(OFFER);
    await Promise.resolve();
    expect(await scene.command('D call f')).toBe('0');
    expect(await offer).toBe('E72');
    await scene.clock.advanceAsync(3000);
    expect(scene.path.open).toEqual([]);
    expect(scene.relay.pool.counters).toMatchObject({ open: 0, draining: 0 });
  });

  it('ends everything at once', async () => {
    const scene = new RelayScene();
    await scene.call('one');
    await scene.call('two');
    scene.relay.deleteAll();
    expect(scene.relay.sessionCount).toBe(0);
    await scene.relay[Symbol.asyncDispose]();
    expect(scene.path.open).toEqual([]);
    expect(scene.path.closed).toBe(true);
    expect(scene.wheel.size).toBe(0);
  });
});

describe('limits', () => {
  it('refuses sessions beyond the most, and goes on with those that are there', async () => {
    const scene = new RelayScene({ maxSessions: 1 });
    await scene.command(OFFER);
    expect(await scene.command('U two 192.0.2.10 8000 f')).toBe('E98');
    expect(await scene.command(OFFER)).toMatch(/^\d+ /);
    expect(scene.relay.counters.refused).toBe(1);
  });

  it('refuses media beyond the most of a session', async () => {
    const scene = new RelayScene({ maxMedia: 2 });
    await scene.command(OFFER);
    await scene.command('U call 192.0.2.10 8002 f;2');
    expect(await scene.command('U call 192.0.2.10 8004 f;3')).toBe('E98');
  });

  it('refuses new sessions while it is shutting down', async () => {
    const scene = new RelayScene();
    await scene.command(OFFER);
    scene.relay.refuseNew();
    expect(await scene.command('U two 192.0.2.10 8000 f')).toBe('E99');
    expect(await scene.command(ANSWER)).toMatch(/^\d+ /);
  });

  it('says which side has got no port', async () => {
    const scene = new RelayScene({ ports: [40_000, 40_001] });
    expect(await scene.command(OFFER)).toMatch(/^40000 /);
    expect(await scene.command(ANSWER)).toBe('E71');
    expect(await scene.command('UN call 192.0.2.10 8000 f;1')).toBe('E71');
    expect(await scene.command(OFFER)).toMatch(/^40000 /);
    expect(await scene.command('U two 192.0.2.10 8000 f')).toBe('E72');
    expect(scene.relay.sessionCount).toBe(1);
  });

  it('refuses an address that is none, or of a family that the side cannot send to', async () => {
    const scene = new RelayScene({
      addresses: [{ address: '198.51.100.1' }, { address: '2001:db8::1' }],
    });
    await scene.command(OFFER);
    expect(await scene.command('L6 call 2001:db8::20 9000 f;1 t;1')).toBe('E37');
    expect(await scene.command('U call 300.1.2.3 9000 g;1')).toBe('E37');
  });

  it('takes port 0 for nothing said', async () => {
    const scene = new RelayScene();
    const { caller } = await scene.call();
    expect(await scene.command('U call 192.0.2.10 0 f;1')).toMatch(/^\d+ /);
    expect(caller.remote).toEqual(CALLER);
  });
});

describe('packets', () => {
  it('pass from each party to the other, and from nobody else', async () => {
    const scene = new RelayScene();
    const { toCallee, toCaller } = await scene.call();
    toCaller.arrive(rtp(1), CALLER.address, CALLER.port);
    expect(toCallee.sent).toEqual([{ bytes: rtp(1), to: CALLEE }]);
    toCallee.arrive(rtp(1, 9), CALLEE.address, CALLEE.port);
    expect(toCaller.sent).toEqual([{ bytes: rtp(1, 9), to: CALLER }]);
    for (const port of [toCallee, toCaller]) port.arrive(rtp(2), STRANGER.address, STRANGER.port);
    expect([toCallee.sent.length, toCaller.sent.length]).toEqual([1, 1]);
  });

  it('pass between two phones behind one NAT', async () => {
    const scene = new RelayScene();
    const toCallee = await scene.port('U call 203.0.113.5 8000 f;1');
    const toCaller = await scene.port('L call 203.0.113.5 8000 f;1 t;1');
    toCaller.arrive(rtp(1), '203.0.113.5', 61_001);
    toCallee.arrive(rtp(1, 9), '203.0.113.5', 61_002);
    toCaller.arrive(rtp(2), '203.0.113.5', 61_001);
    expect(toCaller.sent).toEqual([{ bytes: rtp(1, 9), to: { address: '203.0.113.5', port: 61_001 } }]);
    expect(toCallee.sent.at(-1)).toEqual({ bytes: rtp(2), to: { address: '203.0.113.5', port: 61_002 } });
  });

  it('wait for nobody: the first ones go where the party was signalled', async () => {
    const scene = new RelayScene();
    const toCallee = await scene.port('U call 203.0.113.5 8000 f;1');
    const toCaller = await scene.port(ANSWER);
    toCallee.arrive(rtp(1), CALLEE.address, CALLEE.port);
    expect(toCaller.sent).toEqual([{ bytes: rtp(1), to: { address: '203.0.113.5', port: 8000 } }]);
  });

  it('go round nowhere: an address of the relay that leads back is refused', async () => {
    const scene = new RelayScene({ addresses: [{ address: '10.0.0.5', advertised: '198.51.100.1' }] });
    const toCallee = portOf(await scene.command(OFFER));
    expect(await scene.command(`U call 10.0.0.5 ${toCallee} f;1`)).toBe('E37');
    const toCaller = portOf(await scene.command(`L call 198.51.100.1 ${toCallee} f;1 t;1`));
    expect(await scene.command(`U call 10.0.0.5 ${toCaller} f;1`)).toBe('E37');
  });

  it('may pass the relay twice', async () => {
    const scene = new RelayScene();
    const first = await scene.port(OFFER);
    const second = await scene.port(`U call 198.51.100.1 ${first.port} x;1`);
    expect(second.port).not.toBe(first.port);
    const back = await scene.port('L call 192.0.2.20 9000 x;1 t;1');
    expect(await scene.command(`L call 198.51.100.1 ${back.port} f;1 t;1`)).toMatch(/^\d+ /);
  });
});
