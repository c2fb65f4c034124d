import type { Clock } from '../../base/clock.ts';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { payloadType } from '../../wire/rtp/rtp-header.ts';
import type { SideTap } from '../relay/side-tap.ts';
import { EventDetector } from './event-detector.ts';
import type { KeyPress } from './key-press.ts';
import { ToneListener } from './tone-listener.ts';

/** Without packets for so long, a key is taken to be let go. */
const SILENCE_MS = 500;
/** Nobody presses more keys, so what comes above is no person. */
const KEYS_PER_SECOND = 20;
const MOST_AT_ONCE = 40;

export interface KeyListenerOptions {
  /** Of telephone events, 0 to 127. */
  readonly payloadType: number;
  /** Of their RTP clock, in Hz; 8000 by default. */
  readonly rate?: number;
  /** Whether to listen for tones in G.711 too, which costs time for every packet. */
  readonly inBand?: boolean;
  /** Whether telephone events are kept from the other party. */
  readonly hide?: boolean;
}

/** Tells the keys that a side's party presses, each once. Attach it to the side; it ends with it. */
export class KeyListener implements SideTap {
  readonly wantsAll: boolean;
  readonly payloadTypes: readonly number[];
  readonly keeps: readonly number[];
  /** Keys that were not told, because no person presses that many. */
  suppressed = 0;
  readonly #events: EventDetector;
  readonly #tones: ToneListener | undefined;
  readonly #wheel: TimerWheel;
  readonly #bucket: TokenBucket;
  readonly #silence: WheelTimer;
  readonly #tell: (press: KeyPress) => void;
  /** A party that sends events may sound the key too: then only the events count. */
  #eventsSeen = false;

  constructor(options: KeyListenerOptions, clock: Clock, wheel: TimerWheel, tell: (press: KeyPress) => void) {
    this.payloadTypes = [options.payloadType];
    this.wantsAll = options.inBand === true;
    this.keeps = options.hide ? this.payloadTypes : [];
    this.#wheel = wheel;
    this.#tell = tell;
    this.#bucket = new TokenBucket(clock, KEYS_PER_SECOND, MOST_AT_ONCE);
    this.#events = new EventDetector((press) => this.#pressed(press), options.rate);
    if (options.inBand) this.#tones = new ToneListener((press) => this.#pressed(press));
    this.#silence = new WheelTimer(() => this.#release());
  }

  rtp(bytes: Buffer): void {
    if (payloadType(bytes) === this.payloadTypes[0]) {
      this.#eventsSeen = true;
      this.#events.push(bytes);
    } else if (this.#eventsSeen || !this.#tones) return;
    else this.#tones.push(bytes);
    if (this.#events.pressed || this.#tones?.pressed) this.#wheel.arm(this.#silence, SILENCE_MS);
    else this.#wheel.cancel(this.#silence);
  }

  closed(): void {
    this.#wheel.cancel(this.#silence);
    this.#release();
  }

  /** Forgets a key that is down: somebody else listens from here on. */
  stop(): void {
    this.#wheel.cancel(this.#silence);
  }

  #release(): void {
    this.#events.release();
    if (!this.#eventsSeen) this.#tones?.release();
  }

  #pressed(press: KeyPress): void {
    if (this.#bucket.take()) this.#tell(press);
    else this.suppressed++;
  }
}
