/** A side of a relay that stands between two networks. */
export type RelayInterface = 'internal' | 'external';

/**
 * What becomes of ICE candidates (RFC 8839) in a description that is relayed. They name addresses beside `c=`, so that
 * clients with ICE would pass the relay by: `remove` takes all of ICE out (both sides fall back to `c=` and `m=`),
 * `replace` leaves one candidate, which is the relay, and `keep` touches nothing, as OpenSIPS does.
 */
export type IceTreatment = 'remove' | 'replace' | 'keep';

/** How one description is relayed. What is left out is as the relay is set, or not done. */
export interface MediaFlags {
  /** The party sends from elsewhere than it listens (`a`), or not (`s`, `w`). An asymmetric one's address is trusted. */
  readonly asymmetric?: boolean;
  /** `r`: its media are where its description says; otherwise at the address that its SIP message came from. */
  readonly trustAddress?: boolean;
  /** `o`: the address of `o=` becomes the relay's. */
  readonly origin?: boolean;
  /** `c`: the session's `c=` becomes the relay's too where every medium has one of its own. */
  readonly sessionConnection?: boolean;
  /** `k`: the description is left as it is; only the relay is told. */
  readonly keepBody?: boolean;
  /** `f`: also a description that another relay has marked as its own. */
  readonly force?: boolean;
  /** `l`: only where the relay knows the call already. */
  readonly onlyExisting?: boolean;
  /** `i`, `e`: where the message comes from, and where it goes to. */
  readonly directions?: readonly RelayInterface[];
  /** `z`: milliseconds of sound in a packet, 1 to 999. */
  readonly packetTime?: number;
  /** `t`: seconds without packets until the relay drops the stream; 0 for what the relay's default says. */
  readonly ttl?: number;
  /** `n`: be told when media stop; a string is the socket where, instead of the control's own. */
  readonly notify?: boolean | string;
  /** `d`: be told of keys; a number is the payload type of telephone events, else that of the description, or 101. */
  readonly keys?: boolean | number;
  /** With `keys`: those too that stand in the sound alone. Viaduct's own relay hears them, rtpproxy does not. */
  readonly tones?: boolean;
  /** Default `remove`. */
  readonly ice?: IceTreatment;
}
