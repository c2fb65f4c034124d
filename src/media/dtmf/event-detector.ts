import { hasMarker, payload, sequenceNumber, ssrc, timestamp } from '../../wire/rtp/rtp-header.ts';
import { eventKey, parseTelephoneEvent, type TelephoneEvent } from '../../wire/rtp/telephone-event.ts';
import type { KeyPress } from './key-press.ts';

/** Presses that are remembered, so that packets of theirs that come late are known. */
const REMEMBERED = 8;
/** What the field can hold; longer events go on in a new segment (RFC 4733 §2.5.1.3). */
const LONGEST_SEGMENT = 0xffff;
/** Segments are no shorter than this. */
const SHORTEST_SEGMENT = 0x8000;
/** The last packet is sent three times (RFC 4733 §2.5.1.4). */
const END_PACKETS = 3;

interface Press {
  readonly event: number;
  readonly key: string;
  /** Timestamps of its first segment and of its last. */
  readonly first: number;
  last: number;
  /** Of the segments before the last one, and of that. */
  before: number;
  duration: number;
  volume: number;
  told: boolean;
}

/**
 * Makes presses of keys from telephone events: each once, when the key is let go, however often its packets come, in
 * whatever order, and whichever of them are lost. Presses are told apart by their timestamp, and follow each other by
 * sequence numbers, for there are senders whose timestamps jump, and some that count up within one press.
 */
export class EventDetector {
  readonly #tell: (press: KeyPress) => void;
  readonly #rate: number;
  /** The newest one last. */
  #presses: Press[] = [];
  #ssrc: number | undefined;
  #sequence = 0;

  /** @param rate of the RTP clock, in Hz */
  constructor(tell: (press: KeyPress) => void, rate = 8000) {
    this.#tell = tell;
    this.#rate = rate;
  }

  /** Whether a key is down. */
  get pressed(): boolean {
    return this.#presses.some(({ told }) => !told);
  }

  /** @param bytes an RTP packet whose payload type is that of telephone events */
  push(bytes: Buffer): void {
    const content = payload(bytes);
    const event = content && parseTelephoneEvent(content);
    const key = event && eventKey(event.event);
    if (key === undefined) return;
    const source = ssrc(bytes);
    if (source !== this.#ssrc) {
      this.release();
      this.#presses = [];
      this.#ssrc = source;
      this.#sequence = sequenceNumber(bytes) - 1;
    }
    const step = ((sequenceNumber(bytes) - this.#sequence) << 16) >> 16;
    if (step > 0) this.#sequence = sequenceNumber(bytes);
    this.#take(key, event!, timestamp(bytes), step, hasMarker(bytes));
  }

  /** No packets have come for a while: keys that are down are taken to be let go. */
  release(): void {
    for (const press of this.#presses) this.#finish(press);
  }

  #take(key: string, event: TelephoneEvent, when: number, step: number, marker: boolean): void {
    const press = this.#presses.find(
      (it) => it.event === event.event && (when - it.first) >>> 0 <= (it.last - it.first) >>> 0,
    );
    if (press) this.#update(press, event, when);
    else if (step <= 0 || !this.#goesOn(event, when, step, marker)) this.#begin(key, event, when, step);
  }

  /** Whether the packet belongs to the newest press although its timestamp is another one. */
  #goesOn(event: TelephoneEvent, when: number, step: number, marker: boolean): boolean {
    const press = this.#presses.at(-1);
    if (press === undefined || press.event !== event.event || marker) return false;
    const passed = (when - press.last) >>> 0;
    if (press.told) {
      // The last packet again, of a sender that counts the timestamp up with every packet.
      return event.end && event.duration === press.duration && passed <= press.duration && step < END_PACKETS;
    }
    const nextSegment =
      passed === LONGEST_SEGMENT || (passed === press.duration && passed >= SHORTEST_SEGMENT);
    if (nextSegment) {
      press.before += passed;
      press.duration = 0;
    } else if (event.duration <= press.duration || passed > event.duration - press.duration) return false;
    press.last = when;
    this.#update(press, event, when);
    return true;
  }

  #begin(key: string, event: TelephoneEvent, when: number, step: number): void {
    const press: Press = {
      event: event.event,
      key,
      first: when,
      last: when,
      before: 0,
      duration: 0,
      volume: event.volume,
      told: false,
    };
    if (step > 0) {
      // A key is down: the one before is not, even if nobody said so.
      this.release();
      this.#presses.push(press);
    } else {
      this.#presses.unshift(press);
    }
    if (this.#presses.length > REMEMBERED) this.#forget();
    this.#update(press, event, when);
  }

  #forget(): void {
    const oldest = this.#presses.shift();
    if (oldest) this.#finish(oldest);
  }

  #update(press: Press, event: TelephoneEvent, when: number): void {
    if (press.told) return;
    if (when === press.last) press.duration = Math.max(press.duration, event.duration);
    press.volume = event.volume;
    if (event.end) this.#finish(press);
  }

  #finish(press: Press): void {
    if (press.told) return;
    press.told = true;
    const duration = press.before + press.duration;
    const { key, event, volume } = press;
    this.#tell({ key, event, volume, duration, durationMs: (duration * 1000) / this.#rate, origin: 'event' });
  }
}
