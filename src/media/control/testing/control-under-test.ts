import { FakeClock } from '../../../base/fake-clock.ts';
import { SequentialIds } from '../../../base/ids.ts';
import { TimerWheel } from '../../../base/timer-wheel.ts';
import { callIdSum } from '../choose-node.ts';
import type { MediaQuestion } from '../media-control.ts';
import { type NodeSetSpec, parseNodeSet } from '../node-spec.ts';
import { RtpproxyControl, type RtpproxyControlOptions } from '../rtpproxy-control.ts';
import type { RtpproxySettings } from '../rtpproxy-settings.ts';
import { FakeRelays } from './fake-relays.ts';

/** A control over {@link FakeRelays}, and the time that it lives in. */
export interface ControlUnderTest extends AsyncDisposable {
  readonly control: RtpproxyControl;
  readonly relays: FakeRelays;
  readonly clock: FakeClock;
  readonly wheel: TimerWheel;
}

export interface ControlTestOptions extends Partial<RtpproxyControlOptions> {
  /** Values of `rtpproxy_sock`; default `udp:10.0.0.1`. */
  readonly sockets?: readonly string[];
  readonly relays?: FakeRelays;
  readonly set?: Partial<RtpproxySettings>;
}

export async function controlUnderTest(options: ControlTestOptions = {}): Promise<ControlUnderTest> {
  const { sockets = ['udp:10.0.0.1'], relays = new FakeRelays(), set } = options;
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const control = await RtpproxyControl.open({
    settings: { sets: nodeSets(...sockets), ...set },
    clock,
    wheel,
    ids: new SequentialIds(),
    openUdp: relays.open,
    ...options,
  });
  return {
    control,
    relays,
    clock,
    wheel,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      wheel.close();
    },
  };
}

/** @throws Error for what is no set */
export function nodeSets(...texts: string[]): NodeSetSpec[] {
  return texts.map((text) => {
    const result = parseNodeSet(text, 'rtpproxy');
    if (!result.ok) throw new Error(result.reason);
    return result.set;
  });
}

/** A description with one line each; `c=` says `address`. */
export function sdp(address: string, ...media: string[]): string {
  return lines(
    'v=0',
    `o=alice 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP${address.includes(':') ? 6 : 4} ${address}`,
    't=0 0',
    ...media,
  );
}

export function lines(...all: string[]): string {
  return all.map((line) => `${line}\r\n`).join('');
}

/** A question about the call `CALL` from `ft1`, whose INVITE came from 127.0.77.1. */
export function question(description: string, more: Partial<MediaQuestion> = {}): MediaQuestion {
  return { callId: 'CALL', fromTag: 'ft1', sdp: description, source: '127.0.77.1', ...more };
}

/** A Call-ID whose bytes sum up to `sum`, 0 to 255. */
export function callIdOf(sum: number): string {
  // Five bytes of 51 and more make up for what is missing: printable ones.
  const missing = ((sum - callIdSum('call') + 256) & 0xff) + 256;
  const each = Math.floor(missing / 5);
  return `call${String.fromCharCode(each, each, each, each, missing - 4 * each)}`;
}
