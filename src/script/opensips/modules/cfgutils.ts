import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BoundedMap } from '../../../base/bounded-map.ts';
import type { Clock } from '../../../base/clock.ts';
import type { IdSource } from '../../../base/ids.ts';
import { fromByteString, toByteString } from '../../../wire/sip/text.ts';
import { input, int, optional, output, parsed, text } from '../frame/argument.ts';
import { CommandError } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import { parseTimeExpression } from '../time/recurrence-expression.ts';
import { zonedTime } from '../time/zoned-time.ts';
import { numberOf, printed, type Value } from '../value.ts';
import { ScriptLocks } from './cfgutils/locks.ts';

interface State {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly initial: number;
  /** In percent. */
  probability: number;
  readonly shared: BoundedMap<string, Value>;
  readonly locks: ScriptLocks;
  readonly hashFile: string | undefined;
  readonly hash: string | undefined;
}

const { fn, variable, define } = moduleParts<State>();

const MOST_SHARED = 100_000;
const MOST_VALUES = 10_000;
const NO_SHARED: ReadonlyMap<string, Value> = new Map();

/** `name=i:1`, `name=s:text` */
function readSetting(text: string): readonly [string, Value] | undefined {
  const found = /^([^=]+)=([is]):(.*)$/s.exec(text);
  if (!found) return undefined;
  const [, name, type, value] = found;
  if (type === 's') return [name!.trim(), toByteString(value!)];
  return /^-?\d{1,10}$/.test(value!) ? [name!.trim(), Number(value) | 0] : undefined;
}

function wait(clock: Clock, ms: number): Promise<boolean> {
  return new Promise((resolve) => clock.setTimer(ms, () => resolve(true)));
}

async function hashOf(file: string): Promise<string | undefined> {
  try {
    return createHash('md5')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    return undefined;
  }
}

/** @throws CommandError where no file is watched */
function watched({ hashFile, hash }: State): { file: string; hash: string } {
  if (hashFile === undefined || hash === undefined)
    throw new CommandError(404, 'No config file hash is kept');
  return { file: hashFile, hash };
}

const lockKey = text('key');
const TIME_FIELDS = {
  sec: 'second',
  min: 'minute',
  hour: 'hour',
  mday: 'day of the month',
  mon: 'month, 1 to 12',
  year: 'year',
  wday: 'day of the week, 1 is Sunday',
  yday: 'day of the year, from 1',
  isdst: 'whether it is summer time',
};

function calendarField(wallMs: number, name: string): number {
  const { second, minute, hour, day, month, year, weekday, yearDay } = zonedTime(wallMs, undefined);
  if (name === 'isdst') {
    const offset = (at: number) => -new Date(at).getTimezoneOffset();
    const standard = Math.min(offset(Date.UTC(year, 0, 1)), offset(Date.UTC(year, 6, 1)));
    return offset(wallMs) > standard ? 1 : 0;
  }
  const fields: Readonly<Record<string, number>> = {
    sec: second,
    min: minute,
    hour,
    mday: day,
    mon: month,
    year,
    wday: weekday + 1,
    yday: yearDay + 1,
  };
  return fields[name]!;
}

export const module: ScriptModule = define({
  name: 'cfgutils',
  sharedState: true,
  summary: 'Chance, pauses, locks, shared variables, times of day, and other small things.',
  params: {
    initial_probability: intParameter(10, 'In percent, for `rand_event`.', { least: 0, most: 100 }),
    hash_file: textParameter(undefined, 'A file whose changes `cfgutils:check_config_hash` tells of.'),
    shvset: parsedParameter(
      NO_SHARED,
      'A shared variable at the start: `name=i:1`, `name=s:text`. May be given several times.',
      (given, before) => {
        const setting = readSetting(String(given));
        return setting === undefined
          ? { ok: false, problem: `${JSON.stringify(given)} is no name=i:number or name=s:text` }
          : { ok: true, value: new Map([...before, setting]) };
      },
    ),
    shv_hash_size: ignored('int', 'Size of a table.', 'tables grow by themselves'),
    lock_pool_size: ignored('int', 'How many locks there are.', 'every name has a lock of its own'),
    varset: ignored(
      'text',
      'A $var at the start.',
      '$var is empty when a message comes; use shvset and $shv',
    ),
  },
  start: async ({ initial_probability: initial, hash_file: hashFile, shvset }, { services, log }) => {
    const shared = new BoundedMap<string, Value>(MOST_SHARED, 'refuse-new');
    for (const [name, value] of shvset) shared.set(name, value);
    const hash = hashFile === undefined ? undefined : await hashOf(hashFile);
    if (hashFile !== undefined && hash === undefined) log('error', `cfgutils: ${hashFile} cannot be read`);
    const { clock, ids } = services;
    return { clock, ids, initial, probability: initial, shared, locks: new ScriptLocks(), hashFile, hash };
  },
  functions: {
    rand_event: fn({
      args: [optional(int('probability', { least: 0, most: 100 }))],
      routes: ANY,
      describe: 'True by chance, with a probability in percent.',
      run: (_m, state, probability) =>
        (state.ids.uint32() / 2 ** 32) * 100 <= (probability ?? state.probability),
    }),
    rand_set_prob: fn({
      args: [int('probability', { least: 0, most: 99 })],
      routes: ANY,
      describe: 'Sets the probability of `rand_event`.',
      run: (_m, state, probability) => {
        state.probability = probability;
        return true;
      },
    }),
    rand_reset_prob: fn({
      args: [],
      routes: ANY,
      describe: 'Sets the probability back to that of the start.',
      run: (_m, state) => {
        state.probability = state.initial;
        return true;
      },
    }),
    rand_get_prob: fn({
      args: [],
      routes: ANY,
      describe: 'Returns the probability as its code; 0, which would end the script, as -1.',
      run: (_m, state) => state.probability || -1,
    }),
    sleep: fn({
      args: [int('time', { least: 0, most: 3600, describe: 'in seconds' })],
      routes: ANY,
      describe: 'Waits; nothing else has to wait with it.',
      waits: true,
      run: (_m, { clock }, seconds) => wait(clock, seconds * 1000),
    }),
    usleep: fn({
      args: [int('time', { least: 0, describe: 'in microseconds' })],
      routes: ANY,
      describe: 'Waits; nothing else has to wait with it.',
      waits: true,
      run: (_m, { clock }, us) => wait(clock, us / 1000),
    }),
    set_count: fn({
      args: [input('var_to_count'), output('ret_var')],
      routes: ANY,
      describe: 'Counts the values of a variable that has several.',
      run: (m, _state, counted, result) => {
        let count = 0;
        while (count < MOST_VALUES && counted.at(m, count) !== null) count++;
        return result.set(m, count);
      },
    }),
    set_select_weight: fn({
      args: [input('int_list_var')],
      routes: ANY,
      describe: 'Chooses one of the values by chance, each as likely as it is large, and returns its index.',
      returns: 'The index from 1 on, for 0 would end the script; -1 where there is nothing to choose.',
      run: (m, { ids }, list) => {
        const weights: number[] = [];
        for (let i = 0; i < MOST_VALUES; i++) {
          const value = list.at(m, i);
          if (value === null) break;
          weights.push(Math.max(0, numberOf(value) ?? 0));
        }
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        let left = (ids.uint32() / 2 ** 32) * total;
        const chosen = total === 0 ? -1 : weights.findIndex((weight) => (left -= weight) < 0);
        return chosen < 0 ? -1 : chosen + 1;
      },
    }),
    ts_usec_delta: fn({
      args: [
        int('t1_sec'),
        int('t1_usec'),
        int('t2_sec'),
        int('t2_usec'),
        optional(output('delta_str')),
        optional(output('delta_int')),
      ],
      routes: ANY,
      describe: 'The difference of two times in microseconds, as text and as a number.',
      returns: '-1: it does not fit into a number.',
      run: (m, _state, sec1, us1, sec2, us2, asText, asNumber) => {
        const delta = Math.abs((sec1 - sec2) * 1_000_000 + us1 - us2);
        asText?.set(m, String(delta));
        if (asNumber === undefined) return true;
        return delta < 2 ** 31 && asNumber.set(m, delta);
      },
    }),
    check_time_rec: fn({
      args: [
        parsed('time_string', (written) => {
          const test = parseTimeExpression(written);
          return test === undefined
            ? {
                ok: false,
                problem: `${JSON.stringify(written)} is no time recurrence`,
                hint: 'as 20260101T080000|20260101T180000||WEEKLY|||MO,TU',
              }
            : { ok: true, value: test };
        }),
        optional(text('timestamp', 'seconds since 1970; now where it is left out')),
      ],
      routes: ANY,
      describe: 'Whether a time recurrence holds now.',
      returns: '1: it does; -1: it does not; -2: the timestamp is none.',
      run: (_m, { clock }, test, timestamp) => {
        const now = timestamp === undefined ? clock.wallNow() : Number(timestamp) * 1000;
        return Number.isFinite(now) ? test(now) : -2;
      },
    }),
    get_static_lock: fn({
      args: [lockKey],
      routes: ANY,
      describe: 'Waits for the lock of a name. Release it on every path: nobody else does.',
      waits: true,
      run: (_m, { locks }, key) => locks.acquire(`static ${key}`),
    }),
    release_static_lock: fn({
      args: [lockKey],
      routes: ANY,
      describe: 'Gives the lock to who waits for it.',
      run: (_m, { locks }, key) => {
        locks.release(`static ${key}`);
        return true;
      },
    }),
    get_dynamic_lock: fn({
      args: [lockKey],
      routes: ANY,
      describe: 'As `get_static_lock`, in a space of its own.',
      waits: true,
      run: (_m, { locks }, key) => locks.acquire(`dynamic ${key}`),
    }),
    release_dynamic_lock: fn({
      args: [lockKey],
      routes: ANY,
      describe: 'As `release_static_lock`.',
      run: (_m, { locks }, key) => {
        locks.release(`dynamic ${key}`);
        return true;
      },
    }),
    strings_share_lock: fn({
      args: [text('key1'), text('key2')],
      routes: ANY,
      describe: 'Whether two names mean the same lock: only where they are the same.',
      run: (_m, _state, one, other) => one === other,
    }),
    get_accurate_time: fn({
      args: [output('sec'), output('usec'), optional(output('str_sec_usec'))],
      routes: ANY,
      describe: 'The time since 1970 in seconds and microseconds.',
      run: (m, { clock }, sec, usec, both) => {
        const now = clock.wallNow();
        const seconds = Math.floor(now / 1000);
        const us = Math.floor((now - seconds * 1000) * 1000);
        both?.set(m, `${seconds}.${String(us).padStart(6, '0')}`);
        return sec.set(m, seconds) && usec.set(m, us);
      },
    }),
    shuffle_avps: fn({
      args: [output('name', undefined, ['avp'])],
      routes: ANY,
      describe: 'Puts the values of an AVP into another order, by chance.',
      run: (m, { ids }, list) => {
        const values: Value[] = [];
        for (
          let value = list.at(m, 0);
          value !== null && values.length < MOST_VALUES;
          value = list.at(m, values.length)
        ) {
          values.push(value);
        }
        for (let i = values.length - 1; i > 0; i--) {
          const j = ids.uint32() % (i + 1);
          [values[i], values[j]] = [values[j]!, values[i]!];
        }
        return values.every((value, i) => list.set(m, value, i === 0 ? ':=' : '='));
      },
    }),
  },
  variables: {
    RANDOM: variable({
      describe: 'A number by chance, from 0 to 2^31 - 1.',
      read: (_m, { ids }) => ids.uint32() >>> 1,
    }),
    env: variable({
      describe: 'A variable of the environment.',
      inner: 'name',
      read: (_m, _state, name) => {
        const value = process.env[fromByteString(name)];
        return value === undefined ? null : toByteString(value);
      },
    }),
    ctime: variable({
      describe: 'The local time in parts.',
      inner: 'name',
      fields: TIME_FIELDS,
      read: (_m, { clock }, name) => calendarField(clock.wallNow(), name),
    }),
    shv: variable({
      describe: 'A variable that all requests share; 0 before it is set.',
      inner: 'name',
      read: (_m, { shared }, name) => shared.get(name) ?? 0,
      write: (_m, { shared }, value, name) => shared.set(name, value),
    }),
  },
  commands: {
    'cfgutils:rand_set_prob': {
      describe: 'Sets the probability of `rand_event`.',
      params: ['prob_proc'],
      aliases: ['rand_set_prob'],
      run: (state, { prob_proc }) => {
        const percent = Number(prob_proc);
        if (!Number.isInteger(percent) || percent < 0 || percent > 99)
          throw new CommandError(400, 'Bad probability');
        state.probability = percent;
        return 'OK';
      },
    },
    'cfgutils:rand_reset_prob': {
      describe: 'Sets the probability back to that of the start.',
      aliases: ['rand_reset_prob'],
      run: (state) => {
        state.probability = state.initial;
        return 'OK';
      },
    },
    'cfgutils:rand_get_prob': {
      describe: 'Gives the probability.',
      aliases: ['rand_get_prob'],
      run: (state) => `The actual probability is ${state.probability} percent.`,
    },
    'cfgutils:check_config_hash': {
      describe: 'Whether the watched file is as it was at the start.',
      aliases: ['check_config_hash'],
      run: async (state) => {
        const { file, hash } = watched(state);
        const now = await hashOf(file);
        if (now === undefined) throw new CommandError(500, `${file} cannot be read`);
        if (now !== hash)
          throw new CommandError(400, 'The actual config file hash is NOT identical to the stored one.');
        return 'The actual config file hash is identical to the stored one.';
      },
    },
    'cfgutils:get_config_hash': {
      describe: 'The hash of the watched file at the start (MD5).',
      aliases: ['get_config_hash'],
      run: (state) => watched(state).hash,
    },
    'cfgutils:shv_set': {
      describe: 'Sets a shared variable.',
      params: ['name', 'type', 'value'],
      aliases: ['shv_set'],
      run: ({ shared }, { name, type, value }) => {
        const number = type === 'int' || type === 'i';
        if (number && !/^-?\d{1,10}$/.test(String(value))) throw new CommandError(400, 'Bad value');
        if (!shared.set(String(name), number ? Number(value) | 0 : toByteString(String(value)))) {
          throw new CommandError(500, 'Too many shared variables');
        }
        return 'OK';
      },
    },
    'cfgutils:shv_get': {
      describe: 'Gives a shared variable, or all.',
      params: ['name?'],
      aliases: ['shv_get'],
      run: ({ shared }, { name }) => {
        const row = (key: string, value: Value) => ({
          name: key,
          type: typeof value === 'number' ? 'integer' : 'string',
          value: fromByteString(printed(value)),
        });
        if (name === undefined) return { VARs: [...shared.entries()].map(([key, value]) => row(key, value)) };
        if (!shared.has(String(name))) throw new CommandError(404, 'Not found');
        return { VARs: [row(String(name), shared.get(String(name))!)] };
      },
    },
  },
  missing: {
    abort: 'a script cannot end the server: use `viaduct ctl stop`',
    pkg_status: 'there is no such memory: see `viaduct ctl statistics`',
    shm_status: 'there is no such memory: see `viaduct ctl statistics`',
  },
});
