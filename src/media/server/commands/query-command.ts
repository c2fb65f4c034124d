import type { RtpproxyCommand } from '../../../wire/rtpproxy/command.ts';
import { RtpproxyError } from '../../../wire/rtpproxy/error-code.ts';
import { printCounters, printError, QUERY_COUNTERS } from '../../../wire/rtpproxy/reply.ts';
import { streamCounter } from '../stream-counters.ts';
import { type CommandContext, keyOf } from './command-context.ts';
import { executeSubcommands, printResults } from './subcommands.ts';

/** `Q[v]` */
export async function executeQuery(
  context: CommandContext,
  command: Extract<RtpproxyCommand, { kind: 'query' }>,
): Promise<string> {
  const key = keyOf(command);
  const [found] = context.relay.find(key);
  if (!found) return printError(RtpproxyError.UnknownSession);
  const { session, side } = found;
  const names = command.counters.length > 0 ? command.counters : QUERY_COUNTERS;
  const counters: [string, string][] = [];
  for (const name of names) {
    const value = streamCounter(name, side.other, context.relay.settings, context.clock);
    if (value === undefined) return printError(RtpproxyError.QueryFailed);
    counters.push([name, value]);
  }
  const scope = { key, session, incoming: side.other, outgoing: side };
  const results = await executeSubcommands(context, command.subcommands, scope);
  return printCounters(counters, command.verbose) + printResults(results);
}
