import { ipFamily } from '../../base/ip.ts';
import { emptyDictionary, type NgValue } from '../../wire/ng/value.ts';
import { parseDecimal } from '../../wire/sip/text.ts';
import type { RtpengineFlags } from './rtpengine-flags.ts';

export type RtpengineFlagsResult =
  | { readonly ok: true; readonly flags: RtpengineFlags }
  /** `at` counts from 0 in the text that was given. */
  | { readonly ok: false; readonly reason: string; readonly at: number };

/** As OpenSIPS has them. */
const DEEPEST_BRACKETS = 8;
const LONGEST_BRACKETS = 4096;

const TRANSPORTS: ReadonlySet<string> = new Set([
  'RTP/AVP',
  'RTP/AVPF',
  'RTP/SAVP',
  'RTP/SAVPF',
  'UDP/TLS/RTP/SAVP',
  'UDP/TLS/RTP/SAVPF',
]);
const VIA_BRANCHES = ['1', '2', 'auto', 'extra'] as const;
/** Words that ask for an address to be replaced, by what the ng protocol calls it; letters in any case. */
const REPLACES: Readonly<Record<string, string>> = {
  origin: 'origin',
  'session-connection': 'session-connection',
  'sdp-version': 'SDP version',
  username: 'username',
  'session-name': 'session name',
  'zero-address': 'zero address',
};
const RTCP_MUX: ReadonlySet<string> = new Set(['offer', 'require', 'demux', 'accept', 'reject']);
/** Keys that may stand several times, and that the ng protocol wants as a list. */
const LISTS: ReadonlySet<string> = new Set(['T.38', 'OSRTP', 'SDES']);
/** Keys whose values are numbers there. */
const NUMBERS: ReadonlySet<string> = new Set([
  'ptime',
  'ptime-reverse',
  'TOS',
  'delete-delay',
  'repeat-times',
  'start-pos',
  'db-id',
  'duration',
  'volume',
  'pause',
  'limit',
]);

/**
 * Reads the flags of the rtpengine functions of OpenSIPS and Kamailio: words, `key=value`, and `key=[…]` with lists and
 * dictionaries inside. What is not known here goes to the daemon as it is, as it does with both of them.
 */
export function parseRtpengineFlags(text: string): RtpengineFlagsResult {
  const reader = new Reader();
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) === 0x20) {
      at++;
      continue;
    }
    const end = wordEnd(text, at);
    if (end < 0) return { ok: false, reason: 'a bracket is not closed', at };
    const fault = reader.word(text.slice(at, end));
    if (fault !== undefined) return { ok: false, reason: fault, at };
    at = end;
  }
  const flags = reader.flags();
  return typeof flags === 'string' ? { ok: false, reason: flags, at: text.length } : { ok: true, flags };
}

class Reader {
  readonly #fields = emptyDictionary();
  readonly #flags: NgValue[] = [];
  readonly #replace: NgValue[] = [];
  readonly #rtcpMux: NgValue[] = [];
  /** From `direction=`, or the two obsolete words. */
  readonly #direction: NgValue[] = [];
  #inside: string | undefined;
  #outside: string | undefined;
  /** Bits of `SRTP` and `AVPF`; undefined where no word speaks of either. */
  #transport: { secure: boolean; feedback: boolean } | undefined;
  readonly #rest: { -readonly [K in Exclude<keyof RtpengineFlags, 'fields'>]?: RtpengineFlags[K] } = {};

  /** @returns what is wrong with it, if anything */
  word(word: string): string | undefined {
    const equals = word.indexOf('=');
    return equals < 0 ? this.#plain(word) : this.#pair(word.slice(0, equals), word.slice(equals + 1));
  }

  flags(): RtpengineFlags | string {
    if ((this.#inside === undefined) !== (this.#outside === undefined)) {
      return 'in-iface and out-iface belong together';
    }
    if (this.#inside !== undefined && this.#outside !== undefined) {
      this.#direction.push(this.#inside, this.#outside);
    }
    if (this.#direction.length !== 0 && this.#direction.length !== 2) {
      return 'a direction is two interfaces: where the message comes from, and where it goes to';
    }
    if (this.#transport) {
      const { secure, feedback } = this.#transport;
      this.#fields['transport-protocol'] = `RTP/${secure ? 'S' : ''}AVP${feedback ? 'F' : ''}`;
    }
    for (const [key, list] of [
      ['flags', this.#flags],
      ['replace', this.#replace],
      ['rtcp-mux', this.#rtcpMux],
      ['direction', this.#direction],
    ] as const) {
      if (list.length > 0) this.#fields[key] = list;
    }
    return { fields: this.#fields, ...this.#rest };
  }

  #plain(word: string): string | undefined {
    if (TRANSPORTS.has(word)) {
      this.#fields['transport-protocol'] = word;
      return undefined;
    }
    const replaced = word.startsWith('replace-') ? word.slice(8).toLowerCase() : '';
    const mux = word.startsWith('rtcp-mux-') ? word.slice(9) : '';
    if (Object.hasOwn(REPLACES, replaced)) this.#replace.push(REPLACES[replaced]!);
    else if (RTCP_MUX.has(mux)) this.#rtcpMux.push(mux);
    else {
      switch (word) {
        case 'RTP':
          this.#setTransport({ secure: false });
          break;
        case 'SRTP':
          this.#setTransport({ secure: true });
          break;
        case 'AVP':
          this.#setTransport({ feedback: false });
          break;
        case 'AVPF':
          this.#setTransport({ feedback: true });
          break;
        case 'internal':
        case 'external':
          this.#direction.push(word);
          break;
        case 'to-tag':
          this.#rest.toTag = '';
          break;
        case 'force-answer':
          this.#rest.forceAnswer = true;
          break;
        case 'call-id':
        case 'callid':
        case 'from-tag':
        case 'via-branch':
        case 'in-iface':
        case 'out-iface':
        case 'media-address':
        case 'address-family':
          return `"${word}" wants a value: "${word}=…"`;
        default:
          this.#flags.push(word);
      }
    }
    return undefined;
  }

  #pair(key: string, value: string): string | undefined {
    if (key === '') return `"=${value}" has no name before the =`;
    if (value === '') return `"${key}=" has no value`;
    if (value.startsWith('[')) {
      if (value.length > LONGEST_BRACKETS) return `"${key}=[…" is longer than ${LONGEST_BRACKETS}`;
      const inner = parseBrackets(value.slice(1, -1), 1);
      if (typeof inner === 'string') return `"${key}": ${inner}`;
      this.#fields[key] = inner;
      return undefined;
    }
    switch (key) {
      case 'call-id':
      case 'callid':
        this.#rest.callId = value;
        break;
      case 'from-tag':
        this.#rest.fromTag = value;
        break;
      case 'to-tag':
        this.#rest.toTag = value;
        break;
      case 'via-branch': {
        const known = VIA_BRANCHES.find((it) => it === value);
        if (known === undefined) return `"via-branch=${value}": it is one of ${VIA_BRANCHES.join(', ')}`;
        this.#rest.viaBranch = known;
        break;
      }
      case 'via-branch-param':
        this.#rest.viaBranch = { value };
        break;
      case 'received-from':
        if (ipFamily(value) === 0) return `"received-from=${value}" is no IP address`;
        this.#rest.receivedFrom = value;
        break;
      case 'in-iface':
        this.#inside = value;
        break;
      case 'out-iface':
        this.#outside = value;
        break;
      case 'direction':
        this.#direction.push(value);
        break;
      case 'address-family':
        if (value !== 'IP4' && value !== 'IP6') return `"address-family=${value}": it is IP4 or IP6`;
        this.#fields['address family'] = value;
        break;
      case 'media-address':
        if (ipFamily(value) === 0) return `"media-address=${value}" is no IP address`;
        this.#fields['media-address'] = value;
        break;
      case 'repacketize': {
        const ms = parseDecimal(value);
        if (!ms) return `"repacketize=${value}" is no number of milliseconds`;
        this.#fields.repacketize = ms;
        break;
      }
      default:
        return this.#other(key, value);
    }
    return undefined;
  }

  #other(key: string, value: string): string | undefined {
    if (LISTS.has(key)) {
      const before = this.#fields[key];
      this.#fields[key] = [...(Array.isArray(before) ? (before as NgValue[]) : []), value];
    } else if (NUMBERS.has(key)) {
      const negative = value.startsWith('-');
      const number = parseDecimal(negative ? value.slice(1) : value);
      if (number === undefined) return `"${key}=${value}" is no number`;
      this.#fields[key] = negative ? 0 - number : number;
    } else this.#fields[key] = value;
    return undefined;
  }

  #setTransport(change: { readonly secure?: boolean; readonly feedback?: boolean }): void {
    this.#transport = { secure: false, feedback: false, ...this.#transport, ...change };
    delete this.#fields['transport-protocol'];
  }
}

/** Where a word ends that begins at `start`: at a blank outside of brackets. @returns -1 for a bracket that stays open */
function wordEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '[') depth++;
    else if (c === ']') depth--;
    else if (c === ' ' && depth <= 0) return at;
  }
  return depth > 0 ? -1 : text.length;
}

/**
 * What stands between brackets: a dictionary where any word has a `=`, else a list.
 * @returns a reason where it is neither
 */
function parseBrackets(text: string, depth: number): NgValue[] | Record<string, NgValue> | string {
  if (depth > DEEPEST_BRACKETS) return `brackets nest deeper than ${DEEPEST_BRACKETS}`;
  const words: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) === 0x20) at++;
    else {
      const end = wordEnd(text, at);
      if (end < 0) return 'a bracket is not closed';
      words.push(text.slice(at, end));
      at = end;
    }
  }
  const isPair = (word: string) => !word.startsWith('[') && word.includes('=');
  if (!words.some(isPair)) {
    const list: NgValue[] = [];
    for (const word of words) {
      const value = bracketValue(word, depth);
      if (value === undefined) return `"${word}" cannot be read`;
      list.push(value);
    }
    return list;
  }
  const dictionary = emptyDictionary();
  for (const word of words) {
    const equals = word.indexOf('=');
    const value = equals > 0 ? bracketValue(word.slice(equals + 1), depth) : undefined;
    if (!isPair(word) || value === undefined) return `"${word}" is no key with a value, as the others are`;
    dictionary[word.slice(0, equals)] = value;
  }
  return dictionary;
}

function bracketValue(word: string, depth: number): NgValue | undefined {
  if (word === '') return undefined;
  if (!word.startsWith('[')) return unescaped(word);
  if (!word.endsWith(']')) return undefined;
  const inner = parseBrackets(word.slice(1, -1), depth + 1);
  return typeof inner === 'string' ? undefined : inner;
}

/** `--` stands for `=`, and `..` for a blank. */
function unescaped(word: string): string {
  return word.replaceAll('--', '=').replaceAll('..', ' ');
}
