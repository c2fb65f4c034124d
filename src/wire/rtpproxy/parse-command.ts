import { ipFamily } from '../../base/ip.ts';
import { parsePort } from '../sdp/lines.ts';
import { parseDecimal } from '../sip/text.ts';
import type {
  Notify,
  RemoteMedia,
  RtpproxyCommand,
  StreamKey,
  Subcommand,
  UpdateCommand,
} from './command.ts';
import { RtpproxyError, type RtpproxyErrorCode } from './error-code.ts';
import { parseCodecs, parseModifiers } from './modifiers.ts';
import { unescapeTag } from './notify-tag.ts';
import { splitWords } from './words.ts';

/** Words of a command or sub-command, its own included. */
const MOST_WORDS = 24;
const MOST_SUBCOMMANDS = 15;
/** Counters that a query may name. */
const MOST_COUNTERS = 11;
const MOST_IN_ALL = MOST_WORDS * (MOST_SUBCOMMANDS + 1);
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
  q: { words: [3, 4 + MOST_COUNTERS], modifiers: true, subcommands: true },
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
  const [words, ...subcommands] = parts(splitWords(text, MOST_IN_ALL + 1));
  const word = words?.[0];
  if (word === undefined || !words || subcommands.length > MOST_SUBCOMMANDS) return RtpproxyError.Syntax;
  if (words.length > MOST_WORDS) return RtpproxyError.Syntax;
  if (subcommands.some((it) => it.length === 0 || it.length > MOST_WORDS)) return RtpproxyError.Syntax;
  const isFeature = word.slice(0, 2).toLowerCase() === 'vf';
  const letter = isFeature ? 'vf' : word.charAt(0).toLowerCase();
  const form = Object.hasOwn(FORMS, letter) ? FORMS[letter] : undefined;
  if (!form) return RtpproxyError.UnknownCommand;
  if (words.length < form.words[0] || words.length > form.words[1]) return RtpproxyError.ArgumentCount;
  const modifiers = word.slice(letter.length);
  if (!form.modifiers && modifiers !== '') return RtpproxyError.Modifiers;
  if (subcommands.length === 0) return readCommand(letter, modifiers, words, []);
  // The answer of the other party has its tag from the command.
  const forBoth = letter === 'u' && (words.length === 6 || words.length === 8);
  const read = form.subcommands && readSubcommands(subcommands, forBoth);
  return read ? readCommand(letter, modifiers, words, read) : RtpproxyError.Subcommand;
}

/** @returns what stands before, between and behind each `&&` */
function parts(words: readonly string[]): string[][] {
  const found: string[][] = [[]];
  for (const word of words) {
    if (word === '&&') found.push([]);
    else found.at(-1)!.push(word);
  }
  return found;
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
      const error = lettersError(modifiers, 's', 'p');
      return error ?? { kind: 'record', singleFile: modifiers !== '', ...key(callId, words, 2) };
    }
    case 'c': {
      const stop = modifiers.startsWith('-');
      const letters = modifiers.slice(stop ? 1 : 0).toLowerCase();
      const error = lettersError(letters, 'sp', '');
      if (error !== undefined) return error;
      const how = { singleFile: letters.includes('s'), replyPort: letters.includes('p') };
      return { kind: 'copy', stop, ...how, destination: words[2]!, ...key(callId, words, 3) };
    }
    case 'n': {
      if (modifiers === '') return { kind: 'stop-record', all: false, ...key(callId, words, 2) };
      if (modifiers.charAt(0).toLowerCase() !== 'a') return RtpproxyError.RecordModifier;
      if (modifiers.length > 1) return RtpproxyError.AfterRecordModifier;
      return { kind: 'stop-record', all: true, ...key(callId, words, 2) };
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
      const letters = modifiers.toLowerCase();
      for (const c of letters) if (c !== 'b' && c !== 'l') return RtpproxyError.InfoModifier;
      return { kind: 'info', brief: letters.includes('b'), load: letters.includes('l') };
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
  const remote = readRemote(text, words[2]!, words[3]!);
  if (typeof remote === 'number') return remote;
  return {
    kind,
    callId: words[1]!,
    fromTag: words[4]!,
    ...(toTag === undefined ? {} : { toTag }),
    ...(notify === undefined ? {} : { notify }),
    ...remote,
    subcommands,
  };
}

function readRemote(text: string, written: string, writtenPort: string): RemoteMedia | RtpproxyErrorCode {
  const modifiers = parseModifiers(text);
  if (typeof modifiers === 'number') return modifiers;
  const { ipv6 } = modifiers;
  const port = parsePort(writtenPort);
  // What is too short for an address, such as `-`, says nothing about the address.
  const address = written.length < (ipv6 ? 2 : 7) ? undefined : written;
  if (
    port === undefined ||
    (address !== undefined && (ipFamily(address) !== (ipv6 ? 6 : 4) || address.startsWith('[')))
  ) {
    return RtpproxyError.MediaAddress;
  }
  return { modifiers, address, port };
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

function readSubcommands(all: readonly (readonly string[])[], forBoth: boolean): Subcommand[] | undefined {
  const found: Subcommand[] = [];
  for (const words of all) {
    const subcommand = readSubcommand(words, forBoth);
    if (!subcommand) return undefined;
    found.push(subcommand);
  }
  return found;
}

function readSubcommand([word = '', ...args]: readonly string[], forBoth: boolean): Subcommand | undefined {
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
    case 's':
      return readSet(rest, args);
    case 'l': {
      const remote = forBoth && args.length === 2 ? readRemote(rest, args[0]!, args[1]!) : undefined;
      return typeof remote === 'object' ? { kind: 'lookup', ...remote } : undefined;
    }
    case 'c': {
      const [callId, fromTag, toTag] = args;
      if (!forBoth || rest !== '' || args.length !== 3) return undefined;
      return { kind: 'copy', callId: callId!, fromTag: fromTag!, toTag: toTag! };
    }
    default:
      return undefined;
  }
}

function readSet(rest: string, args: readonly string[]): Subcommand | undefined {
  const reverse = only(rest, 'r');
  const [name, written = ''] = (args[0] ?? '').split('=', 2);
  const value = parseDecimal(written);
  if (reverse === undefined || rest.length > 1 || args.length !== 1 || !value) return undefined;
  return name === 'ttl' || name === 'tos' ? { kind: 'set', reverse, parameter: name, value } : undefined;
}

function readNotify(socket: string, written: string): Notify | typeof RtpproxyError.NotifyTag {
  const tag = unescapeTag(written);
  return tag === undefined ? RtpproxyError.NotifyTag : { socket, tag };
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

/** @param known letters that may be there, @param misplaced those that belong to another command */
function lettersError(modifiers: string, known: string, misplaced: string): RtpproxyErrorCode | undefined {
  for (const c of modifiers.toLowerCase()) {
    if (misplaced.includes(c)) return RtpproxyError.AfterRecordModifier;
    if (!known.includes(c)) return RtpproxyError.RecordModifier;
  }
  return undefined;
}
