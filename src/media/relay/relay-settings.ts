/** An address of this machine on which media is relayed. */
export interface MediaAddress {
  /** By which commands choose it: `l{label}`. */
  readonly label?: string;
  /** A plain IP address, without brackets; `0.0.0.0` and `::` answer commands with a port alone. */
  readonly address: string;
  /** What is answered instead, where parties reach it by another one. */
  readonly advertised?: string;
  /** Bridge mode: both are there, one of each (rtpproxy `-l INTERNAL/EXTERNAL`). */
  readonly role?: 'internal' | 'external';
}

/** How long and by what a party's real address is learned. */
export interface LearnSettings {
  /** How long a stranger's source is only watched before it may be believed, in ms. */
  readonly windowMs: number;
  /** Packets in sequence after which a watched source is believed where nobody better can come. */
  readonly packets: number;
  /** Whether a source with another address than the signalled one is ever believed. */
  readonly otherAddresses: boolean;
}

export interface RelaySettings {
  /** In order of preference; at least one. */
  readonly addresses: readonly MediaAddress[];
  /** A range, both ends included, or just these: an even one is used where its odd neighbour is there too. */
  readonly ports: { readonly min: number; readonly max: number } | readonly number[];
  /** How long a session lives without a packet, in ms. */
  readonly ttlMs: number;
  /** The same before the other party has answered. */
  readonly setupTtlMs: number;
  /** The same while every medium of it is held. */
  readonly heldTtlMs: number;
  /** `either`: a session ends when one party is silent that long (rtpproxy `-i`); `both`: when both are. */
  readonly silence: 'both' | 'either';
  readonly maxSessions: number;
  /** Media of one session. */
  readonly maxMedia: number;
  readonly learn: LearnSettings;
  /** How long a closed port is kept bound and read empty before another call may have it, in ms. */
  readonly drainMs: number;
  /** Whether parties are taken to send from elsewhere than they listen unless a command says otherwise. */
  readonly asymmetric: boolean;
}

export const DEFAULT_RELAY_SETTINGS: Omit<RelaySettings, 'addresses'> = {
  ports: { min: 35_000, max: 65_000 },
  ttlMs: 60_000,
  setupTtlMs: 200_000,
  heldTtlMs: 3_600_000,
  silence: 'both',
  maxSessions: 10_000,
  maxMedia: 16,
  learn: { windowMs: 3000, packets: 5, otherAddresses: true },
  drainMs: 2000,
  asymmetric: false,
};
