import type { VariableSpec } from '../frame/variable.ts';
import { numberOf, textOf, type Value } from '../value.ts';
import { pick } from './indexed.ts';
import { LOG_LEVELS } from './log-level.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;

const returnCode: VariableSpec<undefined> = {
  describe: 'What the last function or route returned.',
  read: (m) => m.rc,
};

const COLOURS: Readonly<Record<string, number>> = {
  s: 30,
  r: 31,
  g: 32,
  y: 33,
  b: 34,
  p: 35,
  c: 36,
  w: 37,
  x: 39,
};

/** Variables of the script itself. */
export const scriptVariables: Variables = {
  var: {
    describe: 'A variable of one run of a route with all that it calls.',
    inner: 'name',
    read: () => null,
    write: () => false,
  },
  avp: {
    describe: 'A stack of values that belongs to the request and all that comes of it.',
    inner: 'name',
    indexed: true,
    read: (m, _s, name, index) => {
      const { avps } = m;
      const key = avpName(name);
      if (index === '*') return avps.joined(key);
      return index === 'append' ? null : avps.get(key, index ?? 0);
    },
    write: (m, _s, value, name, index, how) => {
      const { avps } = m;
      const key = avpName(name);
      if (how === ':=' || index === '*') {
        if (value === null) avps.clear(key);
        else return avps.replace(key, value);
        return true;
      }
      if (index === 'append') return value !== null && avps.append(key, value);
      if (value === null) {
        avps.remove(key, index ?? 0);
        return true;
      }
      return index === undefined ? avps.push(key, value) : avps.setAt(key, index, value);
    },
  },
  rc: returnCode,
  retcode: returnCode,
  '?': { ...returnCode, older: 'write $rc' },
  return: {
    describe: 'A value that the last route returned behind its code, from 0.',
    inner: 'name',
    read: (m, _s, inner) => m.returned[Number(inner)] ?? null,
  },
  param: {
    describe: 'A parameter of the route, from 1; of an event by its name.',
    inner: 'name',
    read: (m, _s, inner) => {
      const number = Number(inner);
      if (Number.isInteger(number)) return m.params[number - 1] ?? null;
      return m.event?.get(inner) ?? null;
    },
  },
  route: {
    describe: 'The routes that run, the innermost first; `[*]` for all.',
    indexed: true,
    read: (m, _s, _inner, index) => {
      const names = m.stack.map((name, i) => (i === 0 ? topName(m.route, name) : `route[${name}]`));
      return index === '*' ? names.join(' > ') : stackAt(names, index);
    },
  },
  'route.type': {
    describe: 'The kind of a route that runs.',
    indexed: true,
    read: (m, _s, _inner, index) => {
      const names = m.stack.map((_, i) => (i === 0 ? topWord(m.route) : 'route'));
      return index === '*' ? names.join(' > ') : stackAt(names, index);
    },
  },
  'route.name': {
    describe: 'The name of a route that runs.',
    indexed: true,
    read: (m, _s, _inner, index) =>
      stackAt(
        m.stack.map((name) => (name === '' ? null : name)),
        index,
      ),
  },
  cfg_file: { describe: 'The file of the script.', read: (m) => m.program.file },
  cfg_line: { describe: 'The line that runs.', read: () => null },
  argv: { describe: 'A value given with -o on the command line.', inner: 'name', read: () => null },
  'err.class': { describe: 'Class of the error in an error_route.', read: (m) => (m.failed ? 1 : 0) },
  'err.level': { describe: 'Level of the error in an error_route.', read: (m) => (m.failed ? 1 : 0) },
  'err.info': { describe: 'What was wrong, in an error_route.', read: (m) => m.failed?.reason ?? null },
  'err.rcode': {
    describe: 'The status to answer with, in an error_route.',
    read: (m) => m.failed?.status ?? 0,
  },
  'err.rreason': {
    describe: 'The reason phrase to answer with, in an error_route.',
    read: (m) => m.failed?.text ?? null,
  },
  xlog_level: {
    describe: 'What xlog writes in this run; NULL for what is set for all.',
    read: (m) => m.xlogLevel ?? m.program.xlogLevel,
    write: (m, _s, value) => {
      m.xlogLevel = value === null ? undefined : levelOf(value);
      return true;
    },
  },
  log_level: {
    describe: 'The log level; setting it has an effect on xlog alone.',
    read: (m) => m.xlogLevel ?? m.program.xlogLevel,
    write: (m, _s, value) => {
      m.xlogLevel = value === null ? undefined : levelOf(value);
      return true;
    },
  },
  C: {
    describe: 'Colours of a terminal, foreground and background: `$C(rg)`.',
    inner: 'name',
    read: (_m, _s, inner) => {
      const [front = 'x', back = 'x'] = inner;
      if (inner === 'xx') return '\x1b[0m';
      return `\x1b[${COLOURS[front] ?? 39};${(COLOURS[back] ?? 39) + 10}m`;
    },
  },
};

/** Older scripts write the kind of the name before it: `$avp(s:name)`, `$avp(i:5)`. */
export function avpName(name: string): string {
  return name.startsWith('s:') || name.startsWith('i:') ? name.slice(2) : name;
}

function levelOf(value: Value): number | undefined {
  return numberOf(value) ?? LOG_LEVELS[textOf(value) ?? ''];
}

/** From the innermost, or with a negative index from the top. */
function stackAt(names: readonly Value[], index: unknown): Value {
  const at = typeof index === 'number' ? index : 0;
  return pick(names, at >= 0 ? names.length - 1 - at : -at - 1);
}

function topWord(kind: string): string {
  return kind === 'request' ? 'route' : `${kind}_route`;
}

function topName(kind: string, name: string): string {
  return name === '' ? topWord(kind) : `${topWord(kind)}[${name}]`;
}
