import { BoundedMap } from '../../../base/bounded-map.ts';
import type { Clock } from '../../../base/clock.ts';
import { choice, int, optional, output, regex, text } from '../frame/argument.ts';
import { CommandError, type Json } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import { globMatcher } from './cachedb_local/glob.ts';
import { ALGORITHMS, type Algorithm, Pipe, type PipeTimes } from './ratelimit/pipe.ts';

interface State {
  readonly clock: Clock;
  readonly pipes: BoundedMap<string, Pipe>;
  readonly times: PipeTimes;
  readonly algorithm: Algorithm;
}

const { fn, variable, define } = moduleParts<State>();

/** Names come from messages: the oldest pipes go. */
const MOST_PIPES = 100_000;
const NO_CLUSTER = 'each node counts for itself';

/** Marks that say how a pipe is shared between nodes. */
function pipeName(written: string): string {
  return written.replace(/\/[rsb]$/, '');
}

/** @throws CommandError where there is none */
function pipeOf({ pipes }: State, name: unknown): Pipe {
  const pipe = pipes.get(pipeName(String(name)));
  if (pipe === undefined) throw new CommandError(404, 'Pipe Not Found');
  return pipe;
}

function row(name: string, pipe: Pipe, now: number): Json {
  return { id: name, algorithm: pipe.algorithm, limit: pipe.limit, counter: pipe.count(now) };
}

export const module: ScriptModule = define({
  name: 'ratelimit',
  sharedState: true,
  summary: 'Limits how often something happens, each thing by a name that the script makes up (a pipe).',
  params: {
    timer_interval: intParameter(10, 'Seconds in which TAILDROP and RED count.', { least: 1 }),
    limit_per_interval: intParameter(0, '1: limits are for the whole interval, 0: for a second.', {
      least: 0,
      most: 1,
    }),
    expire_time: intParameter(3600, 'Seconds that an unused pipe is kept.', { least: 1 }),
    hash_size: ignored('int', 'Size of a table.', 'tables grow by themselves'),
    default_algorithm: parsedParameter<Algorithm>(
      'TAILDROP',
      'TAILDROP, RED or SBT.',
      (given) => {
        const value = String(given).toUpperCase();
        if (ALGORITHMS.includes(value)) return { ok: true, value: value as Algorithm };
        return { ok: false, problem: `${given} is not among ${ALGORITHMS.join(', ')}` };
      },
      'TAILDROP',
    ),
    window_size: intParameter(10, 'Seconds that SBT looks back.', { least: 1, most: 3600 }),
    slot_period: intParameter(200, 'Milliseconds of one part of that.', { least: 10 }),
    cachedb_url: ignored('text', 'Counts shared by a store.', NO_CLUSTER),
    db_prefix: ignored('text', 'Name of shared counts.', NO_CLUSTER),
    repl_buffer_threshold: ignored('int', 'Replication.', NO_CLUSTER),
    repl_timer_interval: ignored('int', 'Replication.', NO_CLUSTER),
    repl_timer_expire: ignored('int', 'Replication.', NO_CLUSTER),
    pipe_replication_cluster: ignored('int', 'Replication.', NO_CLUSTER),
  },
  start: (params, context) => {
    const { clock } = context.services;
    const pipes = new BoundedMap<string, Pipe>(MOST_PIPES, 'drop-oldest');
    const times: PipeTimes = {
      interval: params.timer_interval,
      perInterval: params.limit_per_interval === 1,
      windowMs: params.window_size * 1000,
      slotMs: Math.min(params.slot_period, params.window_size * 1000),
    };
    context.every(params.timer_interval, () => {
      const oldest = clock.now() - params.expire_time * 1000;
      for (const [name, pipe] of [...pipes.entries()]) {
        if (pipe.lastUsed <= oldest) pipes.delete(name);
        else pipe.turn();
      }
    });
    return { clock, pipes, times, algorithm: params.default_algorithm };
  },
  functions: {
    rl_check: fn({
      args: [
        text('name'),
        int('limit', { least: 0, describe: 'a second' }),
        optional(choice('algorithm', ['TAILDROP', 'RED', 'SBT'])),
      ],
      routes: ANY,
      describe: 'Counts one, and tells whether it is within the limit.',
      returns: '1: it is; -1: it is too much.',
      run: (_m, { pipes, clock, times, algorithm }, written, limit, wanted) => {
        const name = pipeName(written);
        const now = clock.now();
        let pipe = pipes.get(name);
        if (pipe === undefined || (wanted !== undefined && pipe.algorithm !== wanted)) {
          pipe = new Pipe(wanted ?? algorithm, limit, times, now);
          pipes.set(name, pipe);
        }
        pipe.limit = limit;
        return pipe.take(now);
      },
    }),
    rl_dec_count: fn({
      args: [text('name')],
      routes: ANY,
      describe: 'Takes one count back.',
      run: (_m, { pipes, clock }, name) => {
        const pipe = pipes.get(pipeName(name));
        pipe?.release(clock.now());
        return pipe !== undefined;
      },
    }),
    rl_reset_count: fn({
      args: [text('name')],
      routes: ANY,
      describe: 'Begins to count anew.',
      run: (_m, { pipes }, name) => {
        const pipe = pipes.get(pipeName(name));
        pipe?.reset();
        return pipe !== undefined;
      },
    }),
    rl_values: fn({
      args: [output('ret_avp', undefined, ['avp']), optional(regex('regexp'))],
      routes: ANY,
      describe: 'Gives the names of the pipes, all or those that an expression fits.',
      run: (m, { pipes }, result, pattern) => {
        let found = false;
        for (const name of pipes.keys()) {
          if (pattern !== undefined && !pattern.matcher(name).find()) continue;
          found = result.set(m, name) || found;
        }
        return found;
      },
    }),
  },
  variables: {
    rl_count: variable({
      describe: 'What a pipe has counted.',
      inner: 'name',
      read: (_m, { pipes, clock }, name) => pipes.get(pipeName(name))?.count(clock.now()) ?? null,
    }),
  },
  commands: {
    'ratelimit:list': {
      describe: 'Lists the pipes.',
      params: ['pipe?', 'filter?', 'filter_out?'],
      aliases: ['rl_list'],
      run: (state, { pipe, filter, filter_out }) => {
        const now = state.clock.now();
        if (pipe !== undefined) return { Pipe: row(String(pipe), pipeOf(state, pipe), now) };
        const matches = globMatcher(String(filter ?? filter_out ?? '*'));
        const wanted = filter !== undefined || filter_out === undefined;
        const rows = [...state.pipes.entries()]
          .filter(([name]) => matches(name) === wanted)
          .map(([name, it]) => row(name, it, now));
        return { Pipes: rows };
      },
    },
    'ratelimit:dump_pipe': {
      describe: 'Shows what SBT has in its window.',
      params: ['pipe'],
      aliases: ['rl_dump_pipe'],
      run: (state, { pipe }) => {
        const now = state.clock.now();
        const found = pipeOf(state, pipe);
        return { ...(row(String(pipe), found, now) as object), slots: found.slots(now) };
      },
    },
    'ratelimit:reset_pipe': {
      describe: 'Has a pipe count anew.',
      params: ['pipe'],
      aliases: ['rl_reset_pipe'],
      run: (state, { pipe }) => {
        pipeOf(state, pipe).reset();
        return 'OK';
      },
    },
  },
  missing: {
    'ratelimit:set_pid': 'the algorithms FEEDBACK and NETWORK, which watch the machine, are not there',
    'ratelimit:get_pid': 'the algorithms FEEDBACK and NETWORK, which watch the machine, are not there',
    rl_bin_status: NO_CLUSTER,
  },
});
