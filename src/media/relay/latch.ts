import { Cidr, PRIVATE_NETWORKS } from '../../base/ip.ts';
import { payloadType, sequenceNumber, ssrc } from '../../wire/rtp/rtp-header.ts';
import { isNullAddress, sameEndpoint } from './endpoint.ts';
import type { Endpoint } from './packet-path.ts';
import type { LearnSettings } from './relay-settings.ts';
import { SsrcTrial } from './ssrc-trial.ts';
import { Watch } from './watch.ts';

/** `pass`: the party's own. `watch`: held back, for it may turn out to be. `refuse`: a stranger's. */
export type Verdict = 'pass' | 'watch' | 'refuse';

/** How good the reason is to believe a source: while it is being learned, the better one wins. */
const NOBODY = 0;
const OTHER_ADDRESS = 1;
const SIGNALLED_ADDRESS = 2;
const SIGNALLED = 3;

const NO_SSRC = -1;
/** Silence after which the same address may have moved to another port: with its SSRC, and without. */
const MOVED_SILENCE_MS = 60;
const REPLACED_SILENCE_MS = 500;

const PRIVATE = PRIVATE_NETWORKS.map((text) => Cidr.parse(text)!);

/**
 * Who a side's party is: learns the source of its packets and locks on address, port and SSRC. The signalled address
 * and port are believed at once; another port of that address until the window closes, if the signalled one does not
 * show up; another address only after it was watched for a window, in which nothing of it passes and nothing is sent to
 * it, and nobody before an address was signalled. It is learned anew only after a command (an offer or answer) for the party, with the old source valid meanwhile.
 */
export class Latch {
  /** Payload types by which a source that was not signalled may come in (128 flags); undefined for all of RTP's. */
  types: Uint8Array | undefined;
  /** The party sends from elsewhere than it listens: what is sent to it goes where it was signalled. */
  asymmetric = false;
  /** Grows when something changes that decides where packets go. */
  version = 0;
  readonly #learn: LearnSettings;
  readonly #watch: Watch;
  readonly #trial = new SsrcTrial();
  #signalled: Endpoint | undefined;
  #held = false;
  #source: Endpoint | undefined;
  #rank = NOBODY;
  #ssrc = NO_SSRC;
  #locked = false;
  #believedAt = 0;
  #believedPackets = 0;
  #heardAt = 0;
  /** Until when the same address may move to another port, and the same source to another SSRC. */
  #openUntil = Number.NEGATIVE_INFINITY;
  /** The source before the last change of the signalled address, until there is a new one. */
  #former: Endpoint | undefined;
  #formerSsrc = NO_SSRC;
  /** Whether it is a NAT's, behind which the signalled port is out of reach. */
  #formerIsMapped = false;

  constructor(learn: LearnSettings) {
    this.#learn = learn;
    this.#watch = new Watch(learn);
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
    if (this.asymmetric) return this.#signalled;
    return this.#source ?? (this.#formerIsMapped ? this.#former : this.#signalled);
  }

  /** Whether nothing is being learned, so that all but this source and SSRC may be left to whom they do not concern. */
  settled(now: number): boolean {
    return this.#locked && this.#ssrc !== NO_SSRC && !this.#trial.active && now >= this.#openUntil;
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
    if (this.#source) this.#openUntil = now + this.#learn.windowMs;
    if (this.#signalled && sameEndpoint(this.#signalled, endpoint)) return;
    this.#signalled = endpoint;
    this.#watch.reset(PRIVATE.some((network) => network.contains(endpoint.address)));
    const source = this.#source;
    if (!source) return;
    if (sameEndpoint(source, endpoint)) {
      this.#rank = SIGNALLED;
      this.#locked = true;
    } else this.#relearn(source, endpoint);
  }

  /** @param bytes a whole RTP header */
  rtp(bytes: Buffer, source: Endpoint, now: number): Verdict {
    const id = ssrc(bytes);
    if (this.#source && sameEndpoint(this.#source, source)) return this.#fromParty(bytes, id, now);
    const rank = this.#rankOf(source);
    if (rank === SIGNALLED && this.#mayMoveTo(rank, id, now)) return this.#believe(source, rank, id, now);
    if (this.#isFormer(source, id)) return this.#fromFormer(source, rank, id, now);
    if (!this.#allows(payloadType(bytes))) return 'refuse';
    if (rank >= SIGNALLED_ADDRESS)
      return this.#mayMoveTo(rank, id, now) ? this.#believe(source, rank, id, now) : 'refuse';
    if (this.#source || this.#held || !this.#learn.otherAddresses) return 'refuse';
    // Before an answer says where the party is, nobody can be told from it: what it sends early is not worth a stranger.
    if (!this.#signalled) return 'watch';
    if (this.#former && now - this.#heardAt < this.#learn.windowMs) return 'watch';
    if (!this.#watch.see(source, id, sequenceNumber(bytes), now)) return 'watch';
    return this.#believe(source, rank, id, now);
  }

  /**
   * What is no RTP: fax, keep-alives, STUN, RTCP on RTP's port. It never brings in another address, and what it brings
   * in gives way to RTP.
   */
  opaque(source: Endpoint, now: number): Verdict {
    if (this.#source && sameEndpoint(this.#source, source)) {
      this.#lockInTime(now);
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
    if (id === this.#ssrc) {
      if (this.#trial.endedBy(now)) this.version++;
      this.#heardAt = now;
      this.#lockInTime(now);
      return 'pass';
    }
    if (!this.#trial.active) {
      // A fast rule took the old one's packets so far, so when it was heard last is not known.
      this.#heardAt = now;
      this.version++;
    }
    if (!this.#trial.goesOn(id, sequenceNumber(bytes), now, this.#heardAt, now < this.#openUntil))
      return 'watch';
    this.#ssrc = id;
    this.#heardAt = now;
    this.version++;
    return 'pass';
  }

  #lockInTime(now: number): void {
    if (!this.#locked) {
      this.#believedPackets++;
      const { packets, windowMs } = this.#learn;
      if (this.#believedPackets < packets && now - this.#believedAt < windowMs) return;
      this.#locked = true;
      this.#forgetFormer();
      this.version++;
    } else if (this.#openUntil !== Number.NEGATIVE_INFINITY && now >= this.#openUntil) {
      this.#openUntil = Number.NEGATIVE_INFINITY;
      this.version++;
    }
  }

  /** The source before stays valid until the new one comes, and afterwards if none does. */
  #fromFormer(source: Endpoint, rank: number, id: number, now: number): Verdict {
    if (!this.#source && now >= this.#openUntil) return this.#believe(source, rank, id, now);
    if (!this.#source) this.#heardAt = now;
    return 'pass';
  }

  #isFormer(source: Endpoint, id: number): boolean {
    if (!this.#former || !sameEndpoint(this.#former, source)) return false;
    return this.#formerSsrc === NO_SSRC || this.#formerSsrc === id;
  }

  #relearn(source: Endpoint, { address }: Endpoint): void {
    this.#former = source;
    this.#formerSsrc = this.#ssrc;
    this.#formerIsMapped = this.#rank === SIGNALLED_ADDRESS && source.address === address;
    this.#source = undefined;
    this.#rank = NOBODY;
    this.#ssrc = NO_SSRC;
    this.#locked = false;
    this.#trial.reset();
  }

  #rankOf(source: Endpoint): number {
    const signalled = this.#signalled;
    if (!signalled || source.address !== signalled.address) return OTHER_ADDRESS;
    return source.port === signalled.port ? SIGNALLED : SIGNALLED_ADDRESS;
  }

  #mayMoveTo(rank: number, id: number, now: number): boolean {
    if (this.#ssrc === NO_SSRC || this.#rank === OTHER_ADDRESS) return true;
    if (!this.#locked && rank > this.#rank) return true;
    const silence = id === this.#ssrc ? MOVED_SILENCE_MS : REPLACED_SILENCE_MS;
    return now < this.#openUntil && now - this.#heardAt >= silence;
  }

  #allows(type: number): boolean {
    // Those between would look like RTCP with a marker (RFC 5761 §4).
    return this.types ? this.types[type] === 1 : type < 64 || type > 95;
  }

  #believe(source: Endpoint, rank: number, id: number, now: number): Verdict {
    this.#source = { address: source.address, port: source.port };
    this.#rank = rank;
    this.#ssrc = id;
    this.#locked = rank !== SIGNALLED_ADDRESS;
    this.#believedAt = now;
    this.#believedPackets = 1;
    this.#heardAt = now;
    this.#watch.forget();
    this.#trial.reset();
    if (this.#locked) this.#forgetFormer();
    this.version++;
    return 'pass';
  }

  #forgetFormer(): void {
    this.#former = undefined;
    this.#formerIsMapped = false;
  }
}
