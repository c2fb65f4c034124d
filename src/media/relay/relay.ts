import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import { RtpproxyError, type RtpproxyErrorCode } from '../../wire/rtpproxy/error-code.ts';
import { isNullAddress } from './endpoint.ts';
import { LocalAddresses } from './local-addresses.ts';
import { MediaSession } from './media-session.ts';
import { MediaStream } from './media-stream.ts';
import { OwnPorts } from './own-ports.ts';
import type { Endpoint, PacketPath, PortPair } from './packet-path.ts';
import { PortPool } from './port-pool.ts';
import { RelayCounters, type RelayTotals } from './relay-counters.ts';
import type { MediaAddress, RelaySettings } from './relay-settings.ts';
import { SessionTable } from './session-table.ts';
import { endOfSilence } from './silence.ts';
import type { StreamSide } from './stream-side.ts';
import type { Found, StreamKey, UpdateAnswer, UpdateQuestion } from './update.ts';

/** How often sessions are looked through for silence. */
const SWEEP_MS = 1000;

/** What a relay tells whoever runs it. */
export interface RelayUser {
  /** No packets for too long: the session is over, and its `notify` may be told. */
  timedOut(session: MediaSession): void;
}

export interface RelayOptions {
  /** The relay's own from now on. */
  readonly path: PacketPath;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  readonly settings: RelaySettings;
  readonly user: RelayUser;
}

/** Relays media between the two parties of sessions, as commanded. */
export class Relay implements AsyncDisposable {
  readonly settings: RelaySettings;
  readonly pool: PortPool;
  readonly counters: RelayCounters = new RelayCounters();
  readonly #path: PacketPath;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #user: RelayUser;
  readonly #addresses: LocalAddresses;
  readonly #sessions = new SessionTable();
  readonly #ownPorts = new OwnPorts();
  readonly #sweeper = new WheelTimer(() => this.#sweep());
  #refusesNew = false;

  /** @throws ServerError CFG_INVALID for ports without a pair among them */
  constructor({ path, clock, wheel, ids, settings, user }: RelayOptions) {
    this.settings = settings;
    this.#path = path;
    this.#clock = clock;
    this.#wheel = wheel;
    this.#user = user;
    this.#addresses = new LocalAddresses(settings.addresses);
    this.pool = new PortPool(path, settings, clock, wheel, ids);
  }

  get sessions(): Iterable<MediaSession> {
    return this.#sessions;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** What packets did since the start; walks through all media. */
  totals(): RelayTotals {
    return this.counters.totals(this.#streams());
  }

  /** From now on no session is made any more; those that are there go on (rtpproxy's slow shutdown). */
  refuseNew(): void {
    this.#refusesNew = true;
  }

  /**
   * Executes `U` and `L`: finds or makes the medium, opens the side that is answered, and notes where the command's
   * party receives. The same command again changes nothing and has the same answer.
   */
  async update(question: UpdateQuestion): Promise<UpdateAnswer> {
    const named = await this.#addresses.named(question.modifiers);
    if (typeof named === 'number') return refusal(named);
    // A medium that is refused has port 0 (RFC 3264 §6): that says nothing of where anybody receives.
    const remote = question.remote?.port ? canonical(question.remote) : undefined;
    if (remote && ipFamily(remote.address) === 0) return refusal(RtpproxyError.MediaAddress);
    const target = this.#findOrMake(question, named, remote);
    if (typeof target === 'number') return refusal(target);
    const { side, created } = target;
    let refused: RtpproxyErrorCode | undefined;
    // rtpproxy tells the two apart.
    if (!(await this.#open(side, question, named)))
      refused = created ? RtpproxyError.NoSecondListener : RtpproxyError.NoListener;
    else if (remote && !this.#reaches(remote, side.other)) refused = RtpproxyError.MediaAddress;
    if (refused !== undefined) {
      if (created) this.#endStream(side.stream);
      return refusal(refused);
    }
    this.#note(question, side, remote, created);
    const { address } = side;
    return {
      ok: true,
      session: side.stream.session,
      side,
      port: side.ports!.rtp.port,
      address: address.advertised ?? (isNullAddress(address.address) ? undefined : address.address),
      created,
    };
  }

  /** @returns what a command means: with `media` one side at most of each session, without all of them */
  find({ callId, fromTag, toTag, media }: StreamKey): Found[] {
    return this.#sessions.find(callId, fromTag, toTag).flatMap((session) => {
      const index = session.indexOf(fromTag, toTag)!;
      const streams = [...session.streams.values()].filter(
        (stream) => (media ?? stream.media) === stream.media,
      );
      return streams.map((stream) => ({ session, side: stream.sides[index] }));
    });
  }

  /**
   * Takes the strong mark off, or with `weak` one of the weak ones, and ends what no mark holds any more.
   * @returns false where nothing is meant
   */
  delete(key: StreamKey, weak = false): boolean {
    const found = this.find(key);
    for (const { side } of found) {
      const { stream } = side;
      // rtpproxy counts the other way round here.
      if (weak) stream.weak[side.other.index] = false;
      else stream.strong = false;
      if (!stream.strong && !stream.weak[0] && !stream.weak[1]) this.#endStream(stream);
    }
    return found.length > 0;
  }

  deleteAll(): void {
    for (const session of this.#sessions) this.#end(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refusesNew = true;
    this.deleteAll();
    this.#wheel.cancel(this.#sweeper);
    this.pool.close();
    await this.#path[Symbol.asyncDispose]();
  }

  *#streams(): Generator<MediaStream> {
    for (const { streams } of this.#sessions) yield* streams.values();
  }

  #findOrMake(
    question: UpdateQuestion,
    named: MediaAddress | undefined,
    remote: Endpoint | undefined,
  ): { side: StreamSide; created: boolean } | RtpproxyErrorCode {
    const { callId, fromTag, toTag, create, media = 1 } = question;
    const meant = this.#sessions.find(callId, fromTag, toTag);
    const session = meant.find(({ streams }) => streams.has(media)) ?? meant[0];
    const index = session?.indexOf(fromTag, toTag) ?? 0;
    const stream = session?.streams.get(media);
    // The answer to an offer speaks for the other party, so its port is the other one.
    if (stream) return { side: stream.sides[create ? index : index === 0 ? 1 : 0], created: false };
    if (!create) return RtpproxyError.UnknownSession;
    if (this.#refusesNew) return RtpproxyError.ShuttingDown;
    const full = session
      ? session.streams.size >= this.settings.maxMedia
      : this.#sessions.size >= this.settings.maxSessions;
    if (full) {
      this.counters.refused++;
      return RtpproxyError.Overload;
    }
    const pair = this.#addresses.choose(question.modifiers, named, remote);
    if (typeof pair === 'number') return pair;
    const addresses = [pair.answered, pair.facing] as const;
    const owner = session ?? this.#makeSession(callId, fromTag);
    const made = new MediaStream(
      owner,
      media,
      index === 0 ? addresses : [addresses[1], addresses[0]],
      this.settings.learn,
      this.#clock,
    );
    owner.streams.set(media, made);
    this.counters.created++;
    return { side: made.sides[index], created: true };
  }

  #makeSession(callId: string, fromTag: string): MediaSession {
    const session = new MediaSession(callId, fromTag, this.#clock.wallNow(), this.#clock.now());
    this.#sessions.add(session);
    this.#wheel.armBy(this.#sweeper, this.#clock.now() + SWEEP_MS);
    return session;
  }

  /** Opens the side that is answered, or opens it anew. @returns whether it has the port that was asked for */
  async #open(
    side: StreamSide,
    { modifiers }: UpdateQuestion,
    named: MediaAddress | undefined,
  ): Promise<boolean> {
    if (side.ports && !modifiers.newPort) return true;
    const first = side.ports === undefined;
    const bridged = modifiers.newPort ? this.#addresses.answeredBy(modifiers) : undefined;
    const address = named ?? bridged ?? side.address;
    const taken = side.opening ?? this.pool.take(address.address);
    side.opening = taken;
    const ports = await taken;
    if (side.opening === taken) {
      side.opening = undefined;
      if (ports && side.stream.ended) this.pool.giveBack(address.address, ports);
      else if (ports) {
        this.#release(side, ports);
        side.address = address;
        this.#ownPorts.add(side);
        if (side.stream.complete && first) this.counters.complete++;
        side.stream.arrange();
      }
    }
    return ports !== undefined && side.ports !== undefined;
  }

  #note(question: UpdateQuestion, side: StreamSide, remote: Endpoint | undefined, created: boolean): void {
    const { modifiers, create } = question;
    const { stream } = side;
    const { session } = stream;
    const party = side.other;
    if (modifiers.weak) stream.weak[side.index] = true;
    else if (create || created) stream.strong = true;
    if (create) session.notify = question.notify;
    session.toTag ??= question.fromTag === session.fromTag ? question.toTag : question.fromTag;
    session.touchedAt = this.#clock.now();
    session.checkAt = 0;
    party.codecs = modifiers.codecs;
    side.packetTime = modifiers.packetTime;
    stream.allowTypes();
    party.signal(remote, modifiers.asymmetric ?? this.settings.asymmetric);
    stream.arrange();
  }

  #end(session: MediaSession): void {
    for (const stream of session.streams.values()) this.#endStream(stream);
  }

  #endStream(stream: MediaStream): void {
    const { session } = stream;
    if (stream.ended) return;
    stream.ended = true;
    session.streams.delete(stream.media);
    if (session.streams.size === 0) {
      session.ended = true;
      this.#sessions.remove(session);
    }
    this.counters.ended(stream, this.#clock.now());
    for (const side of stream.sides) {
      side.close();
      this.#release(side, undefined);
    }
  }

  #release(side: StreamSide, next: PortPair | undefined): void {
    const before = side.open(next);
    if (!before) return;
    this.#ownPorts.remove(side, before.rtp.port);
    this.pool.giveBack(side.address.address, before);
  }

  /** Whether a side can send there, and may. */
  #reaches(remote: Endpoint, side: StreamSide): boolean {
    if (isNullAddress(remote.address)) return true;
    return (
      ipFamily(remote.address) === ipFamily(side.address.address) && !this.#ownPorts.leadsBack(side, remote)
    );
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const session of this.#sessions) {
      if (session.checkAt > now) continue;
      session.checkAt = endOfSilence(session, this.settings);
      if (session.checkAt > now) continue;
      this.counters.timedOut += session.streams.size;
      this.#end(session);
      this.#user.timedOut(session);
    }
    if (this.#sessions.size > 0) this.#wheel.arm(this.#sweeper, SWEEP_MS);
  }
}

function refusal(error: RtpproxyErrorCode): UpdateAnswer {
  return { ok: false, error };
}

function canonical({ address, port }: Endpoint): Endpoint {
  return { address: canonicalHost(address), port };
}
