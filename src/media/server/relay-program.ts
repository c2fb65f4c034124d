import { logLine } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { AcceleratedPath } from '../relay/accelerated-path.ts';
import type { PacketPath } from '../relay/packet-path.ts';
import { PortablePath } from '../relay/portable-path.ts';
import type { RelaySettings } from '../relay/relay-settings.ts';
import { loadRelayAddon } from '../relay/relay-thread.ts';
import { RelayServer } from './relay-server.ts';
import { openSound, type SoundSettings } from './sound.ts';

/** Ways for packets to move, the portable one last; `auto` is the best that the machine has. */
export type PathChoice = 'auto' | PacketPath['name'];

/** Everything that a relay is started with; can be sent to another thread. */
export interface RelayProgram {
  readonly relay: RelaySettings;
  readonly path: PathChoice;
  /** The byte of IP headers that asks for a class of service (rtpproxy's `-t`); not every path can set it. */
  readonly trafficClass: number;
  /** As {@link RelayServerOptions}. */
  readonly notifySockets: readonly string[];
  readonly recordsAll: boolean;
  readonly sound: SoundSettings;
}

export const DEFAULT_TRAFFIC_CLASS = 0xb8;

/** @throws ServerError NET_BAD_CONTROL_SOCKET, CFG_INVALID */
export function startRelay(program: RelayProgram, clock: Clock): RelayServer {
  const wheel = new TimerWheel(clock);
  const ids = new RandomIds();
  return new RelayServer({
    path: openPath(program, clock),
    clock,
    wheel,
    ids,
    settings: program.relay,
    notifySockets: program.notifySockets,
    recordsAll: program.recordsAll,
    sound: (relay) => openSound(program.sound, { relay, clock, wheel, ids }),
  });
}

function openPath({ path, trafficClass }: RelayProgram, clock: Clock): PacketPath {
  if (path !== 'portable') {
    const addon = loadRelayAddon();
    if (addon) return new AcceleratedPath(addon, { clock, trafficClass });
    logLine('warn', 'relay', 'packets take the portable path: the accelerator is not built for this machine');
  }
  return new PortablePath(clock);
}
