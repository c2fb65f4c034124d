import type { RE2JS } from 're2js';
import { BoundedMap } from '../../../base/bounded-map.ts';
import { Cidr, canonicalHost, ipFamily } from '../../../base/ip.ts';
import { pattern } from '../compile/pattern.ts';
import { splitRoutes } from '../core/route-list.ts';
import { textOf, type Value } from '../value.ts';
import { fromBytes, toBytes } from './ip-bytes.ts';
import { numeric } from './string-transforms.ts';
import type { TransformSpec, TransformTable } from './transform.ts';

function text(describe: string, make: (text: string) => Value): TransformSpec {
  return {
    describe,
    args: [0, 0],
    run: (value) => {
      const given = textOf(value);
      return given === undefined ? null : make(given);
    },
  };
}

function one(
  describe: string,
  most: 1 | 2,
  make: (text: string, arg: Value, second: Value | undefined) => Value,
): TransformSpec {
  return {
    describe,
    args: [1, most],
    run: (value, [first, second]) => {
      const given = textOf(value);
      return given === undefined ? null : make(given, first ?? null, second);
    },
  };
}

/** Private as OpenSIPS has it: RFC 1918, RFC 6598, loopback. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8'].map(
  (range) => Cidr.parse(range)!,
);

/** An address stays as it is; names are looked up by the resolver before a message is sent, never in the script. */
const resolved = text(
  'An address stays as it is; NULL for a name, for the script does not wait for name servers.',
  (given) => (ipFamily(given) === 0 ? null : given),
);

/** `{ip.…}` */
export const ipTransforms: TransformTable = {
  'ip.pton': text('Its bytes.', (given) => toBytes(given) ?? null),
  'ip.ntop': text('An address from its bytes.', (given) => fromBytes(given) ?? null),
  'ip.isip': text('1 for an address, else 0.', (given) => (ipFamily(given) === 0 ? 0 : 1)),
  'ip.isip4': text('1 for an IPv4 address, else 0.', (given) => (ipFamily(given) === 4 ? 1 : 0)),
  'ip.isip6': text('1 for an IPv6 address, else 0.', (given) => (ipFamily(given) === 6 ? 1 : 0)),
  'ip.family': text('INET or INET6, of the bytes of an address.', (given) =>
    given.length === 4 ? 'INET' : given.length === 16 ? 'INET6' : null,
  ),
  'ip.resolve': resolved,
  'ip.resolve4': resolved,
  'ip.resolve6': resolved,
  'ip.matches': one(
    '1 where it is in a network, else 0; NULL where one of both cannot be read.',
    1,
    (given, mask) => {
      const network = Cidr.parse(textOf(mask) ?? '');
      const family = ipFamily(given);
      if (network === undefined || family === 0 || ((textOf(mask) ?? '').includes(':') ? 6 : 4) !== family)
        return null;
      return network.contains(canonicalHost(given)) ? 1 : 0;
    },
  ),
  'ip.isprivate': text('1 for a private IPv4 address, else 0.', (given) => {
    const family = ipFamily(given);
    if (family === 0) return null;
    return family === 4 && PRIVATE.some((range) => range.contains(given)) ? 1 : 0;
  }),
};

/** Values with commas between; those in quotes may hold commas. */
function fields(given: string): readonly string[] {
  return given === '' ? [] : given.includes('"') ? splitRoutes(given) : given.split(',');
}

/** `{csv.…}` */
export const csvTransforms: TransformTable = {
  'csv.count': text('How many values there are.', (given) => fields(given).length),
  'csv.value': one(
    'A value by its place, from 0, or -1 for the last.',
    1,
    (given, index) => fields(given).at(numeric(index)) ?? null,
  ),
};

function sdpLines(given: string): readonly string[] {
  return given.split(/\r?\n/).filter((line) => line !== '');
}

/** The streams of a description: each m= line with what belongs to it; the session before them is the first. */
function streams(given: string): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const line of sdpLines(given)) {
    if (line.startsWith('m=')) parts.push([line]);
    else parts.at(-1)!.push(line);
  }
  return parts;
}

function lines(of: readonly string[]): string {
  return of.map((line) => `${line}\r\n`).join('');
}

function isStream(part: readonly string[], media: string): boolean {
  return part[0]!.slice(2).startsWith(`${media} `);
}

/** `{sdp.…}` */
export const sdpTransforms: TransformTable = {
  'sdp.line': one('A line by its letter, and by its place among those.', 2, (given, letter, index) => {
    const wanted = `${textOf(letter)}=`;
    return (
      sdpLines(given)
        .filter((line) => line.startsWith(wanted))
        .at(numeric(index ?? 0)) ?? null
    );
  }),
  'sdp.stream': one('A stream by its place, or the first of a kind of media.', 1, (given, which) => {
    const all = streams(given).slice(1);
    const name = textOf(which) ?? '';
    const found = /^-?\d+$/.test(name) ? all.at(Number(name)) : all.find((part) => isStream(part, name));
    return found === undefined ? null : lines(found);
  }),
  'sdp.stream-delete': one(
    'Without a stream by its place, or those of a kind of media.',
    1,
    (given, which) => {
      const [session = [], ...all] = streams(given);
      const name = textOf(which) ?? '';
      const dropped = /^-?\d+$/.test(name)
        ? [all.at(Number(name))]
        : all.filter((part) => isStream(part, name));
      const kept = all.filter((part) => !dropped.includes(part));
      return kept.length === all.length ? null : lines([session, ...kept].flat());
    },
  ),
};

export interface Substitution {
  readonly pattern: RE2JS;
  readonly replacement: string;
  readonly all: boolean;
}

const substitutions = new BoundedMap<string, Substitution | undefined>(1000, 'drop-oldest');

/** `/expression/replacement/flags`; the first character is what separates them. */
export function substitution(given: string): Substitution | undefined {
  if (substitutions.has(given)) return substitutions.get(given);
  const parsed = readSubstitution(given);
  substitutions.set(given, parsed);
  return parsed;
}

function readSubstitution(given: string): Substitution | undefined {
  const mark = given[0];
  if (mark === undefined || /[A-Za-z0-9\\]/.test(mark)) return undefined;
  const parts: string[] = [''];
  for (let at = 1; at < given.length; at++) {
    const c = given[at]!;
    if (c === '\\' && given[at + 1] === mark) {
      parts[parts.length - 1] += mark;
      at++;
    } else if (c === '\\') {
      parts[parts.length - 1] += c + (given[at + 1] ?? '');
      at++;
    } else if (c === mark) parts.push('');
    else parts[parts.length - 1] += c;
  }
  const [expression = '', replacement, flags = ''] = parts;
  if (replacement === undefined || parts.length > 3 || !/^[igs]*$/.test(flags)) return undefined;
  const compiled = pattern(expression, { matchCase: !flags.includes('i') });
  return compiled && { pattern: compiled, replacement, all: flags.includes('g') };
}

/** Replaces what a pattern finds; `\1` to `\9` stand for its groups, `\0` for all of it. */
export function substitute(
  given: string,
  { pattern: compiled, replacement, all }: Substitution,
): string | undefined {
  const matcher = compiled.matcher(given);
  let out = '';
  let from = 0;
  let found = false;
  while (matcher.find()) {
    found = true;
    out += given.slice(from, matcher.start());
    out += replacement.replaceAll(/\\(\d)|\\(.)/g, (_, group?: string, other?: string) =>
      group === undefined
        ? other === 'n'
          ? '\n'
          : other === 'r'
            ? '\r'
            : other === 't'
              ? '\t'
              : other!
        : Number(group) <= matcher.groupCount()
          ? (matcher.group(Number(group)) ?? '')
          : '',
    );
    from = matcher.end();
    if (!all) break;
  }
  return found ? out + given.slice(from) : undefined;
}

/** `{re.…}` */
export const reTransforms: TransformTable = {
  're.subst': one(
    'With what an expression finds replaced: /expression/replacement/flags.',
    1,
    (given, expression) => {
      const parsed = substitution(textOf(expression) ?? '');
      return parsed === undefined ? null : (substitute(given, parsed) ?? given);
    },
  ),
};
