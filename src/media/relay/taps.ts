import { logLine } from '../../base/channels.ts';
import { payloadType } from '../../wire/rtp/rtp-header.ts';
import type { SideTap } from './side-tap.ts';
import type { StreamSide } from './stream-side.ts';

/** Who hears a side's party. One that throws is taken off: a fault of a recording never ends a call. */
export class Taps {
  readonly #side: StreamSide;
  #all: readonly SideTap[] = [];

  constructor(side: StreamSide) {
    this.#side = side;
  }

  add(tap: SideTap): void {
    this.#all = [...this.#all, tap];
  }

  /** @returns whether it was there */
  remove(tap: SideTap): boolean {
    const before = this.#all.length;
    this.#all = this.#all.filter((it) => it !== tap);
    return this.#all.length < before;
  }

  /** Whether somebody wants every packet. */
  get wantAll(): boolean {
    return this.#all.some(({ wantsAll }) => wantsAll);
  }

  /** Payload types about which a fast rule cannot decide; each once. */
  get aside(): readonly number[] {
    const types = this.#all.flatMap(({ wantsAll, payloadTypes = [], keeps = [] }) =>
      wantsAll ? keeps : [...payloadTypes, ...keeps],
    );
    return [...new Set(types)];
  }

  /** Whether somebody keeps the packet from the other party. */
  keep(bytes: Buffer): boolean {
    for (const { keeps } of this.#all) if (keeps?.includes(payloadType(bytes))) return true;
    return false;
  }

  /** `sent` is what goes to the party; the others come from it. */
  tell(kind: 'rtp' | 'rtcp' | 'sent', bytes: Buffer): void {
    for (const tap of this.#all) {
      if (kind === 'rtp' && !wants(tap, bytes)) continue;
      try {
        tap[kind]?.(bytes, this.#side);
      } catch (error) {
        this.#fail(tap, error);
      }
    }
  }

  /** The side is gone. */
  close(): void {
    const all = this.#all;
    this.#all = [];
    for (const tap of all) {
      try {
        tap.closed?.(this.#side);
      } catch (error) {
        this.#fail(tap, error);
      }
    }
  }

  #fail(tap: SideTap, error: unknown): void {
    const { callId } = this.#side.stream.session;
    logLine('error', 'relay', 'what heard a party has failed, and hears no more', { callId, error });
    if (this.remove(tap)) this.#side.stream.arrange();
  }
}

function wants(tap: SideTap, bytes: Buffer): boolean {
  return tap.wantsAll || tap.payloadTypes?.includes(payloadType(bytes)) === true;
}
