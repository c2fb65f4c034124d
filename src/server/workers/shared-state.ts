import type { Clock } from '../../base/clock.ts';
import type { Authenticator } from '../../core/auth/authenticator.ts';
import type { Destination } from '../../net/network.ts';
import type { Quarantine, Quarantined } from '../../net/quarantine.ts';
import type { WorkerPeers, WorkerPlace } from '../../net/worker-place.ts';
import type { SqliteLocation } from '../../store/sqlite/location.ts';
import type { ServerRelays } from '../relays.ts';

export interface Shared {
  readonly quarantine: Quarantine;
  readonly authenticator: Authenticator;
  readonly relays: ServerRelays;
}

/** A change of the location service, as {@link SqliteLocation.committed} tells it. */
interface Bindings {
  readonly aor: string;
  readonly text: string;
}

/** Times in ms from now on: each thread has a clock of its own. */
interface Failed {
  readonly entry: Omit<Quarantined, 'until' | 'forgetAt'>;
  readonly untilIn: number;
  readonly forgetIn: number;
}

/** Bindings that one worker changes reach the others, by {@link share} from the first moment on. */
export function shareLocation(location: SqliteLocation, peers: WorkerPeers, place: WorkerPlace): void {
  const topic = 'location';
  let changes: Bindings[] = [];
  const post = () => {
    postAll(peers, place, topic, changes);
    changes = [];
  };
  location.committed = (aor, text) => {
    // Once for all that were committed together, and before any of them is answered.
    if (changes.push({ aor, text }) === 1) queueMicrotask(post);
  };
  peers.subscribe(topic, {
    message: (_from, message) => {
      for (const { aor, text } of message as readonly Bindings[]) location.learn(aor, text);
    },
  });
}

/** What one worker learns that all must know: addresses that fail, guessers of passwords, what relays tell. */
export function share(
  { quarantine, authenticator, relays }: Shared,
  peers: WorkerPeers,
  place: WorkerPlace,
  clock: Clock,
): void {
  shareQuarantine(quarantine, peers, place, clock);
  authenticator.shutOut = (suspect) => postAll(peers, place, 'suspect', suspect);
  peers.subscribe('suspect', { message: (_from, suspect) => authenticator.shut(suspect as string) });
  relays.overhear((line) => postAll(peers, place, 'relay', line));
  peers.subscribe('relay', { message: (_from, line) => relays.notified(line as string) });
}

function shareQuarantine(quarantine: Quarantine, peers: WorkerPeers, place: WorkerPlace, clock: Clock): void {
  const [failed, heard] = ['quarantine', 'heard'];
  const told = ({ until, forgetAt, ...entry }: Quarantined): Failed => {
    const now = clock.now();
    return { entry, untilIn: until - now, forgetIn: forgetAt - now };
  };
  quarantine.watcher = {
    failed: (entry) => postAll(peers, place, failed, told(entry)),
    heard: (destination) => postAll(peers, place, heard, destination),
  };
  peers.subscribe(failed, {
    message: (_from, message) => {
      const { entry, untilIn, forgetIn } = message as Failed;
      const now = clock.now();
      quarantine.learn({ ...entry, until: now + untilIn, forgetAt: now + forgetIn });
    },
    // One that begins knows of none.
    attached: (index) => {
      for (const entry of quarantine.all()) peers.post(index, failed, told(entry));
    },
  });
  peers.subscribe(heard, { message: (_from, message) => quarantine.forget(message as Destination) });
}

function postAll(peers: WorkerPeers, place: WorkerPlace, topic: string, message: unknown): void {
  for (let index = 0; index < place.count; index++) {
    if (index !== place.index) peers.post(index, topic, message);
  }
}
