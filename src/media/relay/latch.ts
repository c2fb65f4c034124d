import { Cidr, PRIVATE_NETWORKS } from '../../base/ip.ts';
import { payloadStart, payloadType, sequenceNumber, ssrc } from '../../wire/rtp/rtp-header.ts';
import type { Endpoint } from './packet-path.ts';
import type { LearnSettings } from './relay-settings.ts';

/** `pass`: the party's own. `watch`: held back, for it may turn out to be. `refuse`: a stranger's, or broken. */
export type Verdict = 'pass' | 'watch' | 'refuse';

/** How good the reason is to believe a source: the better one wins while the window is open. */
const NOBODY = 0;
const OTHER_ADDRESS = 1;
const SIGNALLED_ADDRESS = 2;
const SIGNALLED = 3;

const NO_SSRC = -1;
/** After this long without the old SSRC, one packet time of slow senders, a new one may follow it. */
const SSRC_SILENCE_MS = 60;
const SSRC_PACKETS = 2;
/** A trial of a new SSRC that has not gone on for this long is over. */
const TRIAL_OVER_MS = 1000;
/** Packets closer than this count as one towards belief: a burst is not a stream. */
const PACE_MS = 5;
/** How many times a watched source must outnumber other strangers. */
const MAJORITY = 4;

const PRIVATE = PRIVATE_NETWORKS.map((text) => Cidr.parse(text)!);

/**
 * Who a side's party is: learns the source of its packets and locks on address, port and SSRC. The signalled address
 * and port are believed at once; another port of that address until the window closes, if the signalled one does not
 * show up; another address only after it was watched for a window, in which nothing of it passes and nothing is sent to
 * it. It is learned anew only after a command (an offer or answer) for the party, with the old source valid meanwhile.
 */
export class Latch {
  readonly #learn: LearnSettings;
  /** Payload types that either party's codecs allow (128 flags); undefined where no list was given. */
  types: Uint8Array | undefined;
  asymmetric = false;
  /** Grows when something changes that decides where packets go. */
  version = 0;
  #signalled: Endpoint | undefined;
  #signalledPrivate = false;
  #held = false;
  #source: Endpoint | undefined;
  #rank = NOBODY;
  #ssrc = NO_SSRC;
  #locked = false;
  #believedAt = 0;
  #believedPackets = 0;
  #heardAt = 0;
  /** Until when the same address may move to another port, or the same source to another SSRC. */
  #openUntil = Number.NEGATIVE_INFINITY;
  #former: Endpoint | undefined;
  #formerSsrc = NO_SSRC;
  #watched: Endpoint | undefined;
  #watchedSsrc = NO_SSRC;
  #watchedSequence = 0;
  #watchedPackets = 0;
  #watchedSince = 0;
  #watchedAt = 0;
  #otherStrangers = 0;
  #trialSsrc = NO_SSRC;
  #trialSequence = 0;
  #trialPackets = 0;
  #trialAt = 0;

  constructor(learn: LearnSettings) {
    this.#learn = learn;
  }

  /** As the party said last, hold apart. */
  get signalled(): Endpoint | undefined {
    return this.#signalled;
  }

  get held(): boolean {
    return this.#held;
  }

  /** The source that is believed to be the party. */
  get source(): Endpoint | undefined {
    return this.#source;
  }

  get ssrc(): number | undefined {
    return this.#ssrc === NO_SSRC ? undefined : this.#ssrc;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** Where packets for the party go now; undefined on hold, and where nothing is known. */
  get remote(): Endpoint | undefined {
    if (this.#held) return undefined;
    return this.asymmetric ? this.#signalled : (this.#source ?? this.#signalled);
  }

  /** Whether nothing is being learned, so that all else than this source and SSRC may be left to a fast rule's user. */
  settled(now: number): boolean {
    return this.#locked && this.#ssrc !== NO_SSRC && this.#trialPackets === 0 && now >= this.#openUntil;
  }

  /**
   * A command named the party's address. The same again lets its port and SSRC move for a window; another one is
   * learned from the beginning.
   * @param endpoint undefined for what says nothing; a null address puts on hold
   */
  signal(endpoint: Endpoint | undefined, now: number): void {
    if (!endpoint) return;
    this.version++;
    this.#held = isNullAddress(endpoint.address);
    if (this.#held) return;
    const again = this.#signalled !== undefined && sameEndpoint(this.#signalled, endpoint);
    this.#openUntil = now + this.#learn.windowMs;
    if (again) return;
    this.#signalled = endpoint;
    this.#signalledPrivate = PRIVATE.some((network) => network.contains(endpoint.address));
    this.#watched = undefined;
    if (!this.#source) return;
    if (sameEndpoint(this.#source, endpoint)) {
      this.#rank = SIGNALLED;
      this.#locked = true;
      return;
    }
    this.#former = this.#source;
    this.#formerSsrc = this.#ssrc;
    this.#source = undefined;
    this.#rank = NOBODY;
    this.#ssrc = NO_SSRC;
    this.#locked = false;
    this.#trialPackets = 0;
  }

  /** @param bytes of which the first twelve are there */
  rtp(bytes: Buffer, source: Endpoint, now: number): Verdict {
    if (payloadStart(bytes) < 0) return 'refuse';
    const id = ssrc(bytes);
    if (this.#source && sameEndpoint(this.#source, source)) return this.#fromParty(bytes, id, now);
    const rank = this.#rankOf(source);
    if (rank === SIGNALLED && this.#mayMoveTo(rank, now)) return this.#believe(source, rank, id, now);
    if (this.#former && sameEndpoint(this.#former, source)) return this.#fromFormer(source, rank, id, now);
    if (!this.#allows(payloadType(bytes))) return 'refuse';
    if (rank === SIGNALLED_ADDRESS)
      return this.#mayMoveTo(rank, now) ? this.#believe(source, rank, id, now) : 'refuse';
    if (rank !== OTHER_ADDRESS || this.#source || this.#held || !this.#learn.otherAddresses) return 'refuse';
    return this.#watch(bytes, source, id, now);
  }

  /**
   * What is no RTP: fax, keep-alives, STUN. It never brings in another address, and what it brings in gives way to RTP.
   */
  opaque(source: Endpoint, now: number): Verdict {
    if (this.#source && sameEndpoint(this.#source, source)) {
      this.#heardAt = now;
      return 'pass';
    }
    if (this.#former && sameEndpoint(this.#former, source)) return 'pass';
    const rank = this.#rankOf(source);
    if (rank < SIGNALLED_ADDRESS || this.#source) return 'refuse';
    return this.#believe(source, rank, NO_SSRC, now);
  }

  #fromParty(bytes: Buffer, id: number, now: number): Verdict {
    if (this.#ssrc === NO_SSRC) {
      this.#ssrc = id;
      this.version++;
    }
    if (id !== this.#ssrc) return this.#tryOut(bytes, id, now);
    if (this.#trialPackets > 0 && now - this.#trialAt >= TRIAL_OVER_MS) {
      this.#trialPackets = 0;
      this.version++;
    }
    this.#heardAt = now;
    if (!this.#locked) {
      this.#believedPackets++;
      if (this.#believedPackets >= this.#learn.packets || now - this.#believedAt >= this.#learn.windowMs) {
        this.#locked = true;
        this.#former = undefined;
        this.version++;
      }
    } else if (this.#openUntil !== Number.NEGATIVE_INFINITY && now >= this.#openUntil) {
      this.#openUntil = Number.NEGATIVE_INFINITY;
      this.version++;
    }
    return 'pass';
  }

  /** A new SSRC of the party: believed when it goes on in sequence and the old one has ceased. */
  #tryOut(bytes: Buffer, id: number, now: number): Verdict {
    const sequence = sequenceNumber(bytes);
    if (this.#trialPackets === 0) {
      // Meanwhile a fast rule took the old one's packets, so when it was heard last is not known.
      this.#heardAt = now;
      this.version++;
    }
    const goesOn =
      this.#trialPackets > 0 && id === this.#trialSsrc && sequence === ((this.#trialSequence + 1) & 0xffff);
    this.#trialPackets = goesOn ? this.#trialPackets + 1 : 1;
    this.#trialSsrc = id;
    this.#trialSequence = sequence;
    this.#trialAt = now;
    const ceased = now - this.#heardAt >= SSRC_SILENCE_MS || now < this.#openUntil;
    if (this.#trialPackets < SSRC_PACKETS || !ceased) return 'watch';
    this.#ssrc = id;
    this.#trialPackets = 0;
    this.#heardAt = now;
    this.version++;
    return 'pass';
  }

  /** The source before the last offer or answer stays valid until the new one comes, and afterwards if none does. */
  #fromFormer(source: Endpoint, rank: number, id: number, now: number): Verdict {
    if (id !== this.#formerSsrc && this.#formerSsrc !== NO_SSRC) return 'refuse';
    if (!this.#source && now >= this.#openUntil) return this.#believe(source, rank, id, now);
    this.#heardAt = now;
    return 'pass';
  }

  #rankOf(source: Endpoint): number {
    const signalled = this.#signalled;
    if (!signalled || source.address !== signalled.address) return OTHER_ADDRESS;
    return source.port === signalled.port ? SIGNALLED : SIGNALLED_ADDRESS;
  }

  #mayMoveTo(rank: number, now: number): boolean {
    if (this.#ssrc === NO_SSRC || this.#rank === OTHER_ADDRESS) return true;
    if (!this.#locked) return rank > this.#rank;
    return now < this.#openUntil && now - this.#heardAt >= SSRC_SILENCE_MS;
  }

  #allows(type: number): boolean {
    return this.types ? this.types[type] === 1 : type < 64 || type > 95;
  }

  #watch(bytes: Buffer, source: Endpoint, id: number, now: number): Verdict {
    const { windowMs, packets } = this.#learn;
    if (this.#former && now - this.#heardAt < windowMs) return 'watch';
    const sequence = sequenceNumber(bytes);
    const watched = this.#watched;
    if (watched && now - this.#watchedAt < windowMs) {
      if (!sameEndpoint(watched, source) || id !== this.#watchedSsrc) {
        this.#otherStrangers++;
        // Whoever is watched and does not prevail makes room for another.
        if (now - this.#watchedSince >= windowMs && !this.#prevails()) this.#watched = undefined;
        return 'watch';
      }
      if (now - this.#watchedAt >= PACE_MS && ((sequence - this.#watchedSequence) & 0xffff) < 0x8000) {
        this.#watchedPackets++;
        this.#watchedSequence = sequence;
        this.#watchedAt = now;
      }
      const quick = (!this.#signalled || this.#signalledPrivate) && this.#otherStrangers === 0;
      const whole = now - this.#watchedSince >= windowMs;
      if (this.#watchedPackets < packets || !(quick || whole)) return 'watch';
      if (this.#prevails()) return this.#believe(source, OTHER_ADDRESS, id, now);
    }
    this.#watched = { address: source.address, port: source.port };
    this.#watchedSsrc = id;
    this.#watchedSequence = sequence;
    this.#watchedPackets = 1;
    this.#watchedSince = now;
    this.#watchedAt = now;
    this.#otherStrangers = 0;
    return 'watch';
  }

  #prevails(): boolean {
    return this.#watchedPackets >= MAJORITY * this.#otherStrangers;
  }

  #believe(source: Endpoint, rank: number, id: number, now: number): Verdict {
    this.#source = { address: source.address, port: source.port };
    this.#rank = rank;
    this.#ssrc = id;
    this.#locked = rank !== SIGNALLED_ADDRESS;
    this.#believedAt = now;
    this.#believedPackets = 1;
    this.#heardAt = now;
    this.#watched = undefined;
    this.#trialPackets = 0;
    if (this.#locked) this.#former = undefined;
    this.version++;
    return 'pass';
  }
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

export function isNullAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
