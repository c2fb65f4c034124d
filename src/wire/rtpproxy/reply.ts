import { ipFamily } from '../../base/ip.ts';
import { parsePort } from '../sdp/lines.ts';
import { parseDecimal } from '../sip/text.ts';
import { splitWords } from './words.ts';

const MOST_WORDS = 256;

/** An answer: the words of the command's result and of each sub-command's, or the number of an error. */
export type RtpproxyReply =
  | {
      readonly ok: true;
      readonly words: readonly string[];
      readonly subresults: readonly (readonly string[])[];
    }
  | { readonly ok: false; readonly error: number };

/** Where a relay listens for a medium, as `U` and `L` are answered. */
export interface RelayAddress {
  /** 0: no such session. */
  readonly port: number;
  /** undefined where the daemon listens on any address and tells none. */
  readonly address: string | undefined;
}

/** @param text without its cookie. @returns undefined for what is empty */
export function parseReply(text: string): RtpproxyReply | undefined {
  const all = splitWords(text, MOST_WORDS);
  const first = all[0];
  if (first === undefined) return undefined;
  if (first.charAt(0) === 'E' || first.charAt(0) === 'e') {
    const error = parseDecimal(first.slice(1));
    if (error !== undefined) return { ok: false, error };
  }
  const parts: string[][] = [[]];
  for (const word of all) {
    if (word === '&&') parts.push([]);
    else parts.at(-1)!.push(word);
  }
  const [words, ...subresults] = parts;
  return { ok: true, words: words!, subresults };
}

/** @returns `PORT [ADDRESS [6]]`, or undefined for what is none */
export function readRelayAddress(words: readonly string[]): RelayAddress | undefined {
  const port = parsePort(words[0] ?? '');
  const address = words[1];
  if (port === undefined || (address !== undefined && ipFamily(address) === 0)) return undefined;
  return { port, address };
}

/** Answer to `U` and `L`, without line end. */
export function printRelayAddress({ port, address }: RelayAddress): string {
  if (address === undefined || port === 0) return String(port);
  return `${port} ${address}${address.indexOf(':') >= 0 ? ' 6' : ''}`;
}

export function printError(error: number): string {
  return `E${error}`;
}

/**
 * Reads counters as `Q` and `G` are answered: `name=value` with `v`, else values in the order of the names.
 * @returns undefined where a value is no number, or there are more values than names
 */
export function readCounters(
  words: readonly string[],
  names: readonly string[],
): Map<string, number> | undefined {
  const counters = new Map<string, number>();
  for (const [i, word] of words.entries()) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? names[i] : word.slice(0, equals);
    const written = word.slice(equals + 1);
    const value = Number(written);
    if (name === undefined || written === '' || !Number.isFinite(value)) return undefined;
    counters.set(name, value);
  }
  return counters;
}

/** The counters of a query that names none. */
export const QUERY_COUNTERS: readonly string[] = ['ttl', 'npkts_ina', 'npkts_ino', 'nrelayed', 'ndropped'];

/** @param counters name and value of each, in the order asked for. @returns `name=value …` or `value …` */
export function printCounters(counters: readonly (readonly [string, string])[], verbose: boolean): string {
  return counters.map(([name, value]) => (verbose ? `${name}=${value}` : value)).join(' ');
}
