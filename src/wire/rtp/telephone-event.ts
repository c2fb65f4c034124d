/** Bytes of one event (RFC 4733 §2.3). */
export const TELEPHONE_EVENT_BYTES = 4;

const DIGITS = '0123456789*#ABCD';
/** Hook flash (RFC 4733 §3.2, table 3), as `!` in the usual notation of dial strings. */
const FLASH = 16;

/** A telephone event (RFC 4733 §2.3): one key is one event, told by many packets with one RTP timestamp. */
export interface TelephoneEvent {
  /** 0 to 255; 0 to 15 are the keys. */
  readonly event: number;
  /** Whether the key is up again; that packet is sent three times. */
  readonly end: boolean;
  /** 0 to 63: dB below 0 dBm0. */
  readonly volume: number;
  /** Since the RTP timestamp, in its units. */
  readonly duration: number;
}

/** @returns the first event of an RTP payload; undefined for one that is too short */
export function parseTelephoneEvent(payload: Uint8Array): TelephoneEvent | undefined {
  if (payload.length < TELEPHONE_EVENT_BYTES) return undefined;
  return {
    event: payload[0]!,
    end: (payload[1]! & 0x80) !== 0,
    volume: payload[1]! & 0x3f,
    duration: (payload[2]! << 8) | payload[3]!,
  };
}

export function buildTelephoneEvent({ event, end, volume, duration }: TelephoneEvent): Buffer {
  return Buffer.from([
    event & 0xff,
    (end ? 0x80 : 0) | (volume & 0x3f),
    (duration >> 8) & 0xff,
    duration & 0xff,
  ]);
}

/** @returns `0` to `9`, `*`, `#`, `A` to `D`, `!` for a hook flash; undefined for events that are no key */
export function eventKey(event: number): string | undefined {
  return event === FLASH ? '!' : DIGITS[event];
}

/** @returns the event of a key, in any case; undefined for what is none */
export function keyEvent(key: string): number | undefined {
  if (key.length !== 1) return undefined;
  if (key === '!') return FLASH;
  const event = DIGITS.indexOf(key.toUpperCase());
  return event < 0 ? undefined : event;
}
