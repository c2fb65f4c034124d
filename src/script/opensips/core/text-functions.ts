import { int, optional, output, parsed, text } from '../frame/argument.ts';
import type { FunctionSpec } from '../frame/function.ts';
import { moduleParts } from '../frame/module.ts';
import { ANY } from '../frame/route-kind.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { printed, type Value } from '../value.ts';
import { LOG_LEVELS, logLevel } from './log-level.ts';

const { fn } = moduleParts<undefined>();

/** What comes of `$C(xy)`. */
const COLOURS = /\x1b\[[0-9;]*m/g;

function xlog(m: ScriptMessage, level: number, line: string): boolean {
  if (level > (m.xlogLevel ?? m.program.xlogLevel)) return true;
  m.program.log(logLevel(level), line.replace(COLOURS, '').replace(/[\r\n]+$/, ''), m.message.callId);
  return true;
}

const level = parsed('level', (given: string) => {
  const known = LOG_LEVELS[given] ?? (/^-?\d$/.test(given) ? Number(given) : undefined);
  return known === undefined
    ? {
        ok: false,
        problem: `${JSON.stringify(given)} is no log level`,
        hint: `the levels are ${Object.keys(LOG_LEVELS).join(', ')}`,
      }
    : { ok: true, value: known };
});

/** Functions of the core that write logs and texts, and raise events. */
export const textFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  xlog: fn({
    args: [level, text('format')],
    first: 'L_ERR',
    routes: ANY,
    describe: 'Writes a line to the log: L_ALERT, L_CRIT, L_ERR (default), L_WARN, L_NOTICE, L_INFO, L_DBG.',
    run: (m, _s, level, line) => xlog(m, level, line),
  }),
  log: fn({
    args: [int('level'), text('text')],
    first: LOG_LEVELS.L_DBG!,
    routes: ANY,
    describe: 'Writes a text to the log.',
    run: (m, _s, level, line) => xlog(m, level, line),
  }),
  xdbg: fn({
    args: [text('format')],
    routes: ANY,
    describe: 'Writes a line to the log with the level of debugging.',
    run: (m, _s, line) => xlog(m, LOG_LEVELS.L_DBG!, line),
  }),
  pv_printf: fn({
    args: [output('pv'), text('format')],
    routes: ANY,
    describe: 'Puts a text into a variable.',
    run: (m, _s, variable, line) => variable.set(m, line),
  }),
  avp_print: fn({
    args: [],
    routes: ANY,
    describe: 'Writes all AVPs to the log.',
    run: (m) => {
      for (const name of m.avps.names()) {
        m.program.log(
          'info',
          `$avp(${name}) = ${m.avps.all(name).map(printed).join(', ')}`,
          m.message.callId,
        );
      }
      return true;
    },
  }),
  get_timestamp: fn({
    args: [output('sec_avp'), output('usec_avp')],
    routes: ANY,
    describe: 'The time: seconds since 1970, and microseconds of the second.',
    run: (m, _s, seconds, microseconds) => {
      const now = m.program.services.clock.wallNow();
      return (
        seconds.set(m, Math.floor(now / 1000) | 0) && microseconds.set(m, Math.floor((now % 1000) * 1000))
      );
    },
  }),
  raise_event: fn({
    args: [
      text('event'),
      optional(output('attrs', 'names', ['avp'])),
      optional(output('vals', 'values', ['avp'])),
    ],
    routes: ANY,
    describe: 'Raises an event; names and values are lists, and go together.',
    run: (m, _s, event, names, values) => {
      const params: Record<string, Value> = {};
      for (let i = 0; values !== undefined; i++) {
        const value = values.at(m, i);
        if (value === null) break;
        const name = names?.at(m, i) ?? null;
        params[name === null ? String(i + 1) : printed(name)] = value;
      }
      m.program.raise(event, params);
      return true;
    },
  }),
};
