import type { RE2JS } from 're2js';
import { nearest } from '../../../../base/nearest.ts';
import { pattern } from '../../compile/pattern.ts';
import type { ParsedArgument } from '../../frame/argument.ts';

/** The flags of `save`. */
export interface SaveFlags {
  readonly memoryOnly: boolean;
  readonly noReply: boolean;
  readonly socketHeader: boolean;
  readonly path: 'off' | 'lazy' | 'strict' | undefined;
  readonly pathReceived: boolean;
  readonly force: boolean;
  readonly onlyRequested: boolean;
  readonly maxContacts: number | undefined;
  readonly minExpires: number | undefined;
  readonly maxExpires: number | undefined;
  /** The name of a URI parameter, or whether Call-ID counts. */
  readonly matching: 'contact' | 'call-id' | { readonly param: string } | undefined;
}

/** The flags of `lookup`. */
export interface LookupFlags {
  readonly noBranches: boolean;
  readonly toBranches: boolean;
  readonly fromBranches: boolean;
  readonly byMethod: boolean;
  readonly agent: RE2JS | undefined;
  /** In µs. */
  readonly maxLatency: number | undefined;
  readonly byLatency: boolean;
}

type Words = ReadonlyMap<string, string>;

/** Flag words and their letters in older scripts. A word with `=` takes a value. */
const SAVE_WORDS: Readonly<Record<string, string>> = {
  'memory-only': 'm',
  'no-reply': 'r',
  'max-contacts=': 'c',
  'force-registration': 'f',
  'matching-mode=': 'M',
  'path-off': 'p0',
  'path-lazy': 'p1',
  'path-strict': 'p2',
  'path-received': 'v',
  'only-request-contacts': 'o',
  'socket-header': 's',
  'min-expires=': 'e',
  'max-expires=': 'E',
};

const LOOKUP_WORDS: Readonly<Record<string, string>> = {
  'no-branches': 'b',
  'to-branches-only': 'B',
  branch: 'r',
  'method-filtering': 'm',
  'ua-filtering=': 'u',
  'case-insensitive': 'i',
  'extended-regexp': 'e',
  global: 'g',
  'max-ping-latency=': 'y',
  'sort-by-latency': 'Y',
};

export function saveFlags(text: string): ParsedArgument<SaveFlags> {
  const read = readWords(text, SAVE_WORDS);
  if (!read.ok) return read;
  const words = read.value;
  const wrong = notANumber(words, ['max-contacts', 'min-expires', 'max-expires']);
  if (wrong !== undefined) return wrong;
  const mode = words.get('matching-mode');
  const param = /^<(.+)>$/.exec(mode ?? '')?.[1];
  if (mode !== undefined && mode !== '0' && mode !== '1' && param === undefined) {
    return { ok: false, problem: `matching-mode=${mode} is none`, hint: 'it is 0, 1 or <param>' };
  }
  const path = (['off', 'lazy', 'strict'] as const).find((it) => words.has(`path-${it}`));
  const value: SaveFlags = {
    memoryOnly: words.has('memory-only'),
    noReply: words.has('no-reply'),
    socketHeader: words.has('socket-header'),
    path,
    pathReceived: words.has('path-received'),
    force: words.has('force-registration'),
    onlyRequested: words.has('only-request-contacts'),
    maxContacts: numberOf(words, 'max-contacts'),
    minExpires: numberOf(words, 'min-expires'),
    maxExpires: numberOf(words, 'max-expires'),
    matching: param !== undefined ? { param } : mode && (mode === '1' ? 'call-id' : 'contact'),
  } as SaveFlags;
  return { ...read, value };
}

export function lookupFlags(text: string): ParsedArgument<LookupFlags> {
  const read = readWords(text, LOOKUP_WORDS);
  if (!read.ok) return read;
  const words = read.value;
  const wrong = notANumber(words, ['max-ping-latency']);
  if (wrong !== undefined) return wrong;
  const filter = words.get('ua-filtering');
  const match = /^\/(.+)\/([ie]*)$/.exec(filter ?? '');
  if (filter !== undefined && !match) {
    return {
      ok: false,
      problem: `ua-filtering=${filter} is no expression`,
      hint: 'write ua-filtering=/phone/',
    };
  }
  const ignoreCase = words.has('case-insensitive') || match?.[2]?.includes('i') === true;
  const agent = match ? pattern(match[1]!, { matchCase: !ignoreCase }) : undefined;
  if (match && agent === undefined) {
    return { ok: false, problem: `${match[1]} is no regular expression` };
  }
  return {
    ...read,
    value: {
      noBranches: words.has('no-branches'),
      toBranches: words.has('to-branches-only'),
      fromBranches: words.has('branch'),
      byMethod: words.has('method-filtering'),
      agent,
      maxLatency: numberOf(words, 'max-ping-latency'),
      byLatency: words.has('sort-by-latency'),
    },
  };
}

/** `word, word=value`, or the letters of older scripts in one word. */
function readWords(text: string, known: Readonly<Record<string, string>>): ParsedArgument<Words> {
  const found = new Map<string, string>();
  const trimmed = text.trim();
  if (trimmed === '') return { ok: true, value: found };
  for (const part of trimmed.split(/,\s*/)) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim();
    const word = equals < 0 ? name : `${name}=`;
    if (!Object.hasOwn(known, word)) {
      const older = readLetters(trimmed, known);
      if (older !== undefined) return older;
      const names = Object.keys(known).map((it) => it.replace('=', ''));
      const near = nearest(name, names);
      return {
        ok: false,
        problem: `there is no flag ${name}`,
        hint: near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`,
      };
    }
    found.set(name, equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return { ok: true, value: found };
}

/** `mrc5f`, `p1v`, `u/phone/i`. @returns undefined for what are none */
function readLetters(
  text: string,
  known: Readonly<Record<string, string>>,
): ParsedArgument<Words> | undefined {
  const found = new Map<string, string>();
  const written: string[] = [];
  let at = 0;
  while (at < text.length) {
    const entry = Object.entries(known).find(([, letters]) => text.startsWith(letters, at));
    if (entry === undefined) return undefined;
    const [word, letters] = entry;
    at += letters.length;
    const name = word.replace('=', '');
    const value = word.endsWith('=') ? /^(?:\d+|<[^>]+>|\/[^/]*\/)/.exec(text.slice(at))?.[0] : '';
    if (value === undefined) return undefined;
    at += value.length;
    found.set(name, value);
    written.push(word + value);
  }
  return { ok: true, value: found, notice: `an older spelling: write "${written.join(',')}"` };
}

function numberOf(words: Words, name: string): number | undefined {
  const text = words.get(name);
  return text === undefined ? undefined : Number(text);
}

function notANumber(
  words: Words,
  names: readonly string[],
): (ParsedArgument<never> & { ok: false }) | undefined {
  const name = names.find((it) => words.has(it) && !/^\d+$/.test(words.get(it)!));
  return name === undefined ? undefined : { ok: false, problem: `${name}=${words.get(name)} is no number` };
}
