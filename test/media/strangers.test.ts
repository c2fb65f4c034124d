import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock.ts';
import type { Relay } from '../../src/media/relay/relay.ts';
import { NO_MODIFIERS } from '../../src/wire/rtpproxy/modifiers.ts';
import { Peer, rtcp, rtp } from './peer.ts';
import { type OpenPath, openRelay, paths } from './relay-paths.ts';

// RTP bleed and injection, as in CVE-2025-53399 and CVE-2017-14099: a stranger sends to the ports of a call, before,
// while and after its parties are learned. Nothing of it reaches a party, and nothing of the parties reaches it.

const RELAY = '127.0.0.1';
const SSRC = { caller: 7, callee: 9 };

const clock = new FakeClock();

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

function keep<T extends AsyncDisposable>(it: T): T {
  opened.push(it);
  return it;
}

type Place = { readonly address: string; readonly port: number };

/** A call between two telephones over a relay, and a stranger. Time stands still unless a test moves it. */
class AttackedCall {
  readonly relay: Relay;
  caller!: Peer;
  callerRtcp!: Peer;
  callee!: Peer;
  calleeRtcp!: Peer;
  stranger!: Peer;
  /** A stranger at the caller's own address: another customer of its NAT. */
  neighbour!: Peer;
  toCaller!: Place;
  toCallee!: Place;
  #round = 0;
  /** Packets that parties have sent, one a marker. */
  #sequence = 1000;

  private constructor(relay: Relay) {
    this.relay = relay;
  }

  static async open(openPath: OpenPath, signalled?: Place): Promise<AttackedCall> {
    const relay = keep(openRelay({ path: openPath(clock), clock }));
    const call = new AttackedCall(relay);
    [call.caller, call.callerRtcp] = (await Peer.openPair('127.0.0.2')).map(keep) as [Peer, Peer];
    [call.callee, call.calleeRtcp] = (await Peer.openPair('127.0.0.3')).map(keep) as [Peer, Peer];
    call.stranger = keep(await Peer.open('127.0.0.66'));
    call.neighbour = keep(await Peer.open('127.0.0.2'));
    call.toCallee = await call.offer(signalled ?? call.caller);
    call.toCaller = await call.command(false, call.callee);
    return call;
  }

  /** The caller's address in an INVITE, or in another one. */
  offer(remote: Place): Promise<Place> {
    return this.command(true, remote);
  }

  async command(create: boolean, { address, port }: Place): Promise<Place> {
    const key = { callId: 'call', fromTag: 'f', toTag: create ? undefined : 't' };
    const answer = await this.relay.update({
      ...key,
      create,
      remote: { address, port },
      modifiers: NO_MODIFIERS,
    });
    if (!answer.ok) throw new Error(`E${answer.error}`);
    return { address: RELAY, port: answer.port };
  }

  /** What a stranger may try, at every port of the call. */
  async attack(by: Peer = this.stranger): Promise<void> {
    const sequence = this.#sequence;
    for (const to of [this.toCaller, this.toCallee]) {
      const beside = { ...to, port: to.port + 1 };
      for (let i = 0; i < 8; i++) {
        await by.say(rtp('injected', { ssrc: 0x5000 + i }), to);
        await by.say(rtp('injected', { ssrc: 0x6000, sequence: i, type: 8 }), to);
        await by.say(rtp('injected', { ssrc: SSRC.caller, sequence: sequence + i }), to);
        await by.say(rtp('injected', { ssrc: SSRC.callee, sequence: sequence + i, type: 101 }), to);
      }
      for (const port of [to, beside]) {
        await by.say(rtcp('injected'), port);
        await by.say(Buffer.from('\x00\x01\x00\x00\x21\x12\xa4\x42injected', 'latin1'), port);
        await by.say(Buffer.from('\x16\xfe\xff\x00\x00injected', 'latin1'), port);
        await by.say(Buffer.from('injected'), port);
        await by.say(Buffer.alloc(0), port);
        await by.say(rtp('injected').subarray(0, 12), port);
      }
    }
    // The relay reads them before the next ones come, or its sockets would be full.
    await setImmediate();
    await setImmediate();
  }

  /**
   * Both parties speak, RTP and RTCP, and hear one another: what came to a port before has been decided by then.
   * @param caller from where it speaks
   */
  async speak(caller: Peer = this.caller): Promise<void> {
    const round = ++this.#round;
    const sequence = this.#sequence++;
    await caller.say(rtp(`caller ${round}`, { sequence, ssrc: SSRC.caller }), this.toCaller);
    await this.callee.untilHeard(`caller ${round}`);
    await this.callee.say(rtp(`callee ${round}`, { sequence, ssrc: SSRC.callee }), this.toCallee);
    await caller.untilHeard(`callee ${round}`);
    await this.callerRtcp.say(rtcp(`caller ${round}`), { ...this.toCaller, port: this.toCaller.port + 1 });
    await this.calleeRtcp.untilHeard(`caller ${round}`);
    await this.calleeRtcp.say(rtcp(`callee ${round}`), { ...this.toCallee, port: this.toCallee.port + 1 });
    await this.callerRtcp.untilHeard(`callee ${round}`);
  }

  /** Nobody heard a stranger, and no stranger heard anything. */
  expectNoLeak(): void {
    const parties = [this.caller, this.callerRtcp, this.callee, this.calleeRtcp];
    const foreign = parties.flatMap(({ heard }) => heard).filter((text) => !/^calle[re] \d+$/.test(text));
    expect(foreign).toEqual([]);
    expect([this.stranger.heard, this.neighbour.heard]).toEqual([[], []]);
  }
}

describe.each(paths)('a call over the %s path', (_name, openPath) => {
  it('is closed to strangers before anybody has spoken', async () => {
    const call = await AttackedCall.open(openPath);
    await call.attack();
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers between offer and answer', async () => {
    const call = await AttackedCall.open(openPath);
    call.relay.deleteAll();
    call.toCallee = await call.offer(call.caller);
    call.toCaller = call.toCallee;
    for (let i = 0; i < 5; i++) {
      await call.attack();
      clock.advance(1000);
    }
    call.toCaller = await call.command(false, call.callee);
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers afterwards, and to a guessed SSRC', async () => {
    const call = await AttackedCall.open(openPath);
    for (let i = 0; i < 5; i++) {
      await call.speak();
      await call.attack();
      clock.advance(1000);
    }
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers who share the address of a party', async () => {
    const call = await AttackedCall.open(openPath);
    await call.speak();
    await call.attack(call.neighbour);
    clock.advance(10_000);
    await call.attack(call.neighbour);
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers while a party is silent for long', async () => {
    const call = await AttackedCall.open(openPath);
    await call.speak();
    for (let i = 0; i < 30; i++) {
      clock.advance(1000);
      await call.attack();
    }
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers during a re-INVITE', async () => {
    const call = await AttackedCall.open(openPath);
    await call.speak();
    await call.offer(call.caller);
    await call.attack();
    await call.speak();
    await call.attack();
    clock.advance(4000);
    await call.attack();
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers while a party moves', async () => {
    const call = await AttackedCall.open(openPath);
    await call.speak();
    const [moved, movedRtcp] = (await Peer.openPair('127.0.0.4')).map(keep) as [Peer, Peer];
    await call.offer(moved);
    await call.attack();
    await call.attack(call.neighbour);
    clock.advance(1000);
    await call.attack();
    call.callerRtcp = movedRtcp;
    await call.speak(moved);
    await call.attack();
    clock.advance(4000);
    await call.attack();
    await call.speak(moved);
    call.expectNoLeak();
    expect(moved.heard.every((text) => text.startsWith('callee'))).toBe(true);
  });

  it('is closed to strangers on hold', async () => {
    const call = await AttackedCall.open(openPath);
    await call.speak();
    await call.offer({ address: '0.0.0.0', port: 9 });
    await call.attack();
    clock.advance(4000);
    await call.attack();
    await call.offer(call.caller);
    await call.speak();
    call.expectNoLeak();
  });

  it('is closed to strangers for a party that is behind a NAT, once it was heard', async () => {
    const call = await AttackedCall.open(openPath, { address: '127.0.0.2', port: 9 });
    await call.attack();
    await call.speak();
    await call.attack();
    await call.attack(call.neighbour);
    clock.advance(4000);
    await call.speak();
    await call.attack(call.neighbour);
    await call.speak();
    call.expectNoLeak();
  });

  it('leaves nothing to strangers when it is over, nor to the next call on its ports', async () => {
    const call = await AttackedCall.open(openPath);
    await call.speak();
    const { toCaller } = call;
    call.relay.deleteAll();
    await call.attack();
    await call.caller.say(rtp('late', { ssrc: SSRC.caller, sequence: 2000 }), toCaller);
    expect(call.relay.pool.counters).toMatchObject({ open: 0, draining: 2 });
    call.toCallee = await call.offer(call.caller);
    call.toCaller = await call.command(false, call.callee);
    await call.attack();
    await call.speak();
    call.expectNoLeak();
  });
});
