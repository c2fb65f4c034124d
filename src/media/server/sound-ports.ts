import type { MediaSession } from '../relay/media-session.ts';
import type { Endpoint } from '../relay/packet-path.ts';
import type { StreamSide } from '../relay/stream-side.ts';

/** What `R` and `C` ask for. */
export interface RecordRequest {
  readonly session: MediaSession;
  /** What this side's party sends is recorded. */
  readonly side: StreamSide;
  /** `C`: a name of its own, as written in the command; or where copies of the packets go. undefined: named by the call. */
  readonly to: { readonly name: string } | { readonly remote: Endpoint } | undefined;
  /** `s`: one file for both parties, where the other one is asked for too. */
  readonly bothSides: boolean;
  /** `p`: the answer shall tell where copies come from. */
  readonly replyAddress: boolean;
}

/** Records what parties send. */
export interface RecordPort {
  /** Starts, or goes on where it has started. @returns why not; with a request for copies, where they come from */
  start(request: RecordRequest): Promise<RecordResult>;
  /** Ends what is recorded of the side's party. @returns whether something was */
  stop(side: StreamSide): boolean;
}

export type RecordResult =
  /** `from` is there where `replyAddress` was asked for. */
  { readonly ok: true; readonly from?: Endpoint } | { readonly ok: false; readonly reason: string };

/** What `P` asks for. */
export interface PlayRequest {
  /** Its party hears the prompt. */
  readonly side: StreamSide;
  /** As written in the command: a prompt's name or path, without the payload type behind it. */
  readonly prompt: string;
  /** Payload types that the party takes, the best first. */
  readonly codecs: readonly number[];
  /** How many times; -1 for ever. */
  readonly count: number;
  /** In ms; undefined for the prompt's own. */
  readonly packetTime: number | undefined;
}

/** Plays prompts to parties. */
export interface PlayPort {
  /** What was played to the party before ends. @returns false where there is no such prompt in any of the codecs */
  play(request: PlayRequest): Promise<boolean>;
  /** Also where nothing is played. */
  stop(side: StreamSide): void;
  /** How many were begun and are over, and packets sent, since the start. */
  readonly counters: { readonly created: number; readonly destroyed: number; readonly packets: number };
}

/** What sub-command `M3` asks for. */
export interface KeyRequest {
  /** Whose party presses keys. */
  readonly side: StreamSide;
  /** Of telephone events. */
  readonly payloadType: number;
  /** `h`: the other party does not get the events. */
  readonly hide: boolean;
  /** Whether keys are heard in the sound too, of a party that sends no telephone events; it costs time for every packet. */
  readonly tones?: boolean;
  /** Called once a key. */
  pressed(key: PressedKey): void;
}

export interface PressedKey {
  /** As RFC 4733 numbers it: 0 to 15. */
  readonly event: number;
  /** 0 to 63, in dB below 0 dBm0. */
  readonly volume: number;
  /** In units of the RTP timestamp. */
  readonly duration: number;
}

/** Hears keys. */
export interface KeyPort {
  /** One listener a side: another request takes the place of the one before. @returns whether it can be heard */
  listen(request: KeyRequest): boolean;
}

/** Everything that a relay does beyond passing packets on. */
export interface SoundPorts {
  readonly records: RecordPort;
  readonly plays: PlayPort;
  readonly keys: KeyPort;
}
