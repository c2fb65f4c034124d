import type { IpFamily } from '../../base/ip.ts';

/** Where a packet comes from or goes to; a plain IP address, without brackets. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Who decides about the packets of a port that no fast rule takes. */
export interface PortUser {
  /** @param bytes valid only during the call: whoever keeps them copies them */
  packet(port: MediaPort, bytes: Buffer, source: Endpoint): void;
  /** A copy of what the fast rule has forwarded, where the rule asks for copies; as {@link packet} else. */
  copy(port: MediaPort, bytes: Buffer, source: Endpoint): void;
}

/**
 * What may pass without asking: packets of exactly this source, and of this SSRC where one is given (RTP only). They
 * leave by the socket of `via` for `to`, and count in the counters of both ports. Everything else goes to the user.
 */
export interface FastRule {
  readonly source: Endpoint;
  readonly ssrc: number | undefined;
  readonly via: MediaPort;
  readonly to: Endpoint;
  /** Payload types (7 bits) that go to the user instead: telephone events, where keys are wanted. */
  readonly aside?: readonly number[];
  /** Whether the user gets a copy of everything that is forwarded, for a recording. */
  readonly copies?: boolean;
}

/** Counted by the path, fast or not; they only grow. */
export interface PortCounters {
  readonly packetsIn: number;
  readonly octetsIn: number;
  readonly packetsOut: number;
  readonly octetsOut: number;
  /** Refused by the kernel, or for want of room. */
  readonly failed: number;
  /**
   * When the fast rule last took a packet, in ms of the clock given to the path; undefined before the first. Packets that
   * went to the user do not count here: a stranger's must not keep a session alive.
   */
  readonly lastFast: number | undefined;
  /**
   * What sequence numbers and times say of the packets of fast rules, those laid aside included, each rule beginning
   * anew; undefined where the path cannot see them.
   */
  readonly quality?: QualityCounters | undefined;
}

/** What a party's packets say of the way they took. */
export interface QualityCounters {
  /** Packets that came, those that came twice included. */
  readonly received: number;
  readonly duplicates: number;
  /** Sequence numbers that are missing, less those that came twice (RFC 3550 §6.4.1); not below 0. */
  readonly lost: number;
  /** The last estimate (RFC 3550 §6.4.1), in ms. */
  readonly jitter: number;
  /** The largest of the estimates and their mean, in ms; undefined where only the last one is kept. */
  readonly largestJitter?: number | undefined;
  readonly averageJitter?: number | undefined;
  /** The longest time between two packets, in ms; undefined where nobody looked. */
  readonly longestGapMs?: number | undefined;
}

/** One UDP port of the relay. */
export interface MediaPort {
  readonly address: string;
  readonly port: number;
  readonly family: IpFamily;
  user: PortUser | undefined;
  /** The kernel's or the thread's work from here on; undefined brings every packet back to the user. */
  setFast(rule: FastRule | undefined): void;
  /** Never blocks, never throws; what cannot be sent is counted. The bytes are the caller's again when it returns. */
  send(bytes: Buffer, to: Endpoint): void;
  /** Read now and then, not for each packet: it may cost a system call. */
  counters(): PortCounters;
  /** After this no packet reaches the user, and a fast rule elsewhere that leaves by this port is void. */
  close(): void;
}

export interface PortPair {
  readonly rtp: MediaPort;
  readonly rtcp: MediaPort;
}

/**
 * How packets move: `portable` is node:dgram, `accelerated` a thread of C, `kernel` nftables on top of either. A path
 * that cannot be had on a machine says so when it is made, and the one before it serves.
 */
export interface PacketPath extends AsyncDisposable {
  readonly name: 'portable' | 'accelerated' | 'kernel';
  /**
   * Opens two neighbouring ports, the first one even.
   * @throws the system's error (`code` EADDRINUSE, EADDRNOTAVAIL, EMFILE …); then neither stays open
   */
  openPair(address: string, port: number): Promise<PortPair>;
}
