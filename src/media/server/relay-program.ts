import type { Clock } from '../../base/clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { choosePath, type PathChoice } from '../relay/choose-path.ts';
import type { RelaySettings } from '../relay/relay-settings.ts';
import { RelayServer } from './relay-server.ts';
import { openSound, type SoundSettings } from './sound.ts';

/** Everything that a relay is started with; can be sent to another thread. */
export interface RelayProgram {
  readonly relay: RelaySettings;
  readonly path: PathChoice;
  /** The byte of IP headers that asks for a class of service (rtpproxy's `-t`); not every path can set it. */
  readonly trafficClass: number;
  /** As {@link RelayServerOptions}. */
  readonly notifySockets: readonly string[];
  readonly recordsAll: boolean;
  readonly logsCommands?: boolean;
  readonly sound: SoundSettings;
}

export const DEFAULT_TRAFFIC_CLASS = 0xb8;

/** @throws ServerError NET_BAD_CONTROL_SOCKET, CFG_INVALID */
export function startRelay(program: RelayProgram, clock: Clock): RelayServer {
  const wheel = new TimerWheel(clock);
  const ids = new RandomIds();
  const { trafficClass, relay } = program;
  const path = choosePath(program.path, { clock, wheel, ids, trafficClass, silenceMs: relay.ttlMs });
  try {
    return new RelayServer({
      path,
      clock,
      wheel,
      ids,
      settings: relay,
      notifySockets: program.notifySockets,
      recordsAll: program.recordsAll,
      logsCommands: program.logsCommands === true,
      sound: (of) => openSound(program.sound, { relay: of, clock, wheel, ids }),
    });
  } catch (error) {
    // Its thread would keep the process from ending.
    void path[Symbol.asyncDispose]();
    throw error;
  }
}
