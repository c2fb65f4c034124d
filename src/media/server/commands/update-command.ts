import type { UpdateCommand } from '../../../wire/rtpproxy/command.ts';
import { RtpproxyError } from '../../../wire/rtpproxy/error-code.ts';
import { printError, printRelayAddress } from '../../../wire/rtpproxy/reply.ts';
import type { MediaSession } from '../../relay/media-session.ts';
import type { StreamSide } from '../../relay/stream-side.ts';
import type { CommandSource } from '../command-source.ts';
import { type CommandContext, keyOf, remoteOf } from './command-context.ts';
import { executeSubcommands, printResults } from './subcommands.ts';

/** `U` and `L`. */
export async function executeUpdate(
  context: CommandContext,
  command: UpdateCommand,
  source: CommandSource,
): Promise<string> {
  const { relay, notifier } = context;
  const { notify } = command;
  const target = notify && notifier.target(notify.socket, source);
  // One that others are permitted is passed over, as rtpproxy does; where none is, the controller shall know.
  if (notify && !target && !notifier.enabled) return printError(RtpproxyError.NotifyNotPermitted);
  const key = keyOf(command);
  const create = command.kind === 'update';
  const { modifiers } = command;
  const answer = await relay.update({ ...key, create, remote: remoteOf(command), modifiers, notify });
  if (!answer.ok) {
    const isUnknown = answer.error === RtpproxyError.UnknownSession;
    return isUnknown ? printRelayAddress({ port: 0, address: undefined }) : printError(answer.error);
  }
  const { session, side, created } = answer;
  if (create) {
    if (notify && target) context.told.set(session, { target, tag: notify.tag });
    else context.told.delete(session);
  }
  if (created && context.recordsAll) recordBoth(context, session, side);
  const results = await executeSubcommands(context, command.subcommands, {
    key,
    session,
    incoming: side.other,
    outgoing: side,
  });
  return printRelayAddress(answer) + printResults(results);
}

function recordBoth({ sound }: CommandContext, session: MediaSession, { stream }: StreamSide): void {
  for (const side of stream.sides) {
    const how = { to: undefined, bothSides: true, replyAddress: false };
    void sound.records.start({ session, side, ...how });
  }
}
