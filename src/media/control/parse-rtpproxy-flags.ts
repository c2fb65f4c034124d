import type { MediaFlags, RelayInterface } from './media-flags.ts';

export type FlagsResult =
  | { readonly ok: true; readonly flags: MediaFlags }
  /** `at` counts from 0 in the letters that were given. */
  | { readonly ok: false; readonly reason: string; readonly at: number };

const KNOWN = 'a c d e f i k l n o r s t w z';
const MOST_PACKET_TIME = 999;
const MOST_TTL = 86_400 * 7;
const MOST_PAYLOAD_TYPE = 127;

type Writable = { -readonly [K in keyof MediaFlags]: MediaFlags[K] };

/**
 * Reads the flags of OpenSIPS's `rtpproxy_offer`, `rtpproxy_answer` and `rtpproxy_engage`: letters in any case, with
 * numbers behind `z`, `t` and `d`, and `<socket>` behind `n`. Blanks between them are passed over. What ICE becomes is
 * left to the caller, for no letter says it.
 */
export function parseRtpproxyFlags(letters: string): FlagsResult {
  const directions: RelayInterface[] = [];
  const flags: Writable = {};
  let at = 0;
  const number = (): number | undefined => {
    const start = at;
    while (at < letters.length && isDigit(letters.charCodeAt(at))) at++;
    return start === at ? undefined : Number(letters.slice(start, at));
  };
  while (at < letters.length) {
    const start = at;
    const letter = letters.charAt(at++).toLowerCase();
    switch (letter) {
      case ' ':
        break;
      case 'a':
      case 's':
      case 'w':
        if (flags.asymmetric !== undefined && flags.asymmetric !== (letter === 'a')) {
          return wrong('"a" and "s" (or "w") contradict each other', start);
        }
        flags.asymmetric = letter === 'a';
        break;
      case 'i':
      case 'e':
        if (directions.push(letter === 'i' ? 'internal' : 'external') > 2) {
          return wrong('"i" and "e" stand at most twice: where it comes from, and where it goes to', start);
        }
        break;
      case 'r':
        flags.trustAddress = true;
        break;
      case 'o':
        flags.origin = true;
        break;
      case 'c':
        flags.sessionConnection = true;
        break;
      case 'k':
        flags.keepBody = true;
        break;
      case 'f':
        flags.force = true;
        break;
      case 'l':
        flags.onlyExisting = true;
        break;
      case 'z': {
        const packetTime = number();
        if (packetTime === undefined || packetTime < 1 || packetTime > MOST_PACKET_TIME) {
          return wrong(`"z" wants milliseconds behind it, 1 to ${MOST_PACKET_TIME}: "z20"`, start);
        }
        flags.packetTime = packetTime;
        break;
      }
      case 't': {
        const ttl = number() ?? 0;
        if (ttl > MOST_TTL) return wrong(`"t" takes at most ${MOST_TTL} seconds`, start);
        flags.ttl = ttl;
        break;
      }
      case 'd': {
        const payloadType = number();
        if (payloadType !== undefined && payloadType > MOST_PAYLOAD_TYPE) {
          return wrong(`"d" wants a payload type behind it, up to ${MOST_PAYLOAD_TYPE}: "d101"`, start);
        }
        flags.keys = payloadType ?? true;
        break;
      }
      case 'n': {
        if (letters.charAt(at) !== '<') {
          flags.notify = true;
          break;
        }
        const close = letters.indexOf('>', at);
        if (close <= at + 1) return wrong('the socket behind "n" is written "n<tcp:192.0.2.1:9999>"', start);
        flags.notify = letters.slice(at + 1, close);
        at = close + 1;
        break;
      }
      default:
        return wrong(`"${letters.charAt(start)}" is none of the flags ${KNOWN}`, start);
    }
  }
  return { ok: true, flags: directions.length > 0 ? { ...flags, directions } : flags };
}

function wrong(reason: string, at: number): FlagsResult {
  return { ok: false, reason, at };
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}
