import { loadNativeAddon } from '../../net/native-addon.ts';

/** What `native/relay.c` gives: a running thread, memory that it shares with JavaScript, and the ways to command it. */
export interface RelayThread {
  /** Bytes of the packets that come to JavaScript, in as many slots of one size as {@link heads} has packets. */
  readonly ring: Uint8Array;
  /** {@link HEAD_WORDS} words a packet: see {@link OF_PORT} and those after it. */
  readonly heads: Int32Array;
  /** How many packets went into the ring, and how many JavaScript took, both wrapping around. */
  readonly state: Int32Array;
  /** Of each port's place in the tables; odd while the port is open. */
  readonly generations: Uint32Array;
  /** {@link COUNTERS} numbers a port. */
  readonly counters: Float64Array;
  /** Where JavaScript writes the arguments of the calls: see {@link TO} and those after it. */
  readonly words: Int32Array;
  /** Binds to what stands at {@link TO}. @returns the port's index @throws an error with `errno` */
  openPort(family: number, trafficClass: number, receiveBufferBytes: number): number;
  setRule(index: number, set: boolean): void;
  /** Sends to what stands at {@link TO}. @returns 0, or the system's error */
  send(index: number, bytes: Uint8Array): number;
  closePort(index: number): void;
  /** Returns when the thread has ended and every socket is closed. */
  close(): void;
}

export const HEAD = 0;
export const TAIL = 1;

export const OF_PORT = 0;
export const OF_GENERATION = 1;
export const OF_KIND = 2;
export const OF_LENGTH = 3;
export const OF_SOURCE_PORT = 4;
export const OF_SOURCE = 5;
export const HEAD_WORDS = 9;
export const COPY = 1;

export const PACKETS_IN = 0;
export const OCTETS_IN = 1;
export const PACKETS_OUT = 2;
export const OCTETS_OUT = 3;
export const COUNT_FAILED = 4;
/** In ms of the system's monotonic clock; 0 before the first packet. */
export const LAST_FAST = 5;
export const RECEIVED = 6;
export const DUPLICATES = 7;
export const LOST = 8;
export const JITTER = 9;
export const LARGEST_JITTER = 10;
export const JITTER_SUM = 11;
export const JITTER_SAMPLES = 12;
/** In ms. */
export const LONGEST_GAP = 13;
export const COUNTERS = 14;

/** A place is a port, and an address of one word (IPv4, network order) or four. */
export const TO = 0;
export const FROM = 5;
export const VIA = 10;
export const VIA_GENERATION = 11;
export const HAS_SSRC = 12;
export const SSRC = 13;
export const COPIES = 14;
/** 128 bits, one for each payload type. */
export const ASIDE = 15;

/** The addon's only function; `onStrays` is called when packets wait in the ring. */
export interface RelayAddon {
  open(onStrays: () => void): RelayThread;
}

/** @returns undefined where the addon was not built for this machine, or cannot be loaded */
export function loadRelayAddon(): RelayAddon | undefined {
  return loadNativeAddon('relay') as RelayAddon | undefined;
}
