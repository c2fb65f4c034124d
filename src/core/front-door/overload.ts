import { logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Load } from '../../net/load-meter.ts';
import { REMEMBERED, type Refusals } from '../../net/refusals.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

/** When new work is refused; plain data. */
export interface OverloadSettings {
  /** How long messages may wait before they are read, in ms. */
  readonly targetDelayMs: number;
}

/** A fifth of T1: whoever waits for that long sends again, and the load grows by itself (RFC 3261 §17.1.1.2). */
export const DEFAULT_OVERLOAD: OverloadSettings = { targetDelayMs: 100 };

/** A load with the wait that counts: the longer one of the kernel's, where it tells, and the event loop's. */
type Measured = Load & { readonly waitedMs: number };

export interface OverloadOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** The load since it was last asked for. */
  readonly load: () => Load;
  /** Undefined never refuses anything. */
  readonly settings: OverloadSettings | undefined;
  /** What the network may refuse by itself: both know what was refused before. */
  readonly refusals?: Refusals | undefined;
  /** Called when the load was looked at. */
  onPeriod?(): void;
}

/** How often the load is looked at, in ms. */
const PERIOD_MS = 100;
/** A thread that is less idle has no room for what the network does next. */
const MOST_BUSY = 0.95;
/** A thread that has a processor for less of the time shares it with other programs: that it is never idle says nothing. */
const STARVED = 0.75;
/** Datagrams that were lost at less than that were lost to a burst. */
const BUSY = 0.8;
/** What a period with lost datagrams counts for. */
const LOSS_STRAIN = 1.25;
const MOST_STRAIN = 2;
/** A thread that is hardly ever idle: what comes is as much as it does, and by what the queue grows more. */
const NEVER_IDLE = 0.99;
/** How much more than can be done comes to such a thread, where nobody tells how long messages wait. */
const ASSUMED_EXCESS = 0.1;
/** While messages are read, they wait for so much of the target. */
const AIM = 0.25;
/** In which a queue that is longer is worked off, in ms. */
const WORKED_OFF_MS = 500;
/** How far the share goes in a period towards what fits: calls that were let in go on for a while. */
const STEP = 0.5;
/** The share that is let in changes by no more than that in a period. */
const GROWTH = 1.25;
const DECLINE = 0.6;
const LEAST_SHARE = 0.02;
/** What is measured below that says no more than that there is room. */
const LEAST_USE = 0.1;
/**
 * Refusing begins after five periods in a row in which messages waited or were lost, three in which they waited longer in each,
 * for then it is no pause that is made up for, or ten of a busy thread where nobody tells how long they wait.
 */
const TO_BEGIN = 30;
const OF_BUSY = 3;
const OF_WAITING = 6;
const OF_GROWING = 10;
/** Periods in which nothing had to be refused, after which it is over. */
const PERIODS_TO_END = 20;
/** Periods for which refused requests are remembered when it is over: their retransmissions end by then (64 T1). */
const PERIODS_TO_FORGET = 320;
/** What those get in who are registered already, or say so, against those who begin. */
const KNOWN_ADVANTAGE = 4;
/** In seconds, spread so that those who were refused together do not come back together. */
const RETRY_AFTER: readonly string[] = ['2', '3', '4', '5', '6', '7', '8', '9'];

/**
 * Decides how much new work is let in when there is more than the server can do (RFC 6357). The share that is let in
 * follows what has come in the last tenth of a second beside what can be done: how busy the thread was, and by how much
 * the queue has grown. What belongs to a call or to a transaction that was let in is never refused.
 */
export class OverloadControl implements AsyncDisposable {
  readonly counters = {
    /** Requests that were refused, those of them that came again included. */
    refused: 0,
    /** How often it began. */
    begun: 0,
  };
  readonly #clock: Clock;
  readonly #load: () => Load;
  readonly #onPeriod: (() => void) | undefined;
  readonly #salt: number;
  /** Hashes of requests that were refused, so that what comes again is refused again, however the share has changed. */
  readonly #refused: Uint32Array;
  #settings: OverloadSettings | undefined;
  #timer: TimerHandle | undefined;
  #due = 0;
  #active = false;
  /** Whether anybody can be refused: always while active, and a while longer. */
  #watching = false;
  #share = 1;
  #strained = 0;
  #calm = 0;
  #refusedBefore = 0;
  /** How long messages waited in the last period, as far as anybody tells. */
  #queueMs = 0;
  #last: Measured = { busy: 0, ran: 0, waitedMs: 0, lost: 0 };

  constructor(options: OverloadOptions) {
    this.#clock = options.clock;
    this.#load = options.load;
    this.#onPeriod = options.onPeriod;
    this.#salt = options.ids.uint32();
    this.#refused = options.refusals?.refused ?? new Uint32Array(REMEMBERED);
    options.refusals?.hashWith(this.#salt);
    this.#settings = options.settings;
    this.#arm();
  }

  /** Whether new requests are being refused. */
  get active(): boolean {
    return this.#active;
  }

  /** The share of new requests that is let in, 0 to 1. */
  get share(): number {
    return this.#share;
  }

  /** What was measured last. */
  get load(): Measured {
    return this.#last;
  }

  /** Puts other settings in force. */
  update(settings: OverloadSettings | undefined): void {
    this.#settings = settings;
    if (settings) return;
    if (this.#active) this.#end();
    this.#forget();
  }

  /** @returns the value of Retry-After for a request that is refused; undefined for one that may come in */
  refusal(request: SipMessage): string | undefined {
    if (!this.#watching || request.hasToTag || isEmergency(request)) return undefined;
    // A client of RFC 2543 may have no branch (RFC 3261 §17.2.3).
    return this.#judge(request.topVia?.branch || request.callId, isKnown(request) ? KNOWN_ADVANTAGE : 1);
  }

  /** As {@link refusal}, of an INVITE outside of dialogs of which no more is known than its branch; not of a call for help. */
  refusalOfInvite(branch: string): string | undefined {
    return this.#watching ? this.#judge(branch, 1) : undefined;
  }

  /** @param advantage how much more readily it is let in than others */
  #judge(name: string, advantage: number): string | undefined {
    const hash = this.#hash(name);
    const slot = hash % this.#refused.length;
    if (this.#refused[slot] !== hash) {
      if (!this.#active || hash < this.#share * advantage * 2 ** 32) return undefined;
      this.#refused[slot] = hash;
    }
    this.counters.refused++;
    return RETRY_AFTER[hash % RETRY_AFTER.length];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#due = this.#clock.now() + PERIOD_MS;
    this.#timer = this.#clock.setTimer(PERIOD_MS, () => {
      this.#look();
      this.#onPeriod?.();
      this.#arm();
    });
  }

  #look(): void {
    const load = this.#load();
    const late = Math.max(0, this.#clock.now() - this.#due);
    this.#last = { ...load, waitedMs: Math.max(load.waitedMs ?? 0, late) };
    if (!this.#settings) return;
    const { targetDelayMs } = this.#settings;
    const strain = strainOf(this.#last, targetDelayMs);
    const waited = load.waitedMs ?? 0;
    if (waited > targetDelayMs && waited > this.#queueMs) this.#strained += OF_GROWING;
    else if (strain > 1 / MOST_BUSY) this.#strained += OF_WAITING;
    else if (strain > 1 && load.waitedMs === undefined) this.#strained += OF_BUSY;
    else this.#strained = 0;
    if (this.#active) {
      const grownMs = load.waitedMs === undefined ? undefined : load.waitedMs - this.#queueMs;
      this.#adapt(offered(this.#last, grownMs, PERIOD_MS + late), bearable(load.waitedMs, targetDelayMs));
    } else if (this.#strained >= TO_BEGIN) this.#begin(strain);
    else if (this.#watching && ++this.#calm > PERIODS_TO_FORGET) this.#forget();
    this.#queueMs = waited;
  }

  #begin(strain: number): void {
    this.#active = true;
    this.#watching = true;
    this.#calm = 0;
    this.#share = 1 / strain;
    this.counters.begun++;
    this.#refusedBefore = this.counters.refused;
    logLine('warn', 'overload', 'there is more to do than can be done: new requests are refused', {
      busy: percent(this.#last.busy),
      delayMs: Math.round(this.#last.waitedMs),
      lost: this.#last.lost,
    });
  }

  /** @param work what has come, @param room what may come: both in parts of what can be done */
  #adapt(work: number, room: number): void {
    const change = 1 + STEP * (room / Math.max(LEAST_USE, work) - 1);
    const share = this.#share * Math.min(GROWTH, Math.max(DECLINE, change));
    this.#share = Math.min(1, Math.max(LEAST_SHARE, share));
    this.#calm = this.#share === 1 && work <= room ? this.#calm + 1 : 0;
    if (this.#calm >= PERIODS_TO_END) this.#end();
  }

  #end(): void {
    this.#active = false;
    this.#share = 1;
    this.#calm = 0;
    logLine('info', 'overload', 'new requests are let in again', {
      refused: this.counters.refused - this.#refusedBefore,
    });
  }

  #forget(): void {
    this.#watching = false;
    this.#refused.fill(0);
  }

  /** The same for a request that comes again; nobody can choose it who does not know the salt. */
  #hash(text: string): number {
    let hash = this.#salt;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    // 0 is an empty slot.
    return (hash ^ (hash >>> 16)) >>> 0 || 1;
  }
}

/** Above 1 there is more to do than can be done. */
function strainOf(load: Measured, targetDelayMs: number): number {
  const { busy, waitedMs, lost } = load;
  const late = waitedMs > targetDelayMs ? waitedMs / targetDelayMs : 0;
  const lossy = lost > 0 && busy > BUSY ? LOSS_STRAIN : 0;
  return Math.min(MOST_STRAIN, Math.max(useOf(load) / MOST_BUSY, late, lossy, 1 / MOST_STRAIN));
}

/**
 * What has come in a period of `elapsedMs`, in parts of what can be done in it.
 * @param grownMs by how much longer messages wait than before; undefined where nobody tells
 */
function offered(load: Measured, grownMs: number | undefined, elapsedMs: number): number {
  const use = useOf(load);
  const lost = load.lost > 0 ? LOSS_STRAIN - 1 : 0;
  if (load.busy < NEVER_IDLE) return use + lost;
  if (grownMs === undefined) return use < NEVER_IDLE ? use : 1 + ASSUMED_EXCESS;
  return 1 + grownMs / elapsedMs + lost;
}

/**
 * What may come, so that messages wait as long as they should: less where a queue is to be worked off. A thread that is never
 * idle is none that has too much to do, as long as they wait for less.
 */
function bearable(waitedMs: number | undefined, targetDelayMs: number): number {
  if (waitedMs === undefined) return MOST_BUSY;
  return Math.max(LEAST_USE, 1 + (AIM * targetDelayMs - waitedMs) / WORKED_OFF_MS);
}

/** The part of the time in which the thread was at work. */
function useOf({ busy, ran }: Measured): number {
  return Math.min(busy, ran < STARVED ? ran : 1);
}

/** Who sends credentials has begun before; a question whether the server is there (OPTIONS) takes little. */
function isKnown(request: SipMessage): boolean {
  return request.method === 'OPTIONS' || (request.method === 'REGISTER' && request.has(H.Authorization));
}

/** A call for help (RFC 5031) is let in as long as anything is. */
function isEmergency({ requestUri }: SipMessage): boolean {
  return requestUri.startsWith('urn:') && requestUri.toLowerCase().startsWith('urn:service:sos');
}

function percent(share: number): number {
  return Math.round(share * 100);
}
