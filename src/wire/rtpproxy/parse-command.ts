import { ipFamily } from '../../base/ip.ts';
import { parsePort } from '../sdp/lines.ts';
import { parseDecimal } from '../sip/text.ts';
import type { Notify, RtpproxyCommand, StreamKey, Subcommand, UpdateCommand } from './command.ts';
import { RtpproxyError, type RtpproxyErrorCode } from './error-code.ts';
import { parseCodecs, parseModifiers } from './modifiers.ts';
import { splitWords } from './words.ts';

/** More words than any command has: the counters of a query are the most. */
const MOST_WORDS = 64;
const MOST_SUBCOMMANDS = 8;
const MOST_PLAYS = 1_000_000;

export type CommandResult =
  | { readonly ok: true; readonly command: RtpproxyCommand }
  | { readonly ok: false; readonly error: RtpproxyErrorCode };

/** Fewest and most words of a command, its letter's included, whether modifiers and sub-commands may be there. */
interface Form {
  readonly words: readonly [least: number, most: number];
  readonly modifiers: boolean;
  readonly subcommands?: boolean;
}

const FORMS: Readonly<Record<string, Form>> = {
  u: { words: [5, 8], modifiers: true, subcommands: true },
  l: { words: [5, 6], modifiers: true, subcommands: true },
  d: { words: [3, 4], modifiers: true },
  p: { words: [5, 6], modifiers: true },
  s: { words: [3, 4], modifiers: false },
  r: { words: [3, 4], modifiers: true },
  c: { words: [4, 5], modifiers: true },
  n: { words: [3, 4], modifiers: true },
  q: { words: [3, MOST_WORDS], modifiers: true, subcommands: true },
  g: { words: [1, MOST_WORDS], modifiers: true },
  i: { words: [1, 1], modifiers: true },
  x: { words: [1, 1], modifiers: false },
  v: { words: [1, 1], modifiers: false },
  vf: { words: [2, 2], modifiers: false },
};

/**
 * Reads a command of rtpproxy's control protocol.
 * @param text without its cookie; a line end may stand at its end
 * @returns the number to answer with behind an `E` where it is wrong
 */
export function parseCommand(text: string): CommandResult {
  const command = read(text);
  return typeof command === 'number' ? { ok: false, error: command } : { ok: true, command };
}

function read(text: string): RtpproxyCommand | RtpproxyErrorCode {
  const all = splitWords(text, MOST_WORDS + 1);
  if (all.length === 0) return RtpproxyError.Syntax;
  const split = all.indexOf('&&');
  const words = split < 0 ? all : all.slice(0, split);
  const word = words[0] ?? '';
  const isFeature = word.slice(0, 2).toLowerCase() === 'vf';
  const letter = isFeature ? 'vf' : word.charAt(0).toLowerCase();
  const form = Object.hasOwn(FORMS, letter) ? FORMS[letter] : undefined;
  if (!form) return RtpproxyError.UnknownCommand;
  if (all.length > MOST_WORDS || words.length < form.words[0] || words.length > form.words[1]) {
    return RtpproxyError.ArgumentCount;
  }
  const modifiers = word.slice(letter.length);
  if (!form.modifiers && modifiers !== '') return RtpproxyError.Modifiers;
  if (split < 0) return readCommand(letter, modifiers, words, []);
  const subcommands = form.subcommands && readSubcommands(all.slice(split + 1));
  return subcommands ? readCommand(letter, modifiers, words, subcommands) : RtpproxyError.Subcommand;
}

function readCommand(
  letter: string,
  modifiers: string,
  words: readonly string[],
  subcommands: readonly Subcommand[],
): RtpproxyCommand | RtpproxyErrorCode {
  const callId = words[1] ?? '';
  switch (letter) {
    case 'u':
    case 'l':
      return readUpdate(letter === 'u' ? 'update' : 'lookup', modifiers, words, subcommands);
    case 'd': {
      const weak = only(modifiers, 'w');
      return weak === undefined
        ? RtpproxyError.DeleteModifier
        : { kind: 'delete', weak, ...key(callId, words, 2) };
    }
    case 'p':
      return readPlay(modifiers, words);
    case 's':
      return { kind: 'stop-play', ...key(callId, words, 2) };
    case 'r': {
      const singleFile = readSingle(modifiers);
      return typeof singleFile === 'number'
        ? singleFile
        : { kind: 'record', singleFile, ...key(callId, words, 2) };
    }
    case 'c': {
      const stop = modifiers.startsWith('-');
      const singleFile = readSingle(stop ? modifiers.slice(1) : modifiers);
      if (typeof singleFile === 'number') return singleFile;
      return { kind: 'copy', stop, singleFile, destination: words[2]!, ...key(callId, words, 3) };
    }
    case 'n': {
      const all = only(modifiers, 'a');
      return all === undefined
        ? RtpproxyError.RecordModifier
        : { kind: 'stop-record', all, ...key(callId, words, 2) };
    }
    case 'q': {
      const verbose = only(modifiers, 'v');
      if (verbose === undefined) return RtpproxyError.QueryModifier;
      return { kind: 'query', verbose, counters: words.slice(4), subcommands, ...key(callId, words, 2) };
    }
    case 'g': {
      const verbose = only(modifiers, 'v');
      if (verbose === undefined) return RtpproxyError.StatisticsModifier;
      return { kind: 'statistics', verbose, counters: words.slice(1) };
    }
    case 'i': {
      const brief = only(modifiers, 'b');
      return brief === undefined ? RtpproxyError.InfoModifier : { kind: 'info', brief };
    }
    case 'x':
      return { kind: 'delete-all' };
    case 'v':
      return { kind: 'version' };
    default:
      return { kind: 'feature', feature: words[1]! };
  }
}

function readUpdate(
  kind: 'update' | 'lookup',
  text: string,
  words: readonly string[],
  subcommands: readonly Subcommand[],
): UpdateCommand | RtpproxyErrorCode {
  // Seven words: a notification, and no To tag.
  const toTag = words.length === 7 ? undefined : words[5];
  const notify = words.length < 7 ? undefined : readNotify(words.at(-2)!, words.at(-1)!);
  if (notify === RtpproxyError.NotifyTag) return notify;
  const modifiers = parseModifiers(text);
  if (typeof modifiers === 'number') return modifiers;
  const { ipv6 } = modifiers;
  const family = ipv6 ? 6 : 4;
  const written = words[2]!;
  const port = parsePort(words[3]!);
  // What is too short for an address, such as `-`, says nothing about the address.
  const address = written.length < (ipv6 ? 2 : 7) ? undefined : written;
  if (
    port === undefined ||
    (address !== undefined && (ipFamily(address) !== family || address.startsWith('[')))
  ) {
    return RtpproxyError.MediaAddress;
  }
  return {
    kind,
    callId: words[1]!,
    fromTag: words[4]!,
    ...(toTag === undefined ? {} : { toTag }),
    ...(notify === undefined ? {} : { notify }),
    modifiers,
    address,
    port,
    subcommands,
  };
}

function readPlay(modifiers: string, words: readonly string[]): RtpproxyCommand | RtpproxyErrorCode {
  const negative = modifiers.startsWith('-');
  const count = modifiers === '' ? 1 : parseDecimal(negative ? modifiers.slice(1) : modifiers);
  if (count === undefined || count > MOST_PLAYS) return RtpproxyError.PlayCount;
  const codecs = words[3] === 'session' ? 'session' : parseCodecs(words[3]!);
  if (codecs === undefined) return RtpproxyError.PlayFailed;
  const times = negative && count > 0 ? -1 : count;
  return { kind: 'play', count: times, prompt: words[2]!, codecs, ...key(words[1]!, words, 4) };
}

function readSubcommands(words: readonly string[]): Subcommand[] | undefined {
  const found: Subcommand[] = [];
  for (let at = 0; at <= words.length; ) {
    const next = words.indexOf('&&', at);
    const end = next < 0 ? words.length : next;
    const subcommand = readSubcommand(words.slice(at, end));
    if (!subcommand || found.push(subcommand) > MOST_SUBCOMMANDS) return undefined;
    at = end + 1;
  }
  return found;
}

function readSubcommand([word = '', ...args]: readonly string[]): Subcommand | undefined {
  const rest = word.slice(1);
  switch (word.charAt(0).toLowerCase()) {
    case 'm': {
      const colon = rest.indexOf(':');
      const module = parseDecimal(rest.slice(0, Math.max(0, colon)));
      const instance = parseDecimal(rest.slice(colon + 1));
      return module && instance ? { kind: 'module', module, instance, args } : undefined;
    }
    case 'd': {
      const weak = only(rest, 'w');
      return weak === undefined || args.length > 0 ? undefined : { kind: 'delete', weak };
    }
    case 't': {
      const reverse = rest.charAt(0).toLowerCase() === 'r';
      const seconds = parseDecimal(reverse ? rest.slice(1) : rest);
      return seconds && args.length === 0 ? { kind: 'ttl', reverse, seconds } : undefined;
    }
    default:
      return undefined;
  }
}

function readNotify(socket: string, written: string): Notify | typeof RtpproxyError.NotifyTag {
  const tag = unescaped(written);
  return tag === undefined ? RtpproxyError.NotifyTag : { socket, tag };
}

/** @returns undefined for escapes that are none, and for line breaks, which would be a second notification */
function unescaped(text: string): string | undefined {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c !== '%') {
      out += c;
      continue;
    }
    const high = hexDigit(text.charCodeAt(at + 1));
    const low = hexDigit(text.charCodeAt(at + 2));
    const byte = high * 16 + low;
    if (high < 0 || low < 0 || byte === 0x0a || byte === 0x0d || byte === 0) return undefined;
    out += String.fromCharCode(byte);
    at += 2;
  }
  return out;
}

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function key(callId: string, words: readonly string[], from: number): StreamKey {
  const toTag = words[from + 1];
  return { callId, fromTag: words[from]!, ...(toTag === undefined ? {} : { toTag }) };
}

/** @returns whether the one letter that may be there is; undefined where another is */
function only(modifiers: string, letter: string): boolean | undefined {
  for (const c of modifiers) if (c.toLowerCase() !== letter) return undefined;
  return modifiers !== '';
}

function readSingle(modifiers: string): boolean | RtpproxyErrorCode {
  if (modifiers === '') return false;
  if (modifiers.charAt(0).toLowerCase() !== 's') return RtpproxyError.RecordModifier;
  return modifiers.length === 1 ? true : RtpproxyError.AfterRecordModifier;
}
