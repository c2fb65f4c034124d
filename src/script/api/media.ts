import type { Duration } from './duration.ts';

/** Who in a call is meant, by who began it. */
export type CallParty = 'caller' | 'callee';

/** A key that was pressed in a call: a telephone event, or a tone in its sound. */
export interface PressedKey {
  /** `0` to `9`, `*`, `#`, `A` to `D`. */
  readonly key: string;
  /** Undefined where the relay does not tell. */
  readonly from: CallParty | undefined;
}

/** How the media of a call are taken through a relay. */
export interface AnchorOptions {
  /** Which calls: all, those whose phones may not reach each other, none. Default: `media.anchor` of the configuration. */
  readonly when?: 'always' | 'nat' | 'never';
  /** The name of relays in the configuration; by default those named first, or the server's own. */
  readonly relay?: string;
  /** One relay of those, by its own name: the call has its media there or not at all. */
  readonly pin?: string;
  /** An IP address that both parties are told for their media; by default each is told the one that it can reach. */
  readonly address?: string;
  /** What becomes of ICE: `remove` (default), the relay as the only candidate, or untouched. */
  readonly ice?: 'remove' | 'replace' | 'keep';
  /** The parties send from elsewhere than they listen. */
  readonly asymmetric?: boolean;
  /** Whether media go where descriptions say, or to where their messages came from; by default found out each time. */
  readonly trustAddress?: boolean;
  /** Relays also what another relay has marked as its own. */
  readonly force?: boolean;
  /** How much sound is to be in a packet, in whole ms. */
  readonly packetTime?: Duration;
  /** Which sides of a relay between two networks the caller and the callee are on. */
  readonly directions?: readonly ['internal' | 'external', 'internal' | 'external'];
  /** What becomes of the call where no relay can be had: `refuse` (default) ends it, `pass` lets its media go by themselves. */
  readonly unavailable?: 'refuse' | 'pass';
  /** Records the call from its answer on. */
  readonly record?: boolean;
  /** Hears of every key that is pressed, once. */
  readonly onKey?: (key: PressedKey, media: CallMedia) => void;
  /** Keys are heard in the sound too (PCMU and PCMA), of phones that send no telephone events. Only the server's own relay can. */
  readonly tones?: boolean;
  /** No more media came; by default the call is ended. */
  readonly onTimeout?: (media: CallMedia) => void;
}

/** How something that a relay was asked for went. */
export type MediaOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface PlayOptions {
  /** Who hears it; default: both. */
  readonly to?: CallParty;
  /** How often; default once. */
  readonly times?: number | 'forever';
}

export interface RecordOptions {
  /** The file's name; by default the relay names it. */
  readonly name?: string;
  /** Both directions in one file. */
  readonly mixed?: boolean;
}

/** What a relay has counted of a call, by the names that it gives (`npkts_ina`, `nrelayed` …). */
export type CallMediaStatistics =
  | { readonly ok: true; readonly counters: Readonly<Record<string, number>> }
  | { readonly ok: false; readonly reason: string };

/** The media of a call that `call.anchorMedia()` took through a relay. It may be kept, and used until the call has ended. */
export interface CallMedia {
  /** Whether a relay has the media now. */
  readonly anchored: boolean;
  /** The name of that relay. */
  readonly relay: string | undefined;
  /** Plays a prompt of the relay: what the other party says is not heard meanwhile. */
  play(prompt: string, options?: PlayOptions): Promise<MediaOutcome>;
  stopPlaying(to?: CallParty): Promise<MediaOutcome>;
  startRecording(options?: RecordOptions): Promise<MediaOutcome>;
  stopRecording(): Promise<MediaOutcome>;
  statistics(): Promise<CallMediaStatistics>;
  /**
   * Takes the media of an answered call to another relay: both parties are sent re-INVITEs, and all stays where it was
   * where one of them refuses.
   * @param relay the name of relays in the configuration
   * @param pin one of them, by its own name
   * @throws ServerError MEDIA_NO_RELAY for a relay that is not configured
   */
  moveTo(relay: string, pin?: string): Promise<MediaOutcome>;
}
