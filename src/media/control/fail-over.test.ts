import { describe, expect, it, onTestFinished } from 'vitest';
import { channels } from '../../base/channels.ts';
import type { MediaResult } from './media-control.ts';
import { callIdOf, controlUnderTest, nodeSets, question, sdp } from './testing/control-under-test.ts';

const OFFER = sdp('10.9.9.9', 'm=audio 8000 udp x');
const TWO = ['udp:10.0.0.1 udp:10.0.0.2'];
/** Calls whose relay is the first, and the second, of two. */
const FIRST = callIdOf(0);
const SECOND = callIdOf(1);

const nodeOf = (result: MediaResult) => (result.ok ? result.node : result.fault);

/** Moves the time on until something is settled. */
async function settled<T>(
  test: { readonly clock: { advanceAsync(ms: number): Promise<void> } },
  what: Promise<T>,
): Promise<T> {
  let done = false;
  const result = what.finally(() => (done = true));
  for (let i = 0; i < 600 && !done; i++) await test.clock.advanceAsync(100);
  return result;
}

describe('a relay that does not answer', () => {
  it('is asked again with the same cookie, and left alone then; an offer goes to another one', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays } = test;
    await control.offer(question(OFFER, { callId: FIRST }));
    const [first, second] = [relays.relay('10.0.0.1'), relays.relay('10.0.0.2')];
    first.silent = true;
    first.datagrams.length = 0;
    const before = test.clock.now();
    const result = await settled(test, control.offer(question(OFFER, { callId: FIRST, fromTag: 'x' })));
    expect(nodeOf(result)).toBe('udp:10.0.0.2');
    expect(Math.round((test.clock.now() - before) / 1000)).toBe(5);
    expect(first.datagrams).toHaveLength(5);
    expect(new Set(first.datagrams).size).toBe(1);
    expect(control.relays().map(({ node, state }) => `${node} ${state}`)).toEqual([
      'udp:10.0.0.1 inactive',
      'udp:10.0.0.2 active',
    ]);

    // The next one does not even try.
    const next = callIdOf(2);
    expect(nodeOf(await control.offer(question(OFFER, { callId: next })))).toBe('udp:10.0.0.2');
    expect(first.datagrams).toHaveLength(5);
    expect(second.commands).toHaveLength(2);
  });

  it('is tested after a while, and used again; its calls that moved stay where they are', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays, clock } = test;
    const first = relays.relay('10.0.0.1');
    first.silent = true;
    const moved = { callId: FIRST, fromTag: 'a' };
    expect(nodeOf(await settled(test, control.offer(question(OFFER, moved))))).toBe('udp:10.0.0.2');
    const { tests } = first;
    await clock.advanceAsync(50_000);
    expect(first.tests).toBe(tests);
    first.silent = false;
    await clock.advanceAsync(15_000);
    expect(first.tests).toBe(tests + 1);
    expect(control.relays()[0]).toMatchObject({ state: 'active', retryIn: undefined });

    expect(nodeOf(await control.answer(question(OFFER, { ...moved, toTag: 'b' })))).toBe('udp:10.0.0.2');
    expect(await control.delete({ ...moved, toTag: 'b' })).toEqual({ ok: true, node: 'udp:10.0.0.2' });
    // Once it has ended, the Call-ID says it again.
    expect(nodeOf(await control.offer(question(OFFER, moved)))).toBe('udp:10.0.0.1');
  });

  it('is tested again and again while it stays away', async () => {
    await using test = await controlUnderTest({ sockets: TWO, set: { disableMs: 10_000 } });
    const first = test.relays.relay('10.0.0.1');
    first.silent = true;
    await test.clock.advanceAsync(5500);
    expect(test.control.relays()[0]).toMatchObject({ state: 'inactive' });
    expect(test.control.relays()[0]!.retryIn).toBeGreaterThan(9);
    await test.clock.advanceAsync(50_000);
    expect(first.tests).toBe(4);
  });

  it('is not replaced by another one for what only it can know', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays } = test;
    await control.offer(question(OFFER, { callId: FIRST }));
    relays.relay('10.0.0.1').silent = true;
    const answered = await settled(test, control.answer(question(OFFER, { callId: FIRST, toTag: 't' })));
    expect(answered).toMatchObject({ ok: false, fault: 'timeout' });
    expect(relays.relay('10.0.0.2').commands).toEqual([]);
  });

  it('is tested at once where no other one is left', async () => {
    await using test = await controlUnderTest({ set: { disableMs: 'never' } });
    const { control, relays } = test;
    const relay = relays.relay('10.0.0.1');
    relay.silent = true;
    expect(nodeOf(await settled(test, control.offer(question(OFFER))))).toBe('no-relay');
    await test.clock.advanceAsync(600_000);
    expect(relay.tests).toBe(1);
    relay.silent = false;
    expect(nodeOf(await control.offer(question(OFFER)))).toBe('udp:10.0.0.1');
  });

  it('holds nobody up behind the first who notices', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays, clock } = test;
    await control.offer(question(OFFER));
    relays.relay('10.0.0.1').silent = true;
    // More than are under way at once: the others wait in the queue when the relay is given up.
    const calls = Array.from({ length: 200 }, (_, i) =>
      control.offer(question(OFFER, { callId: FIRST, fromTag: `f${i}` })),
    );
    const before = clock.now();
    const results = await settled(test, Promise.all(calls));
    expect(new Set(results.map(nodeOf))).toEqual(new Set(['udp:10.0.0.2']));
    expect(clock.now() - before).toBeLessThan(6000);
  });

  it('is told of through a channel', async () => {
    const events: unknown[] = [];
    const hear = (event: unknown) => events.push(event);
    channels.relay.subscribe(hear);
    onTestFinished(() => void channels.relay.unsubscribe(hear));
    await using test = await controlUnderTest();
    const relay = test.relays.relay('10.0.0.1');
    relay.silent = true;
    await test.clock.advanceAsync(6000);
    relay.silent = false;
    await test.clock.advanceAsync(61_000);
    expect(events).toMatchObject([
      { event: 'inactive', relay: 'udp:10.0.0.1', set: 0, reason: /no answer/ },
      { event: 'active', relay: 'udp:10.0.0.1', set: 0 },
    ]);
  });
});

describe('a relay without room', () => {
  it.each([71, 72, 81, 89, 98, 99, 7])(
    'E%i sends the offer, and new calls, to another one',
    async (error) => {
      await using test = await controlUnderTest({ sockets: TWO });
      const { control, relays, clock } = test;
      const first = relays.relay('10.0.0.1');
      const old = { callId: FIRST, fromTag: 'old' };
      await control.offer(question(OFFER, old));
      first.answering = (command) => (command.startsWith('U') ? `E${error}` : first.usual(command));
      expect(nodeOf(await control.offer(question(OFFER, { callId: callIdOf(2) })))).toBe('udp:10.0.0.2');
      expect(nodeOf(await control.offer(question(OFFER, { callId: callIdOf(4) })))).toBe('udp:10.0.0.2');
      expect(first.commands).toHaveLength(2);
      // It is there for the calls that it has.
      expect(control.relays()[0]!.state).toBe('active');
      expect(nodeOf(await control.answer(question(OFFER, { ...old, toTag: 't' })))).toBe('udp:10.0.0.1');
      first.answering = (command) => first.usual(command);
      await clock.advanceAsync(61_000);
      expect(nodeOf(await control.offer(question(OFFER, { callId: callIdOf(6) })))).toBe('udp:10.0.0.1');
    },
  );

  it('is asked all the same where no other one is left', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const relay = relays.relay('10.0.0.1');
    relay.answering = () => 'E71';
    for (let i = 1; i <= 2; i++) {
      expect(await control.offer(question(OFFER))).toMatchObject({ fault: 'refused', error: 71 });
      expect(relay.commands).toHaveLength(i);
    }
  });

  it('gives back what half a call got', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays } = test;
    const first = relays.relay('10.0.0.1');
    first.answering = (command) => (command.includes(';2') ? 'E71' : first.usual(command));
    const description = sdp('10.9.9.9', 'm=audio 8000 udp x', 'm=video 8002 udp x');
    const result = await control.offer(question(description, { callId: FIRST }));
    expect(nodeOf(result)).toBe('udp:10.0.0.2');
    expect(first.commands.map((command) => command.split(' ')[0])).toEqual(['U', 'U', 'D']);
    expect(relays.relay('10.0.0.2').commands.map((command) => command.split(' ')[0])).toEqual(['U', 'U']);
  });

  it('keeps a call that goes on', async () => {
    await using test = await controlUnderTest();
    const relay = test.relays.relay('10.0.0.1');
    relay.answering = (command) => (command.includes(';2') ? 'E71' : relay.usual(command));
    const description = sdp('10.9.9.9', 'm=audio 8000 udp x', 'm=video 8002 udp x');
    await test.control.offer(question(description, { toTag: 'tt' }));
    expect(relay.commands.map((command) => command.split(' ')[0])).toEqual(['U', 'U']);
  });

  it('is not left alone for an address that is not its own', async () => {
    await using test = await controlUnderTest();
    const relay = test.relays.relay('10.0.0.1');
    relay.answering = (command) => (command.startsWith('Ul') ? 'E72' : relay.usual(command));
    expect(await test.control.offer(question(OFFER, { local: '10.7.7.7' }))).toMatchObject({ error: 72 });
    expect(nodeOf(await test.control.offer(question(OFFER)))).toBe('udp:10.0.0.1');
  });
});

describe('a relay that answers wrongly', () => {
  it.each([
    ['0', 'unknown-call'],
    ['', 'refused'],
    ['70000 10.0.0.1', 'refused'],
    ['40000 here', 'refused'],
    ['E35', 'refused'],
    ['E50', 'unknown-call'],
    ['Einstein', 'refused'],
  ])('%j is %s', async (answer, fault) => {
    await using test = await controlUnderTest({ sockets: TWO });
    test.relays.relay('10.0.0.1').answering = () => answer;
    expect(await test.control.offer(question(OFFER, { callId: FIRST }))).toMatchObject({ ok: false, fault });
    expect(test.relays.relay('10.0.0.2').commands).toEqual([]);
  });

  it('is not used at all where its protocol is another one', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const relay = relays.relay('10.0.0.1');
    relay.version = '20270101';
    expect(await control.offer(question(OFFER))).toMatchObject({ fault: 'no-relay' });
    relay.version = '20040107';
    relay.capabilities = [];
    expect(await control.offer(question(OFFER))).toMatchObject({ fault: 'no-relay' });
    expect(relay.commands).toEqual([]);
  });

  it('is answered for by nobody else', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const relay = relays.relay('10.0.0.1');
    await control.offer(question(OFFER));
    relay.answering = (command) => {
      const datagram = relay.datagrams.at(-1)!;
      const forged = Buffer.from(`${datagram.split(' ')[0]} 6666 6.6.6.6\n`);
      for (const sink of relays.sinks) {
        sink.datagram(forged, '10.0.0.2', 22_222);
        sink.datagram(forged, '10.0.0.1', 22_223);
        for (const bytes of ['', ' ', 'guessed 6666 6.6.6.6\n', `${'c'.repeat(400)} 1`, '6666']) {
          sink.datagram(Buffer.from(bytes), '10.0.0.1', 22_222);
        }
      }
      return relay.usual(command);
    };
    const result = await control.offer(question(OFFER, { fromTag: 'x' }));
    expect(result.ok && result.media).toMatchObject([{ port: 40_002, address: '10.0.0.1' }]);
  });

  it('hears no keys: the call goes on without', async () => {
    await using test = await controlUnderTest({ set: { notify: { printed: 'tcp:10.0.0.9:9999' } } });
    const relay = test.relays.relay('10.0.0.1');
    relay.answering = (command) => (command.includes('M3:1') ? 'E3' : relay.usual(command));
    const flags = { keys: true, notify: true };
    expect((await test.control.offer(question(OFFER, { flags, tag: '1' }))).ok).toBe(true);
    expect((await test.control.offer(question(OFFER, { flags, tag: '2', fromTag: 'g' }))).ok).toBe(true);
    expect(relay.commands).toEqual([
      'U CALL 127.0.77.1 8000 ft1;1 tcp:10.0.0.9:9999 T1 && M3:1 Dd1',
      'U CALL 127.0.77.1 8000 ft1;1 tcp:10.0.0.9:9999 T1',
      'U CALL 127.0.77.1 8000 g;1 tcp:10.0.0.9:9999 T2',
    ]);
  });

  it('may not tell: the call goes on without', async () => {
    await using test = await controlUnderTest({ set: { notify: { printed: 'tcp:10.0.0.9:9999' } } });
    const relay = test.relays.relay('10.0.0.1');
    relay.answering = (command) => (command.includes('tcp:') ? 'E75' : relay.usual(command));
    const flags = { keys: true, notify: true };
    expect((await test.control.offer(question(OFFER, { flags, tag: '1' }))).ok).toBe(true);
    expect(relay.commands.at(-1)).toBe('U CALL 127.0.77.1 8000 ft1;1');
    relay.answering = () => 'E75';
    expect(await test.control.offer(question(OFFER, { fromTag: 'g' }))).toMatchObject({ error: 75 });
    expect(relay.commands).toHaveLength(3);
  });
});

describe('relays in sets', () => {
  it('are chosen by set, by Call-ID, or by name', async () => {
    await using test = await controlUnderTest({
      sockets: [...TWO, '1 == udp:10.0.1.1'],
      set: { defaultSet: 0 },
    });
    const { control } = test;
    const asked = async (more: object) => nodeOf(await control.offer(question(OFFER, more)));
    expect(await asked({ callId: FIRST })).toBe('udp:10.0.0.1');
    expect(await asked({ callId: SECOND })).toBe('udp:10.0.0.2');
    expect(await asked({ callId: FIRST, set: 1 })).toBe('udp:10.0.1.1');
    expect(await asked({ callId: SECOND, node: 'udp:10.0.0.1' })).toBe('udp:10.0.0.1');
    expect(await asked({ callId: FIRST, set: 7 })).toBe('no-relay');
    // A call that must be at one relay is nowhere else.
    const answer = { callId: FIRST, toTag: 't', node: 'udp:10.9.9.9' };
    expect(nodeOf(await control.answer(question(OFFER, answer)))).toBe('no-relay');
  });

  it('are switched off and on by hand', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays, clock } = test;
    const asked = async () => nodeOf(await control.offer(question(OFFER, { callId: FIRST })));
    expect(control.switch('udp:10.0.0.1', 'off')).toBe(true);
    expect(await asked()).toBe('udp:10.0.0.2');
    await clock.advanceAsync(100_000);
    expect(control.relays()[0]!.state).toBe('off');
    expect(control.switch('udp:10.0.0.1', 'on', 0)).toBe(true);
    expect(control.switch('udp:10.0.0.1', 'on', 1)).toBe(false);
    expect(control.switch('udp:10.0.0.7', 'on')).toBe(false);
    await control.delete({ callId: FIRST, fromTag: 'ft1' });
    expect(await asked()).toBe('udp:10.0.0.1');
    await control.delete({ callId: FIRST, fromTag: 'ft1' });
    expect(control.switch('udp:10.0.0.1', 'probe')).toBe(true);
    expect(await asked()).toBe('udp:10.0.0.2');
    await clock.advanceAsync(61_000);
    expect(control.relays()[0]!.state).toBe('active');
    expect(relays.relay('10.0.0.1').tests).toBeGreaterThan(2);
  });

  it('that are all off are not tested for a call', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    await control.offer(question(OFFER));
    control.switch('udp:10.0.0.1', 'off');
    expect(nodeOf(await control.offer(question(OFFER)))).toBe('no-relay');
    expect(relays.relay('10.0.0.1').tests).toBe(1);
  });

  it('are taken anew: who stays keeps its state, who goes ends with its last command', async () => {
    await using test = await controlUnderTest({ sockets: TWO });
    const { control, relays, clock } = test;
    await control.offer(question(OFFER, { callId: FIRST }));
    await control.offer(question(OFFER, { callId: SECOND }));
    control.switch('udp:10.0.0.1', 'off');
    const second = relays.relay('10.0.0.2');
    second.silent = true;
    const going = control.offer(question(OFFER, { callId: SECOND, fromTag: 'last' }));
    await clock.advanceAsync(100);
    control.configure(nodeSets('udp:10.0.0.1|99.88.44.33=3 udp:10.0.0.3'));
    second.silent = false;
    expect(nodeOf(await settled(test, going))).toBe('udp:10.0.0.2');
    expect(control.relays()).toMatchObject([
      { node: 'udp:10.0.0.1', state: 'off', weight: 3, advertised: '99.88.44.33' },
      { node: 'udp:10.0.0.3', state: 'active' },
    ]);
    expect(nodeOf(await control.offer(question(OFFER, { callId: SECOND })))).toBe('udp:10.0.0.3');
    await clock.advanceAsync(100);
    expect(relays.opened).toBe(2);
  });

  it('end whole: no socket, timer or waiting question is left', async () => {
    const test = await controlUnderTest({ sockets: TWO });
    const { control, relays, clock, wheel } = test;
    relays.relay('10.0.0.2').silent = true;
    await control.offer(question(OFFER, { callId: FIRST }));
    const waiting = control.offer(question(OFFER, { callId: SECOND }));
    await clock.advanceAsync(10);
    await control[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ ok: false, fault: 'closed' });
    expect(await control.offer(question(OFFER))).toMatchObject({ ok: false, fault: 'closed' });
    expect(relays.opened).toBe(0);
    expect(wheel.size).toBe(0);
    await test[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a relay by name', () => {
  it('is looked up, and again when it does not answer', async () => {
    const asked: string[] = [];
    let address: string | undefined = '10.0.0.1';
    await using test = await controlUnderTest({
      sockets: ['udp:relay.example.com'],
      set: { disableMs: 1000 },
      findAddress: async (host, family) => {
        asked.push(`${host} ${family}`);
        return address;
      },
    });
    const { control, relays, clock } = test;
    expect(nodeOf(await control.offer(question(OFFER)))).toBe('udp:relay.example.com');
    expect(asked).toEqual(['relay.example.com 4']);
    relays.relay('10.0.0.1').silent = true;
    address = '10.0.0.2';
    await settled(test, control.answer(question(OFFER, { toTag: 't' })));
    await clock.advanceAsync(2000);
    expect(control.relays()[0]!.state).toBe('active');
    expect(relays.relay('10.0.0.2').tests).toBe(1);
    expect(asked.length).toBeGreaterThan(1);
    address = undefined;
    relays.relay('10.0.0.2').silent = true;
    await settled(test, control.answer(question(OFFER, { toTag: 't' })));
    expect(await settled(test, control.offer(question(OFFER)))).toMatchObject({ fault: 'no-relay' });
  });

  it('opens no socket when its address is found too late', async () => {
    let found = (_address: string) => {};
    const test = await controlUnderTest({
      sockets: ['udp:relay.example.com'],
      findAddress: () => new Promise((resolve) => (found = resolve)),
    });
    const asked = test.control.offer(question(OFFER));
    const closed = test[Symbol.asyncDispose]();
    found('10.0.0.1');
    await closed;
    expect(await asked).toMatchObject({ ok: false, fault: 'closed' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(test.relays.opened).toBe(0);
  });
});
