import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { NO_MODIFIERS } from '../../wire/rtpproxy/modifiers.ts';
import type { Endpoint } from '../relay/packet-path.ts';
import { Relay } from '../relay/relay.ts';
import { DEFAULT_RELAY_SETTINGS } from '../relay/relay-settings.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import { FakePath, type FakePort } from '../relay/testing/fake-path.ts';

export const CALLER: Endpoint = { address: '192.0.2.10', port: 8000 };
export const CALLEE: Endpoint = { address: '192.0.2.20', port: 9000 };

/** A relay without sockets, in which calls are up and parties speak as a test wants. */
export class OpenCall {
  readonly clock: FakeClock = new FakeClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  readonly path: FakePath = new FakePath();
  readonly relay: Relay;
  /** What the caller sends comes in here, and what is sent here goes to the caller. */
  caller!: StreamSide;
  callee!: StreamSide;

  private constructor() {
    this.relay = new Relay({
      path: this.path,
      clock: this.clock,
      wheel: this.wheel,
      ids: new SequentialIds(),
      settings: { ...DEFAULT_RELAY_SETTINGS, addresses: [{ address: '198.51.100.1' }], ttlMs: 86_400_000 },
      user: { timedOut: () => {} },
    });
  }

  static async make(): Promise<OpenCall> {
    const call = new OpenCall();
    [call.caller, call.callee] = await call.open('call@example.com', 'from-tag');
    return call;
  }

  /** @returns the sides of the caller and of the callee of another call or medium */
  async open(callId: string, fromTag: string, media = 1): Promise<[StreamSide, StreamSide]> {
    const question = { callId, fromTag, media, modifiers: NO_MODIFIERS };
    const offer = await this.relay.update({ ...question, create: true, remote: CALLER });
    const answer = await this.relay.update({ ...question, toTag: 'to-tag', create: false, remote: CALLEE });
    if (!offer.ok || !answer.ok) throw new Error('no call');
    return [answer.side, offer.side];
  }

  /** A packet of the side's party arrives, on the port of RTCP where asked. */
  speak(side: StreamSide, packet: Buffer, port: 'rtp' | 'rtcp' = 'rtp'): void {
    const { address, port: number } = side.index === 1 ? CALLER : CALLEE;
    const to = side.ports![port] as FakePort;
    to.arrive(packet, address, port === 'rtp' ? number : number + 1);
  }

  /** What was sent to the side's party. */
  heard(side: StreamSide): Buffer[] {
    return (side.ports!.rtp as FakePort).sent.map(({ bytes }) => bytes);
  }
}
