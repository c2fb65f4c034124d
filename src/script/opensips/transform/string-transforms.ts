import { createHmac, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { escapeParam, escapeUser, undoEscapes } from '../../../wire/sip/escape.ts';
import { numberOf, textOf, toInt, type Value } from '../value.ts';
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

/** A number given as one or as text; text without digits is 0. */
export function numeric(value: Value): number {
  return numberOf(value) ?? leadingInt(textOf(value) ?? '');
}

function leadingInt(given: string): number {
  const digits = /^\s*([+-]?\d+)/.exec(given)?.[1];
  return digits === undefined ? 0 : toInt(Number(digits));
}

function bytes(given: string): Buffer {
  return Buffer.from(given, 'latin1');
}

const UNPRINTABLE = /[^\x20-\x7e]/;

/** Digits in lower case; NULL for what cannot be printed. */
function escaped(encode: (given: string) => string): (given: string) => Value {
  return (given) => {
    return UNPRINTABLE.test(given) ? null : encode(given).replaceAll(/%../g, (code) => code.toLowerCase());
  };
}

function unescaped(given: string): Value {
  const undone = undoEscapes(given);
  return UNPRINTABLE.test(undone) ? null : undone;
}

function digest(algorithm: string): TransformSpec {
  return text(`${algorithm.toUpperCase()} in hexadecimal digits.`, (given) =>
    hash(algorithm, bytes(given), 'hex'),
  );
}

function hmac(algorithm: string): TransformSpec {
  return {
    describe: `HMAC with ${algorithm.toUpperCase()} and a key.`,
    args: [1, 1],
    run: (value, [key]) => {
      const given = textOf(value);
      const secret = textOf(key ?? null);
      if (given === undefined || secret === undefined) return null;
      return createHmac(algorithm, bytes(secret)).update(bytes(given)).digest('hex');
    },
  };
}

function fill(
  describe: string,
  put: (given: string, padding: string) => string,
  side: 'left' | 'right',
): TransformSpec {
  return {
    describe,
    args: [2, 2],
    run: (value, [token, length]) => {
      const given = textOf(value);
      const piece = textOf(token ?? null);
      const wanted = numeric(length ?? null);
      if (given === undefined || piece === undefined || piece === '' || wanted > LONGEST) return null;
      const missing = wanted - given.length;
      if (missing <= 0) return given;
      const whole = piece.repeat(Math.ceil(missing / piece.length));
      // On the left the piece ends where the text begins.
      return put(given, side === 'left' ? whole.slice(whole.length - missing) : whole.slice(0, missing));
    },
  };
}

/** Longer texts are nobody's intent. */
const LONGEST = 65_536;

function trim(describe: string, pattern: RegExp): TransformSpec {
  return text(describe, (given) => given.replace(pattern, ''));
}

/** Where a text is within another; a negative start counts from the end, and wraps. */
function find(describe: string, last: boolean): TransformSpec {
  return {
    describe,
    args: [1, 2],
    run: (value, [needle, from]) => {
      const given = textOf(value);
      const wanted = textOf(needle ?? null);
      if (given === undefined || wanted === undefined) return null;
      const start = from === undefined ? undefined : wrapped(numeric(from), given.length);
      const at = last ? given.lastIndexOf(wanted, start ?? given.length) : given.indexOf(wanted, start ?? 0);
      return at < 0 ? null : at;
    },
  };
}

function wrapped(index: number, length: number): number {
  if (index >= 0 || length === 0) return index;
  return ((index % length) + length) % length;
}

/** `{s.…}` */
export const stringTransforms: TransformTable = {
  's.len': text('Length in bytes.', (given) => given.length),
  's.int': text('The number at the beginning, 0 where there is none.', leadingInt),
  's.md5': digest('md5'),
  's.crc32': text('CRC-32 as a decimal number.', (given) => String(crc32(bytes(given)))),
  's.reverse': text('The other way round.', (given) => [...given].reverse().join('')),
  's.substr': {
    describe:
      'A piece from an offset on, of a length; 0 means up to the end, negative numbers count from the end.',
    args: [2, 2],
    run: (value, [offset, length]) => {
      const given = textOf(value);
      if (given === undefined) return null;
      const start = numeric(offset ?? null);
      const from = start < 0 ? given.length + start : start;
      if (from < 0 || from > given.length) return null;
      const size = numeric(length ?? null);
      if (size === 0) return given.slice(from);
      const end = size < 0 ? given.length + size : from + size;
      return end < from ? null : given.slice(from, end);
    },
  },
  's.select': {
    describe: 'A field between separators, from 0, or -1 for the last.',
    args: [2, 2],
    run: (value, [index, separator]) => {
      const given = textOf(value);
      const mark = textOf(separator ?? null);
      if (given === undefined || mark === undefined || mark === '') return null;
      const fields = given.split(mark[0]!);
      const at = numeric(index ?? null);
      return fields[at < 0 ? fields.length + at : at] ?? null;
    },
  },
  's.encode.hexa': text('In hexadecimal digits.', (given) => bytes(given).toString('hex')),
  's.decode.hexa': text('From hexadecimal digits.', (given) =>
    /^(?:[0-9a-fA-F]{2})*$/.test(given) ? Buffer.from(given, 'hex').toString('latin1') : null,
  ),
  's.escape.common': text('Quotes, backslashes and NULs with a backslash before them.', (given) =>
    given.replaceAll(/['"\\\0]/g, (c) => (c === '\0' ? '\\0' : `\\${c}`)),
  ),
  's.unescape.common': text('Takes such backslashes away.', (given) =>
    given.replaceAll(/\\(['"\\0])/g, (_, c: string) => (c === '0' ? '\0' : c)),
  ),
  's.escape.user': text('What a user part must not hold as %xx.', escaped(escapeUser)),
  's.unescape.user': text('Undoes %xx.', unescaped),
  's.escape.param': text('What a parameter must not hold as %xx.', escaped(escapeParam)),
  's.unescape.param': text('Undoes %xx.', unescaped),
  's.tolower': text('ASCII letters in lower case.', (given) =>
    given.replaceAll(/[A-Z]+/g, (it) => it.toLowerCase()),
  ),
  's.toupper': text('ASCII letters in upper case.', (given) =>
    given.replaceAll(/[a-z]+/g, (it) => it.toUpperCase()),
  ),
  's.index': find('Where a text begins within it, from the left.', false),
  's.rindex': find('Where a text begins within it, from the right.', true),
  's.fill.left': fill(
    'Filled with a text on the left up to a length.',
    (given, padding) => padding + given,
    'left',
  ),
  's.fill.right': fill(
    'Filled with a text on the right up to a length.',
    (given, padding) => given + padding,
    'right',
  ),
  's.width': {
    describe: 'Cut or filled with blanks to a length.',
    args: [1, 1],
    run: (value, [length]) => {
      const given = textOf(value);
      const wanted = numeric(length ?? null);
      if (given === undefined || wanted < 0 || wanted > LONGEST) return null;
      return given.slice(0, wanted).padEnd(wanted);
    },
  },
  's.trim': trim('Without blanks at both ends.', /^[ \t\r\n]+|[ \t\r\n]+$/g),
  's.trimr': trim('Without blanks at the end.', /[ \t\r\n]+$/),
  's.triml': trim('Without blanks at the beginning.', /^[ \t\r\n]+/),
  's.dec2hex': text('A decimal number in hexadecimal digits.', (given) =>
    (leadingInt(given) >>> 0).toString(16),
  ),
  's.hex2dec': text('Hexadecimal digits as a number.', (given) => {
    const digits = /^(?:0x)?([0-9a-fA-F]+)$/.exec(given.trim())?.[1];
    return digits === undefined ? null : toInt(Number.parseInt(digits, 16));
  }),
  's.b64encode': text('Base64.', (given) => bytes(given).toString('base64')),
  's.b64decode': text('From Base64.', (given) => Buffer.from(given, 'base64').toString('latin1')),
  's.xor': {
    describe: 'Each byte with that of a secret, which repeats.',
    args: [1, 1],
    run: (value, [secret]) => {
      const given = textOf(value);
      const key = textOf(secret ?? null);
      if (given === undefined || key === undefined || key === '') return null;
      let out = '';
      for (let i = 0; i < given.length; i++) {
        out += String.fromCharCode(given.charCodeAt(i) ^ key.charCodeAt(i % key.length));
      }
      return out;
    },
  },
  's.eval': {
    describe: 'The text as a format: variables in it are filled in.',
    args: [0, 0],
    run: (value, _args, m) => {
      const given = textOf(value);
      return given === undefined ? null : m.program.evaluate(m, given);
    },
  },
  's.date2unix': text('A Date header as seconds since 1970.', (given) => {
    const time = Date.parse(given);
    return Number.isNaN(time) ? null : String(Math.floor(time / 1000));
  }),
  's.sha1': digest('sha1'),
  's.sha224': digest('sha224'),
  's.sha256': digest('sha256'),
  's.sha384': digest('sha384'),
  's.sha512': digest('sha512'),
  's.sha1_hmac': hmac('sha1'),
  's.sha224_hmac': hmac('sha224'),
  's.sha256_hmac': hmac('sha256'),
  's.sha384_hmac': hmac('sha384'),
  's.sha512_hmac': hmac('sha512'),
};
