import type { Networks } from '../../advertise/networks.ts';
import { type IpFamily, ipFamily } from '../../base/ip.ts';
import type { MediaKey, MediaParty, MediaResult } from '../../media/control/media-control.ts';
import type { MediaFlags } from '../../media/control/media-flags.ts';
import { described, isReachable } from './described.ts';
import { otherParty, type Party, type SdpRole } from './offer-answer.ts';
import type { RelaySet } from './relay-sets.ts';

/** The names by which a relay knows a session. */
export interface SessionNames {
  readonly callId: string;
  readonly caller: string;
  /** Not known before the callee has answered. */
  callee: string | undefined;
  /** What the relay calls it when it has something to tell. */
  readonly tag: string;
}

/** A description on its way through this server. */
export interface Description {
  readonly sdp: string;
  /** IP address that its message came from. */
  readonly source: string;
  /** IP address of whoever reads it, as far as that is known before it is sent. */
  readonly reader: string | undefined;
  /** Which exchange it belongs to: of a message that comes again, the same description is not relayed anew. */
  readonly exchange: string;
}

/** What is known of one party. */
interface Known {
  /** Its last description that was answered, or answers. */
  agreed: string | undefined;
  /** Its last description of all. */
  latest: string | undefined;
  source: string | undefined;
  /** The last description and what became of it. */
  relayed:
    | { readonly exchange: string; readonly sdp: string; readonly result: Promise<MediaResult> }
    | undefined;
}

/** One session at a relay: the media of a dialog, or of a branch that may become one. */
export class AnchoredSession {
  readonly names: SessionNames;
  readonly #flags: MediaFlags;
  readonly #networks: () => Networks;
  readonly #pin: string | undefined;
  readonly #known: Readonly<Record<Party, Known>> = { caller: unknown(), callee: unknown() };
  readonly #relay: RelaySet;
  /** Who made the first offer: the relay knows the session by that party's tag. */
  #maker: Party | undefined;
  #node: string | undefined;
  #mediaCount = 1;
  #deleted = false;

  /**
   * @param pin the one relay of those that may have it
   * @param flags what holds for all descriptions; whether their addresses are trusted is found out where it is left open
   */
  constructor(
    names: SessionNames,
    relay: RelaySet,
    pin: string | undefined,
    flags: MediaFlags,
    networks: () => Networks,
  ) {
    this.names = names;
    this.#relay = relay;
    this.#pin = pin;
    this.#flags = flags;
    this.#networks = networks;
  }

  get relay(): RelaySet {
    return this.#relay;
  }

  /** The relay that has it; undefined before it has any. */
  get node(): string | undefined {
    return this.#node;
  }

  /** How many media it has. */
  get mediaCount(): number {
    return this.#mediaCount;
  }

  /** Where messages of a party came from last; '' where none has. */
  source(party: Party): string {
    return this.#known[party].source ?? '';
  }

  /** Notes where a party's messages come from. */
  seen(party: Party, source: string): void {
    this.#known[party].source = source;
  }

  /** What a party has agreed to last. */
  agreed(party: Party): string | undefined {
    return this.#known[party].agreed;
  }

  /** Another relay's session for the same parties, of which that relay knows nothing yet. */
  elsewhere(tag: string, relay: RelaySet, pin: string | undefined): AnchoredSession {
    const session = new AnchoredSession({ ...this.names, tag }, relay, pin, this.#flags, this.#networks);
    for (const party of ['caller', 'callee'] as const) session.seen(party, this.source(party));
    return session;
  }

  /** How the relay's commands name a party. */
  partyOf(party: Party): MediaParty {
    return party === (this.#maker ?? 'caller') ? 'offerer' : 'answerer';
  }

  /** The party that the relay means; undefined where it does not say. */
  partyFrom(party: MediaParty | undefined): Party | undefined {
    if (party === undefined) return undefined;
    const maker = this.#maker ?? 'caller';
    return party === 'offerer' ? maker : otherParty(maker);
  }

  /** The session as the relay's commands name it. */
  key(): MediaKey {
    const maker = this.#maker ?? 'caller';
    return this.#keyOf(maker);
  }

  /** Relays a description of one party; that of a message that came before is not relayed again. */
  relayed(role: SdpRole, description: Description): Promise<MediaResult> {
    const known = this.#known[role.from];
    const { exchange, sdp, source } = description;
    const before = known.relayed;
    if (before?.exchange === exchange && before.sdp === sdp) return before.result;
    known.source = source;
    known.latest = sdp;
    const result = this.#ask(role, description);
    known.relayed = { exchange, sdp, result };
    return result;
  }

  /** An offer was refused: the relay is told again what its party had agreed to before (RFC 3261 §14.1). */
  async restore(party: Party): Promise<void> {
    const known = this.#known[party];
    known.relayed = undefined;
    if (known.agreed === undefined || known.agreed === known.latest) return;
    const { agreed: sdp, source = '' } = known;
    known.latest = sdp;
    await this.#command({ kind: 'offer', from: party }, sdp, source, undefined, undefined);
  }

  /** Whether both are one session to the relay: it knows them by the same names. */
  isSame({ relay, node }: AnchoredSession): boolean {
    return this.#relay.control === relay.control && this.#node === node;
  }

  /** It is another's from now on, or the relay has lost it: nothing is given back. */
  forget(): void {
    this.#deleted = true;
  }

  /** The relay may have its ports back. */
  delete(): void {
    if (this.#deleted) return;
    this.#deleted = true;
    if (this.#node !== undefined || this.#maker !== undefined) void this.#relay.control.delete(this.key());
  }

  async #ask(role: SdpRole, { sdp, source, reader }: Description): Promise<MediaResult> {
    const other = this.#known[otherParty(role.from)];
    const theirs = other.latest === undefined ? undefined : described(other.latest).family;
    const address = other.source ?? reader;
    const family = address === undefined ? undefined : ipFamily(address) || undefined;
    const result = await this.#command(role, sdp, source, address, theirs ?? family);
    if (result.ok && role.kind === 'answer') {
      this.#known[role.from].agreed = sdp;
      other.agreed = other.latest;
    }
    return result;
  }

  async #command(
    role: SdpRole,
    sdp: string,
    source: string,
    reader: string | undefined,
    toFamily: IpFamily | undefined,
  ): Promise<MediaResult> {
    const { control } = this.#relay;
    const trustAddress = this.#flags.trustAddress ?? isReachable(described(sdp), source, this.#networks());
    // The offerer's tag comes first, whoever's description it is.
    const offerer = role.kind === 'offer' ? role.from : otherParty(role.from);
    this.#maker ??= offerer;
    const question = {
      ...this.#keyOf(offerer),
      sdp,
      source,
      flags: { ...this.#flags, trustAddress, ...directed(this.#flags, role.from) },
      toFamily,
      reader,
      tag: this.names.tag,
    };
    const result = await (role.kind === 'offer' ? control.offer(question) : control.answer(question));
    if (result.ok) {
      this.#node = result.node;
      this.#mediaCount = Math.max(1, result.media.length);
    }
    // It was ended while the relay was making it.
    if (this.#deleted && result.ok) void control.delete(this.key());
    return result;
  }

  #keyOf(first: Party): MediaKey {
    const { names } = this;
    const tags = { caller: names.caller, callee: names.callee };
    const fromTag = tags[first] ?? '';
    return {
      callId: names.callId,
      fromTag,
      toTag: tags[otherParty(first)],
      set: this.#relay.set,
      node: this.#node ?? this.#pin,
    };
  }
}

/** Directions are said from the caller to the callee; a message goes from its sender to its reader. */
function directed({ directions }: MediaFlags, from: Party): Pick<MediaFlags, 'directions'> {
  if (directions === undefined) return {};
  return { directions: from === 'caller' ? directions : directions.toReversed() };
}

function unknown(): Known {
  return { agreed: undefined, latest: undefined, source: undefined, relayed: undefined };
}
