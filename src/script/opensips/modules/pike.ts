import { canonicalHost, ipFamily } from '../../../base/ip.ts';
import { CommandError } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter } from '../frame/parameter.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import { FloodSources } from './pike/sources.ts';

interface State {
  readonly sources: FloodSources;
  readonly context: ModuleContext;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

const { fn, define } = moduleParts<State>();

/** The module's level as the log has it: 1 is a warning, as OpenSIPS counts. */
function levelOf(level: number): State['level'] {
  if (level <= -1) return 'error';
  return level <= 1 ? 'warn' : level <= 3 ? 'info' : 'debug';
}

export const module: ScriptModule = define({
  name: 'pike',
  sharedState: true,
  summary:
    'Finds addresses that send too many requests. The front door has a limit of its own, before any script.',
  params: {
    sampling_time_unit: intParameter(2, 'Seconds of one stretch of counting.', { least: 1 }),
    reqs_density_per_unit: intParameter(30, 'Requests that an address may send in a stretch.', { least: 1 }),
    remove_latency: intParameter(120, 'Seconds that a silent address is remembered.', { least: 1 }),
    pike_log_level: intParameter(1, 'The level at which blocking is logged.'),
    check_route: ignored(
      'text',
      'Checks by itself.',
      'call pike_check_req() at the head of the request route',
    ),
  },
  start: ({ sampling_time_unit: unit, reqs_density_per_unit, remove_latency, pike_log_level }, context) => {
    const forget = Math.max(remove_latency, unit + 1);
    const sources = new FloodSources(context.services.clock, reqs_density_per_unit, forget);
    const level = levelOf(pike_log_level);
    context.every(unit, () => {
      for (const address of sources.turn()) context.log(level, `pike: ${address} is blocked no longer`);
    });
    return { sources, context, level };
  },
  functions: {
    pike_check_req: fn({
      args: [],
      routes: ['request'],
      describe: 'Counts the request, and tells whether its source sends too many.',
      returns: '1: it does not; -1: it does, and was found before; -2: it has just been found.',
      run: (m, { sources, context, level }) => {
        const ip = m.flow.remoteAddress;
        const hit = sources.hit(ip);
        if (hit === 'fine') return true;
        if (hit === 'blocked') return -1;
        context.log(level, `pike: ${ip} is blocked: too many requests`);
        context.raise('E_PIKE_BLOCKED', { ip });
        return -2;
      },
    }),
  },
  commands: {
    'pike:list': {
      describe: 'Lists the addresses that are blocked.',
      aliases: ['pike_list'],
      run: ({ sources }) => ({ IPs: sources.blocked }),
    },
    'pike:rm': {
      describe: 'Blocks an address no longer.',
      params: ['ip'],
      aliases: ['pike_rm'],
      run: ({ sources }, { ip }) => {
        if (ipFamily(String(ip)) === 0) throw new CommandError(500, 'Bad IP');
        const freed = sources.free(canonicalHost(String(ip)));
        if (freed === undefined) throw new CommandError(404, 'Match not found');
        if (!freed) throw new CommandError(400, 'IP not blocked');
        return 'OK';
      },
    },
  },
  events: { E_PIKE_BLOCKED: { describe: 'An address is blocked.', params: ['ip'] } },
  notes:
    'Addresses are counted one by one: the limit is exact, where OpenSIPS, which counts in a tree of bytes, blocks between once and nine times the limit.',
});
