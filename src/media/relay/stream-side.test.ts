import { describe, expect, it } from 'vitest';
import type { SideTap } from './side-tap.ts';
import type { FakePort } from './testing/fake-path.ts';
import { CALLEE, CALLER, RelayScene, rtcp, rtp, STRANGER } from './testing/relay-scene.ts';

const next = ({ address, port }: typeof CALLER) => ({ address, port: port + 1 });
const arrive = (port: FakePort, bytes: Buffer, { address, port: from }: typeof CALLER) =>
  port.arrive(bytes, address, from);
const sentTo = (port: FakePort) => port.sent.map(({ to }) => to);

/** A call in which both have spoken, so that all goes by fast rules. */
async function settledCall(scene = new RelayScene()) {
  const call = await scene.call();
  arrive(call.toCaller, rtp(1), CALLER);
  arrive(call.toCallee, rtp(1, 9), CALLEE);
  return { scene, ...call };
}

class Heard implements SideTap {
  readonly wantsAll: boolean;
  readonly payloadTypes: readonly number[];
  readonly heard: string[] = [];

  constructor(payloadTypes?: readonly number[]) {
    this.wantsAll = payloadTypes === undefined;
    this.payloadTypes = payloadTypes ?? [];
  }

  rtp(bytes: Buffer): void {
    this.heard.push(`rtp ${bytes.readUInt16BE(2)}`);
  }

  rtcp(): void {
    this.heard.push('rtcp');
  }

  sent(bytes: Buffer): void {
    this.heard.push(`sent ${bytes.readUInt16BE(2)}`);
  }

  closed(): void {
    this.heard.push('closed');
  }
}

describe('a fast rule', () => {
  it('is set as soon as the party is known, to where the other one is', async () => {
    const scene = new RelayScene();
    const { toCaller, toCallee } = await scene.call();
    expect([toCaller.rule, toCallee.rule]).toEqual([undefined, undefined]);
    arrive(toCaller, rtp(1), CALLER);
    expect(toCaller.rule).toEqual({
      source: CALLER,
      ssrc: 7,
      via: toCallee,
      to: CALLEE,
      aside: [],
      copies: false,
    });
    expect(toCallee.rule).toBeUndefined();
  });

  it('follows the other party when that is learned', async () => {
    const scene = new RelayScene();
    const { toCaller, toCallee } = await scene.call();
    arrive(toCaller, rtp(1), CALLER);
    arrive(toCallee, rtp(1, 9), { ...CALLEE, port: 50_001 });
    expect(toCaller.rule?.to).toEqual({ ...CALLEE, port: 50_001 });
  });

  it('waits until a port behind a NAT is locked', async () => {
    const scene = new RelayScene();
    const { toCaller } = await scene.call();
    const mapped = { ...CALLER, port: 50_000 };
    for (let i = 1; i < 5; i++) arrive(toCaller, rtp(i), mapped);
    expect(toCaller.rule).toBeUndefined();
    arrive(toCaller, rtp(5), mapped);
    expect(toCaller.rule?.source).toEqual(mapped);
  });

  it('is taken back by an offer or answer for the party, until the window is over', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    await scene.command('U call 192.0.2.10 8000 f;1');
    expect([toCaller.rule, toCallee.rule?.to]).toEqual([undefined, CALLER]);
    arrive(toCaller, rtp(2), CALLER);
    expect(toCaller.rule).toBeUndefined();
    await scene.clock.advanceAsync(3000);
    arrive(toCaller, rtp(3), CALLER);
    expect(toCaller.rule?.source).toEqual(CALLER);
  });

  it('is taken back when another SSRC is on trial', async () => {
    const { scene, toCaller } = await settledCall();
    arrive(toCaller, rtp(1, 70), CALLER);
    expect(toCaller.rule).toBeUndefined();
    await scene.clock.advanceAsync(100);
    arrive(toCaller, rtp(2, 70), CALLER);
    expect(toCaller.rule?.ssrc).toBe(70);
  });

  it('stays the same object where nothing changes', async () => {
    const { toCaller } = await settledCall();
    const { rule } = toCaller;
    arrive(toCaller, rtp(2), CALLER);
    arrive(toCaller, rtp(2), STRANGER);
    expect(toCaller.rule).toBe(rule);
  });

  it('ends with the call, on both sides', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    await scene.command('D call f t');
    expect([toCaller.rule, toCallee.rule]).toEqual([undefined, undefined]);
  });
});

describe('hold', () => {
  it('stops what goes to a party, and lets what it sends pass', async () => {
    const { scene, toCaller, toCallee, callee } = await settledCall();
    await scene.command('U call 0.0.0.0 8000 f;1');
    expect(toCallee.rule).toBeUndefined();
    arrive(toCallee, rtp(2, 9), CALLEE);
    arrive(toCaller, rtp(2), CALLER);
    expect(toCaller.sent).toHaveLength(1);
    expect(toCallee.sent).toHaveLength(2);
    expect(callee.dropped.undeliverable).toBe(1);
    await scene.command('U call 192.0.2.10 8000 f;1');
    arrive(toCallee, rtp(3, 9), CALLEE);
    expect(toCaller.sent.at(-1)).toEqual({ bytes: rtp(3, 9), to: CALLER });
  });

  it('stops RTCP too', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    await scene.command('U call 0.0.0.0 8000 f;1');
    arrive(scene.beside(toCallee), rtcp(), next(CALLEE));
    expect(scene.beside(toCaller).sent).toEqual([]);
  });
});

describe('an asymmetric party', () => {
  it('is sent to where it was signalled', async () => {
    const scene = new RelayScene();
    const toCallee = await scene.port('UA call 192.0.2.10 8000 f;1');
    const toCaller = await scene.port('L call 192.0.2.20 9000 f;1 t;1');
    for (let i = 1; i < 6; i++) arrive(toCaller, rtp(i), { ...CALLER, port: 50_000 });
    arrive(toCallee, rtp(1, 9), CALLEE);
    expect(sentTo(toCallee)).toHaveLength(5);
    expect(sentTo(toCaller)).toEqual([CALLER]);
    expect(toCallee.rule?.to).toEqual(CALLER);
  });

  it('is what all are where the relay is set so, unless a command says otherwise', async () => {
    const scene = new RelayScene({ asymmetric: true });
    await scene.command('US call 192.0.2.10 8000 f;1');
    const { caller, callee } = await scene.call();
    expect([caller.latch.asymmetric, callee.latch.asymmetric]).toEqual([true, true]);
    await scene.command('US call 192.0.2.10 8000 f;1');
    expect(caller.latch.asymmetric).toBe(false);
  });
});

describe('a packet time', () => {
  it('asked for with an offer is that of what the other party gets', async () => {
    const { scene, toCaller, toCallee, callee } = await settledCall();
    await scene.command('UZ40 call 192.0.2.10 8000 f;1');
    await scene.clock.advanceAsync(3000);
    for (const sequence of [2, 3]) arrive(toCaller, rtp(sequence), CALLER);
    arrive(toCallee, rtp(2, 9), CALLEE);
    expect(toCallee.sent.slice(1).map(({ bytes }) => bytes.length)).toEqual([332]);
    expect(toCaller.sent.at(-1)).toEqual({ bytes: rtp(2, 9), to: CALLER });
    expect([toCaller.rule, toCallee.rule?.to]).toEqual([undefined, CALLER]);
    expect(callee.resized).toEqual({ taken: 2, made: 1, discarded: 0 });
    expect(scene.relay.totals()).toMatchObject({ resizedIn: 2, resizedOut: 1, resizedLate: 0 });
  });

  it('ends with an offer that does not ask for it', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    await scene.command('UZ40 call 192.0.2.10 8000 f;1');
    await scene.command('U call 192.0.2.10 8000 f;1');
    arrive(toCaller, rtp(2), CALLER);
    expect(toCallee.sent.at(-1)).toEqual({ bytes: rtp(2), to: CALLEE });
  });

  it('leaves what is no sound as it is', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    await scene.command('UZ40 call 192.0.2.10 8000 f;1');
    arrive(toCaller, Buffer.from('\0\x01fax'), CALLER);
    expect(toCallee.sent.at(-1)!.bytes.toString()).toBe('\0\x01fax');
  });
});

describe('RTCP', () => {
  it('passes to the port beside that of RTP', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    arrive(scene.beside(toCaller), rtcp(), next(CALLER));
    expect(scene.beside(toCallee).sent).toEqual([{ bytes: rtcp(), to: next(CALLEE) }]);
  });

  it('goes where it comes from, behind a NAT, and beside RTP until then', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    arrive(scene.beside(toCallee), rtcp(), { ...CALLEE, port: 50_007 });
    arrive(scene.beside(toCaller), rtcp(), next(CALLER));
    expect(sentTo(scene.beside(toCallee))).toEqual([{ ...CALLEE, port: 50_007 }]);
    expect(sentTo(scene.beside(toCaller))).toEqual([next(CALLER)]);
  });

  it('is taken of one port of the party, the signalled one before others', async () => {
    const { scene, toCaller, caller } = await settledCall();
    const port = scene.beside(toCaller);
    arrive(port, rtcp(), { ...CALLER, port: 50_007 });
    arrive(port, rtcp(), { ...CALLER, port: 50_008 });
    expect(caller.dropped.strangers).toBe(1);
    arrive(port, rtcp(), next(CALLER));
    arrive(port, rtcp(), { ...CALLER, port: 50_007 });
    expect(caller.dropped.strangers).toBe(2);
    expect(caller.rtcpRemote).toEqual(next(CALLER));
  });

  it('is learned anew when the party moves', async () => {
    const { scene, toCaller, caller } = await settledCall();
    arrive(scene.beside(toCaller), rtcp(), { ...CALLER, port: 50_007 });
    await scene.command('U call 192.0.2.99 8000 f;1');
    expect(caller.rtcpRemote).toEqual({ address: '192.0.2.99', port: 8001 });
    arrive(scene.beside(toCaller), rtcp(), { address: '192.0.2.99', port: 50_001 });
    expect(caller.rtcpRemote).toEqual({ address: '192.0.2.99', port: 50_001 });
  });

  it('of a stranger, and what is no RTCP, goes nowhere', async () => {
    const { scene, toCaller, toCallee, caller } = await settledCall();
    const port = scene.beside(toCaller);
    arrive(port, rtcp(), next(STRANGER));
    for (const bytes of [rtp(1), Buffer.alloc(0), rtcp().subarray(0, 7), Buffer.from('hello')])
      arrive(port, bytes, next(CALLER));
    expect(scene.beside(toCallee).sent).toEqual([]);
    expect(caller.dropped).toMatchObject({ strangers: 1, malformed: 4 });
  });

  it('on the port of RTP goes to the other port, where the other party does not do so', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    arrive(toCaller, rtcp(), CALLER);
    expect(scene.beside(toCallee).sent).toEqual([{ bytes: rtcp(), to: next(CALLEE) }]);
    expect(toCallee.sent).toHaveLength(1);
  });

  it('goes to the port of RTP where the party sends it from there', async () => {
    const { scene, toCaller, toCallee } = await settledCall();
    arrive(toCaller, rtcp(), CALLER);
    arrive(scene.beside(toCallee), rtcp(9), next(CALLEE));
    expect(toCaller.sent.at(-1)).toEqual({ bytes: rtcp(9), to: CALLER });
    arrive(toCallee, rtcp(9), CALLEE);
    arrive(toCaller, rtcp(), CALLER);
    expect(toCallee.sent.at(-1)).toEqual({ bytes: rtcp(), to: CALLEE });
  });

  it('on the port of RTP comes from nobody else', async () => {
    const { scene, toCaller, toCallee, caller } = await settledCall();
    arrive(toCaller, rtcp(), STRANGER);
    arrive(toCaller, rtcp(), { ...CALLER, port: 50_000 });
    expect(scene.beside(toCallee).sent).toEqual([]);
    expect(caller.dropped.strangers).toBe(2);
  });
});

describe('a tap', () => {
  it('hears what the party sends, and what is sent to it from here, but no strangers', async () => {
    const { scene, toCaller, toCallee, caller } = await settledCall();
    const tap = new Heard();
    caller.attach(tap);
    arrive(toCaller, rtp(2), CALLER);
    arrive(toCaller, rtp(3), STRANGER);
    arrive(scene.beside(toCaller), rtcp(), next(CALLER));
    arrive(toCallee, rtp(2, 9), CALLEE);
    caller.send(rtp(4, 5));
    expect(tap.heard).toEqual(['rtp 2', 'rtcp', 'sent 4']);
  });

  it('gets copies of what a rule takes, where it wants all', async () => {
    const { toCaller, caller } = await settledCall();
    const tap = new Heard();
    const detach = caller.attach(tap);
    expect(toCaller.rule).toMatchObject({ copies: true, aside: [] });
    toCaller.user!.copy(toCaller, rtp(2), CALLER);
    detach();
    detach();
    expect(toCaller.rule).toMatchObject({ copies: false });
    expect(tap.heard).toEqual(['rtp 2']);
  });

  it('has its payload types laid aside', async () => {
    const { toCaller, toCallee, caller } = await settledCall();
    const tap = new Heard([101]);
    caller.attach(tap);
    expect(toCaller.rule).toMatchObject({ copies: false, aside: [101] });
    arrive(toCaller, rtp(2, 7, 101), CALLER);
    arrive(toCaller, rtp(3), CALLER);
    expect(tap.heard).toEqual(['rtp 2']);
    expect(toCallee.sent).toHaveLength(3);
  });

  it('may keep payload types from the other party', async () => {
    const { toCaller, toCallee, caller } = await settledCall();
    caller.attach({ wantsAll: false, keeps: [101] });
    arrive(toCaller, rtp(2, 7, 101), CALLER);
    expect(toCallee.sent).toHaveLength(1);
    expect(toCaller.rule).toMatchObject({ aside: [101] });
  });

  it('that fails is taken off, and harms nobody else', async () => {
    const { scene, toCaller, toCallee, caller } = await settledCall();
    const fail = () => {
      throw new Error('disk');
    };
    const failing: SideTap = { wantsAll: true, rtp: fail };
    const tap = new Heard();
    caller.attach(failing);
    caller.attach(tap);
    arrive(toCaller, rtp(2), CALLER);
    arrive(toCaller, rtp(3), CALLER);
    arrive(scene.beside(toCaller), rtcp(), next(CALLER));
    expect(tap.heard).toEqual(['rtp 2', 'rtp 3', 'rtcp']);
    expect(toCallee.sent).toHaveLength(3);
    caller.attach({ wantsAll: false, sent: fail, closed: fail });
    expect(caller.send(rtp(4, 1))).toBe(true);
    await scene.command('D call f t');
    expect(tap.heard.slice(3)).toEqual(['sent 4', 'closed']);
  });

  it('is told when the side is gone, not when it left before', async () => {
    const { scene, caller } = await settledCall();
    const [stays, leaves] = [new Heard(), new Heard()];
    caller.attach(stays);
    caller.attach(leaves)();
    await scene.command('D call f t');
    expect([stays.heard, leaves.heard]).toEqual([['closed'], []]);
  });
});

describe('sending to a party', () => {
  it('goes where the party is, and tells when it cannot', async () => {
    const { scene, toCaller, caller } = await settledCall();
    expect(caller.send(rtp(5, 1))).toBe(true);
    expect(toCaller.sent.at(-1)).toEqual({ bytes: rtp(5, 1), to: CALLER });
    expect(caller.sendRtcp(rtcp())).toBe(true);
    await scene.command('U call 0.0.0.0 8000 f;1');
    expect([caller.send(rtp(6, 1)), caller.sendRtcp(rtcp())]).toEqual([false, false]);
    await scene.command('D call f t');
    expect(caller.send(rtp(7, 1))).toBe(false);
    expect(caller.played).toBe(1);
  });

  it('keeps the other party away as long as one claims it', async () => {
    const { toCaller, toCallee, caller, callee } = await settledCall();
    const [first, second] = [caller.claim(), caller.claim()];
    expect([toCallee.rule, toCaller.rule?.to]).toEqual([undefined, CALLEE]);
    arrive(toCallee, rtp(2, 9), CALLEE);
    first();
    first();
    arrive(toCallee, rtp(3, 9), CALLEE);
    expect(toCaller.sent).toHaveLength(1);
    second();
    expect(toCallee.rule?.to).toEqual(CALLER);
    arrive(toCallee, rtp(4, 9), CALLEE);
    expect(toCaller.sent).toHaveLength(2);
    expect(callee.dropped.undeliverable).toBe(0);
  });
});

describe('what is counted', () => {
  it('is why packets were dropped', async () => {
    const { toCaller, caller } = await settledCall();
    arrive(toCaller, rtp(2), STRANGER);
    arrive(toCaller, rtp(9, 70), CALLER);
    const cut = rtp(3);
    cut[0] = 0x8f;
    arrive(toCaller, cut.subarray(0, 20), CALLER);
    expect(caller.dropped).toEqual({ malformed: 1, strangers: 1, watched: 1, undeliverable: 0 });
  });

  it('is loss and jitter, of what came by here and of what a rule took', async () => {
    const scene = new RelayScene();
    const { toCaller, toCallee, caller } = await scene.call();
    toCallee.open = false;
    for (const sequence of [1, 2, 5, 5, 6]) {
      arrive(toCaller, rtp(sequence), CALLER);
      scene.clock.advance(20);
    }
    expect(caller.quality).toMatchObject({ received: 1, duplicates: 0, lost: 0 });
    toCaller.quality = { received: 100, duplicates: 2, lost: 3, jitter: 4 };
    expect(caller.quality).toMatchObject({
      received: 101,
      duplicates: 2,
      lost: 3,
      jitter: 4,
      largestJitter: 4,
    });
  });

  it('is loss of what comes by here while nothing is settled', async () => {
    const scene = new RelayScene();
    await scene.command('U call 192.0.2.10 8000 f;1');
    const toCaller = await scene.port('L call 0.0.0.0 9000 f;1 t;1');
    const [found] = scene.relay.find({ callId: 'call', fromTag: 'f' });
    for (const sequence of [1, 2, 5, 5, 6]) arrive(toCaller, rtp(sequence), CALLER);
    expect(found!.side.other.quality).toMatchObject({ received: 5, duplicates: 1, lost: 1 });
  });

  it('is laid up when a rule comes and goes', async () => {
    const { scene, toCaller, caller } = await settledCall();
    await scene.command('U call 192.0.2.10 8000 f;1');
    for (const sequence of [9000, 9001]) arrive(toCaller, rtp(sequence), CALLER);
    expect(caller.quality).toMatchObject({ received: 3, lost: 0 });
  });
});
