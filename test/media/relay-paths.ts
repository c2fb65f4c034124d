import type { FakeClock } from '../../src/base/fake-clock.ts';
import { RandomIds } from '../../src/base/ids.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { AcceleratedPath } from '../../src/media/relay/accelerated-path.ts';
import type { MediaSession } from '../../src/media/relay/media-session.ts';
import type { PacketPath } from '../../src/media/relay/packet-path.ts';
import { PortablePath } from '../../src/media/relay/portable-path.ts';
import { Relay } from '../../src/media/relay/relay.ts';
import { DEFAULT_RELAY_SETTINGS, type RelaySettings } from '../../src/media/relay/relay-settings.ts';
import { loadRelayAddon } from '../../src/media/relay/relay-thread.ts';

export type OpenPath = (clock: FakeClock) => PacketPath;

const addon = loadRelayAddon();
if (!addon) console.log('the accelerator of media is not built here: the portable path alone is tested');

/** Every way that packets can take here without rights, by name. */
export const paths: readonly (readonly [string, OpenPath])[] = [
  ['portable', (clock) => new PortablePath(clock)],
  ...(addon
    ? [['accelerated', (clock: FakeClock) => new AcceleratedPath(addon, { clock, trafficClass: 0 })] as const]
    : []),
];

export interface SocketRelayOptions {
  readonly path: PacketPath;
  readonly clock: FakeClock;
  readonly wheel?: TimerWheel;
  readonly settings?: Partial<RelaySettings>;
  timedOut?(session: MediaSession): void;
}

/** A relay with real sockets at 127.0.0.1 and a time that a test owns. */
export function openRelay({ path, clock, wheel, settings, timedOut }: SocketRelayOptions): Relay {
  return new Relay({
    path,
    clock,
    wheel: wheel ?? new TimerWheel(clock),
    ids: new RandomIds(),
    settings: {
      ...DEFAULT_RELAY_SETTINGS,
      addresses: [{ address: '127.0.0.1' }],
      // Tests run side by side; what another one has is passed over.
      ports: { min: 20_000, max: 59_999 },
      ...settings,
    },
    user: { timedOut: timedOut ?? (() => {}) },
  });
}
