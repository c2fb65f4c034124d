import type { IpFamily } from '../../base/ip.ts';
import type { MediaFlags } from './media-flags.ts';
import type { RtpengineFlags } from './rtpengine-flags.ts';

/** Which call a relay is asked about, and where. Strings are byte strings. */
export interface MediaKey {
  readonly callId: string;
  /** Tag of the party that made the offer: the caller's, unless the other one offers. */
  readonly fromTag: string;
  /** Tag of the party that answers, once it is known. */
  readonly toTag?: string | undefined;
  /** Branch of the topmost Via, for rtpengine where a call forks. */
  readonly viaBranch?: string | undefined;
  /** The set of relays to choose from; the default one unless given. */
  readonly set?: number | undefined;
  /** The relay that has this call, as {@link Relayed.node} said; else it is found by Call-ID. */
  readonly node?: string | undefined;
  /** For rtpengine, in its own words; with them, {@link MediaQuestion.flags} say nothing. */
  readonly engine?: RtpengineFlags | undefined;
}

/** A description to be relayed. Who offers is the asker's word: in an answer, the description is that of `toTag`. */
export interface MediaQuestion extends MediaKey {
  /** The session description, without anything around it. */
  readonly sdp: string;
  /** IP address that the SIP message came from, without brackets. */
  readonly source: string;
  readonly flags?: MediaFlags | undefined;
  /** Family that the reader of the description needs, where it is not that of the writer. */
  readonly toFamily?: IpFamily | undefined;
  /** Address of the relay to use for its reader, or the label of one in braces (`{pub}`). */
  readonly local?: string | undefined;
  /** IP address of the reader, for a relay that finds by it which of its own addresses to use. */
  readonly reader?: string | undefined;
  /** What comes back in {@link MediaListener} as `tag`: a word of the asker's. Without one, nothing is told. */
  readonly tag?: string | undefined;
}

/** An address at which a relay listens for the reader of a description. */
export interface RelayedAddress {
  /** As the relay told it; undefined where it listens on any address and tells none. */
  readonly address: string | undefined;
  readonly family: IpFamily;
  /** What the relay is known by, where that is configured for it (`|ADDRESS`). */
  readonly advertised: string | undefined;
  /** Whether the relay runs on this machine. */
  readonly local: boolean;
}

/** A medium as it is relayed. */
export interface RelayedMedium extends RelayedAddress {
  /** Index among the media of the description, from 0 on. */
  readonly index: number;
  readonly port: number;
}

/** Says which address the reader of a description is told: an IP address without brackets. */
export type PrintedAddress = (relay: RelayedAddress) => string;

export interface Relayed {
  readonly ok: true;
  /** The relay that has the call. Given back as {@link MediaKey.node}, the call stays there. */
  readonly node: string;
  readonly media: readonly RelayedMedium[];
  /** The description for one reader; any number of readers may be given one each. */
  print(printed: PrintedAddress): string;
}

export type MediaFault =
  /** No relay is configured for the set, or none that answers. */
  | 'no-relay'
  /** The relay did not answer. */
  | 'timeout'
  /** More commands wait for the relay than are allowed. */
  | 'overload'
  /** The relay answered with an error. */
  | 'refused'
  /** The relay does not know the call. */
  | 'unknown-call'
  /** What cannot be read as a session description, or names no media. */
  | 'bad-description'
  /** Another relay has marked the description as its own. */
  | 'already-relayed'
  /** The relay, or its protocol, cannot do it. */
  | 'unsupported'
  /** A value cannot stand in a command. */
  | 'bad-value'
  /** The control was closed. */
  | 'closed';

export interface MediaFailure {
  readonly ok: false;
  readonly fault: MediaFault;
  /** In plain words, for a log. */
  readonly reason: string;
  /** The number that rtpproxy answered. */
  readonly error?: number;
}

export type MediaResult = Relayed | MediaFailure;
export type MediaDone = { readonly ok: true; readonly node: string } | MediaFailure;

/** Which party something is done to. */
export type MediaParty = 'offerer' | 'answerer';

export interface PlayRequest extends MediaKey {
  /** Who hears it. */
  readonly to: MediaParty;
  /** A prompt's name or a file, as the relay knows it. */
  readonly prompt: string;
  /** How often; -1 for ever. */
  readonly count: number;
}

export interface StopPlayRequest extends MediaKey {
  readonly to: MediaParty;
}

export interface RecordRequest extends MediaKey {
  /** A file's name or `udp:HOST:PORT`; undefined: as the relay names its recordings. */
  readonly destination?: string | undefined;
  /** Both directions in one file. */
  readonly singleFile?: boolean | undefined;
  /** Number of the medium, from 1 on; undefined: all of them. */
  readonly media?: number | undefined;
  /** How many media the call has, which a recording to a destination needs to know; default 1. */
  readonly mediaCount?: number | undefined;
  /** Whose sound; that of both unless given. */
  readonly party?: MediaParty | undefined;
}

/** One party's share in blocking, or both where `party` is left out. */
export interface BlockRequest extends MediaKey {
  readonly what: 'media' | 'keys';
  readonly party?: MediaParty | undefined;
}

/** Counters of a call. Names are the relay's (`ttl`, `npkts_ina` …). */
export type MediaStatistics =
  | { readonly ok: true; readonly node: string; readonly counters: ReadonlyMap<string, number> }
  | MediaFailure;

export interface QueryRequest extends MediaKey {
  /** Names of counters; those of `rtpproxy_stats` unless given. */
  readonly counters?: readonly string[] | undefined;
  /** Number of the medium, from 1 on; default 1. */
  readonly media?: number | undefined;
}

/** Who hears what relays tell by themselves. */
export interface MediaListener {
  /** No packets came for as long as the relay waits. */
  mediaStopped(tag: string, node: string | undefined): void;
  mediaKey(tag: string, key: MediaKeyPress, node: string | undefined): void;
}

/** A key that was pressed and let go (RFC 4733). */
export interface MediaKeyPress {
  /** `0` to `9`, `*`, `#`, `A` to `D`, or the event's number where it is no key. */
  readonly key: string;
  /** In dBm0, without the sign. */
  readonly volume: number;
  /** In units of the RTP clock. */
  readonly duration: number;
  /** The party that pressed it, where the relay tells. */
  readonly party: MediaParty | undefined;
}

/** A relay as a list for people shows it. */
export interface RelayState {
  readonly set: number;
  /** Its name: how it was configured, without weight and advertised address. */
  readonly node: string;
  readonly weight: number;
  readonly advertised: string | undefined;
  /** `active`; `inactive` until it answers again; `off` by a person's word. */
  readonly state: 'active' | 'inactive' | 'off';
  /** Seconds until it is tried again, where it is inactive. */
  readonly retryIn: number | undefined;
  /** Protocol dates (rtpproxy) that it has, as far as they matter here. */
  readonly capabilities: readonly string[];
  readonly commands: number;
  readonly failures: number;
  /** Commands that wait or are under way. */
  readonly pending: number;
}

/** What a person may make of a relay: `probe` switches it off until it answers a test. */
export type RelaySwitch = 'on' | 'off' | 'probe';

/** Relays of one kind (rtpproxy, or rtpengine), in sets. Nothing rejects: what goes wrong is in the results. */
export interface MediaControl extends AsyncDisposable {
  listener: MediaListener | undefined;
  /** A description of the party `fromTag`, for the one that is to answer. */
  offer(question: MediaQuestion): Promise<MediaResult>;
  /** A description of the party `toTag`, for the one that offered. */
  answer(question: MediaQuestion): Promise<MediaResult>;
  /** The call has ended: its ports are free again. */
  delete(key: MediaKey): Promise<MediaDone>;
  query(request: QueryRequest): Promise<MediaStatistics>;
  play(request: PlayRequest): Promise<MediaDone>;
  stopPlay(request: StopPlayRequest): Promise<MediaDone>;
  startRecording(request: RecordRequest): Promise<MediaDone>;
  stopRecording(request: RecordRequest): Promise<MediaDone>;
  block(request: BlockRequest): Promise<MediaDone>;
  unblock(request: BlockRequest): Promise<MediaDone>;
  /** The relays, set by set. */
  relays(): RelayState[];
  /** @returns false where no relay has that name, in that set or in any */
  switch(node: string, to: RelaySwitch, set?: number): boolean;
}
