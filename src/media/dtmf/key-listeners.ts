import type { Clock } from '../../base/clock.ts';
import type { TimerWheel } from '../../base/timer-wheel.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import type { KeyPort, KeyRequest } from '../server/sound-ports.ts';
import { KeyListener } from './key-listener.ts';

interface Listening {
  /** The last one: the same question again, as with each offer and answer, misses no key and tells none twice. */
  request: KeyRequest;
  readonly stop: () => void;
}

/** Who listens for keys on which side: one on each. */
export class KeyListeners implements KeyPort {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  /** A side that is gone takes its own with it. */
  readonly #listening = new WeakMap<StreamSide, Listening>();

  constructor(clock: Clock, wheel: TimerWheel) {
    this.#clock = clock;
    this.#wheel = wheel;
  }

  listen(request: KeyRequest): boolean {
    const { side } = request;
    if (side.stream.ended) return false;
    const before = this.#listening.get(side);
    if (before && sameQuestion(before.request, request)) {
      before.request = request;
      return true;
    }
    before?.stop();
    this.#listening.set(side, this.#start(request));
    return true;
  }

  #start(request: KeyRequest): Listening {
    const { side, payloadType, hide, tones = false } = request;
    const options = { payloadType, hide, inBand: tones };
    const listener = new KeyListener(options, this.#clock, this.#wheel, (key) =>
      listening.request.pressed(key),
    );
    const detach = side.attach(listener);
    const listening: Listening = {
      request,
      stop: () => {
        detach();
        listener.stop();
      },
    };
    return listening;
  }
}

function sameQuestion(a: KeyRequest, b: KeyRequest): boolean {
  return a.payloadType === b.payloadType && a.hide === b.hide && (a.tones ?? false) === (b.tones ?? false);
}
