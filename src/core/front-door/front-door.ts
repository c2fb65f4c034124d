import type { Advertise } from '../../advertise/advertise.ts';
import { DIALOG_PROOF_PARAM } from '../../advertise/route-tag.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';
import { sourceNetwork } from '../../base/ip.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { Flow } from '../../net/flow.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { invite } from '../../wire/sip/plain-invite.ts';
import { byteString } from '../../wire/sip/text.ts';
import type { Uri } from '../../wire/sip/uri.ts';
import {
  DEFAULT_MESSAGE_LIMITS,
  judge,
  judgeHops,
  judgeProxyRequire,
  type MessageLimits,
  type Verdict,
} from '../../wire/sip/verdict.ts';
import { recogniseUri } from '../proxy/loose-route.ts';
import { DEFAULT_SCANNERS, isScanner, isScannersName } from './scanners.ts';

/** What is let in; plain data. */
export interface FrontDoorSettings {
  /** Beginnings or parts of User-Agent values, in any case, whose requests are dropped without a word. */
  readonly scanners: readonly string[];
  /** Requests a source may send, each for every 4096 bytes begun; undefined for no limit. */
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Whether addresses of the inside networks are free of the rate limit. */
  readonly trustInside: boolean;
  readonly limits: MessageLimits;
}

export const DEFAULT_FRONT_DOOR: FrontDoorSettings = {
  scanners: DEFAULT_SCANNERS,
  // A carrier sends hundreds of requests from one address; a flood sends thousands.
  rate: { perSecond: 500, burst: 2000 },
  trustInside: true,
  limits: DEFAULT_MESSAGE_LIMITS,
};

export interface FrontDoorOptions {
  readonly clock: Clock;
  readonly advertise: Advertise;
  readonly settings: FrontDoorSettings;
}

/** Why a request does not get in: an answer to give, or none. */
export type Refusal =
  | { readonly kind: 'drop'; readonly reason: string }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason: string;
      readonly headers: readonly (readonly [number | string, string])[];
    };

/** How many requests were turned away, by cause. */
export interface FrontDoorCounters {
  scanners: number;
  flooded: number;
  malformed: number;
  tooManyHops: number;
  relayRefused: number;
}

/** Extensions that a proxy would have to know of; this one knows none. */
const PROXY_EXTENSIONS: ReadonlySet<string> = new Set();
const TRACKED_SOURCES = 65_536;
/** What a large message costs to read and to answer grows with its size. */
const COST_SHIFT = 12;
const DROP_SCANNER: Refusal = Object.freeze({ kind: 'drop', reason: 'scanner' });
const DROP_FLOOD: Refusal = Object.freeze({ kind: 'drop', reason: 'flood' });
const DROP_FORGED: Refusal = Object.freeze({ kind: 'drop', reason: 'ACK of no dialog' });
const REFUSE_RELAY: Refusal = Object.freeze({
  kind: 'answer',
  status: 403,
  reason: 'Route Is Not Ours',
  headers: [],
});

/** What every request passes before any script sees it. */
export class FrontDoor {
  readonly counters: FrontDoorCounters = {
    scanners: 0,
    flooded: 0,
    malformed: 0,
    tooManyHops: 0,
    relayRefused: 0,
  };
  readonly #clock: Clock;
  readonly #advertise: Advertise;
  #settings: FrontDoorSettings;
  #scanners: readonly string[];
  // A forged flood of many sources pushes out the oldest, which then start with a full bucket: it can make the limit
  // laxer, never lock anybody out.
  readonly #buckets = new BoundedMap<string, TokenBucket>(TRACKED_SOURCES, 'drop-oldest');

  constructor(options: FrontDoorOptions) {
    this.#clock = options.clock;
    this.#advertise = options.advertise;
    this.#settings = options.settings;
    this.#scanners = options.settings.scanners.map((name) => name.toLowerCase());
  }

  get settings(): FrontDoorSettings {
    return this.#settings;
  }

  /** Puts other settings in force; sources start with full buckets. */
  update(settings: FrontDoorSettings): void {
    this.#settings = settings;
    this.#scanners = settings.scanners.map((name) => name.toLowerCase());
    this.#buckets.clear();
  }

  /** @returns undefined for a request that may come in */
  admit(request: SipMessage, flow: Flow): Refusal | undefined {
    if (isScanner(request, this.#scanners)) {
      this.counters.scanners++;
      return DROP_SCANNER;
    }
    if (this.#isFlooding(request.bytes, flow)) return DROP_FLOOD;
    const broken = this.#malformed(request);
    if (broken) return broken;
    const hops = this.#hops(request);
    if (hops) return hops;
    if (!request.has(H.Route)) return undefined;
    const refused = request.hasToTag ? this.#isForged(request, flow) : this.#isForeignRoute(request);
    if (!refused) return undefined;
    this.counters.relayRefused++;
    return REFUSE_RELAY;
  }

  /**
   * As {@link admit}, for a program that counts hops and judges Routes itself: only scanners, floods and what is broken are
   * turned away.
   */
  admitScripted(request: SipMessage, flow: Flow): Refusal | undefined {
    if (isScanner(request, this.#scanners)) {
      this.counters.scanners++;
      return DROP_SCANNER;
    }
    return this.#isFlooding(request.bytes, flow) ? DROP_FLOOD : this.#malformed(request);
  }

  /** Whether a request that is turned away for other reasons gets no answer either; it is counted as by {@link admit}. */
  ignores(request: SipMessage, flow: Flow): boolean {
    if (!isScanner(request, this.#scanners)) return this.#isFlooding(request.bytes, flow);
    this.counters.scanners++;
    return true;
  }

  /** As {@link ignores}, of an INVITE by datagram of which `scanInvite` has found the parts. */
  ignoresInvite(bytes: Buffer, flow: Flow): boolean {
    const { start, value, end } = invite.userAgent;
    if (start < 0 || !isScannersName(byteString(bytes, value, end), this.#scanners)) {
      return this.#isFlooding(bytes, flow);
    }
    this.counters.scanners++;
    return true;
  }

  /**
   * Takes from the limit of a source beforehand.
   * @returns how many small requests of it need not be counted any more, `most` at the most; Infinity where it has no limit
   */
  allowance(address: string, most: number): number {
    const bucket = this.#bucket(address);
    if (!bucket) return Infinity;
    let taken = 0;
    while (taken < most && bucket.take()) taken++;
    return taken;
  }

  /** As {@link admit}, for an ACK: it is passed on or dropped, for nobody answers it. */
  admitAck(ack: SipMessage, flow: Flow): Refusal | undefined {
    if (this.#isFlooding(ack.bytes, flow)) return DROP_FLOOD;
    const broken = this.#malformed(ack);
    if (broken) return broken;
    if (!ack.has(H.Route) || !this.#isForged(ack, flow)) return undefined;
    this.counters.relayRefused++;
    return DROP_FORGED;
  }

  /** As {@link admit}, for a CANCEL: it ends here, so where it is routed does not matter. */
  admitCancel(cancel: SipMessage, flow: Flow): Refusal | undefined {
    return this.#isFlooding(cancel.bytes, flow) ? DROP_FLOOD : this.#malformed(cancel);
  }

  #malformed(request: SipMessage): Refusal | undefined {
    const fault = judge(request, this.#settings.limits) ?? judgeProxy(request);
    if (!fault) return undefined;
    this.counters.malformed++;
    return fault.answer ? { kind: 'answer', ...fault } : { kind: 'drop', reason: fault.reason };
  }

  /** Counts a message against the limit of its source. @returns true where it is over it */
  #isFlooding(bytes: Buffer, flow: Flow): boolean {
    const bucket = this.#bucket(flow.remoteAddress);
    if (!bucket || bucket.take(1 + (bytes.length >> COST_SHIFT))) return false;
    this.counters.flooded++;
    return true;
  }

  /** @returns undefined for a source without a limit */
  #bucket(address: string): TokenBucket | undefined {
    const { rate, trustInside } = this.#settings;
    if (!rate || (trustInside && this.#advertise.networks.isInside(address))) return undefined;
    const source = sourceNetwork(address);
    let bucket = this.#buckets.get(source);
    if (!bucket) {
      bucket = new TokenBucket(this.#clock, rate.perSecond, rate.burst);
      this.#buckets.set(source, bucket);
    }
    return bucket;
  }

  /** OPTIONS and REGISTER that are for this server itself end here, however few hops are left (RFC 3261 §16.3 step 3). */
  #hops(request: SipMessage): Refusal | undefined {
    const fault = judgeHops(request);
    if (!fault) return undefined;
    const endsHere = request.method === 'OPTIONS' || request.method === 'REGISTER';
    if (endsHere && request.uri?.user === undefined && recogniseUri(request.uri, this.#advertise.own).own) {
      return undefined;
    }
    this.counters.tooManyHops++;
    return fault.answer ? { kind: 'answer', ...fault } : { kind: 'drop', reason: fault.reason };
  }

  /**
   * A request that begins a dialog may name this server in its Route (an outbound proxy set in a phone), and nobody
   * else: whoever wrote another one wants us for an open relay.
   */
  #isForeignRoute(request: SipMessage): boolean {
    const { own } = this.#advertise;
    return request.elements(H.Route).some(({ address }) => !recogniseUri(address?.uri, own).own);
  }

  /**
   * A To tag and a Route with our address are quickly written, and would lead past every script; a Route that was printed
   * in another call is quickly copied. So one of the Routes, or a strict router's Request-URI, must bear the proof that
   * its dialog began by way of this server. Neighbours of the inside are taken at their word.
   */
  #isForged(request: SipMessage, flow: Flow): boolean {
    const { own, networks, tags, settings } = this.#advertise;
    if (settings.compatibility === 'opensips') return false;
    if (this.#settings.trustInside && networks.isInside(flow.remoteAddress)) return false;
    const proof = tags.proofOf(request.callId);
    const proves = (uri: Uri | undefined): boolean =>
      uri?.param(DIALOG_PROOF_PARAM) === proof && recogniseUri(uri, own).own;
    return !proves(request.uri) && !request.elements(H.Route).some(({ address }) => proves(address?.uri));
  }
}

/** A registrar is no proxy: what it must know stands in Require (RFC 3261 §10.2). */
function judgeProxy(request: SipMessage): Verdict | undefined {
  return request.method === 'REGISTER' ? undefined : judgeProxyRequire(request, PROXY_EXTENSIONS);
}
