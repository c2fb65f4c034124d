import type { RtpproxyCommand } from '../../../wire/rtpproxy/command.ts';
import { RtpproxyError } from '../../../wire/rtpproxy/error-code.ts';
import { parseHostPort } from '../../../wire/rtpproxy/notification.ts';
import { printError, printRelayAddress } from '../../../wire/rtpproxy/reply.ts';
import { type CommandContext, keyOf } from './command-context.ts';

type Of<K extends RtpproxyCommand['kind']> = Extract<RtpproxyCommand, { kind: K }>;

const OK = '0';
const UNKNOWN = printError(RtpproxyError.UnknownSession);
const COPY_FAILED = printError(RtpproxyError.CopyFailed);
/** In front of where copies of packets go. */
const REMOTE = 'udp:';

/** `P`: the party of the from-tag hears a prompt. */
export async function executePlay(context: CommandContext, command: Of<'play'>): Promise<string> {
  const [found] = context.relay.find(keyOf(command));
  if (!found) return UNKNOWN;
  const side = found.side.other;
  const { plays } = context.sound;
  plays.stop(side);
  const isOfSession = command.codecs === 'session';
  const codecs = isOfSession ? side.codecs : (command.codecs as readonly number[]);
  if (!codecs) return printError(RtpproxyError.UnknownModifier);
  if (command.count === 0) return OK;
  const packetTime = isOfSession ? side.packetTime : undefined;
  const { prompt, count } = command;
  const isPlaying = await plays.play({ side, prompt, codecs, count, packetTime });
  return isPlaying ? OK : printError(RtpproxyError.PlayFailed);
}

/** `S` */
export function executeStopPlay({ relay, sound }: CommandContext, command: Of<'stop-play'>): string {
  const [found] = relay.find(keyOf(command));
  if (!found) return UNKNOWN;
  sound.plays.stop(found.side.other);
  return OK;
}

/** `R`: what the party of the from-tag sends, in all media that are meant. */
export async function executeRecord(context: CommandContext, command: Of<'record'>): Promise<string> {
  const { relay, sound } = context;
  const started = await Promise.all(
    relay.find(keyOf(command)).map(({ session, side }) =>
      sound.records.start({
        session,
        side: side.other,
        to: undefined,
        bothSides: command.singleFile,
        replyAddress: false,
      }),
    ),
  );
  return started.some(({ ok }) => ok) ? OK : UNKNOWN;
}

/** `C` */
export async function executeCopy(context: CommandContext, command: Of<'copy'>): Promise<string> {
  const { relay, sound } = context;
  const [found] = relay.find(keyOf(command));
  if (!found) return UNKNOWN;
  const { session } = found;
  const side = found.side.other;
  if (command.stop) return sound.records.stop(side) ? OK : COPY_FAILED;
  const { destination, replyPort, singleFile } = command;
  const isRemote = destination.startsWith(REMOTE);
  const remote = isRemote ? parseHostPort(destination.slice(REMOTE.length)) : undefined;
  if (isRemote ? !remote : replyPort) return COPY_FAILED;
  const result = await sound.records.start({
    session,
    side,
    to: remote ? { remote: { address: remote.host, port: remote.port } } : { name: destination },
    bothSides: singleFile && !isRemote,
    replyAddress: replyPort,
  });
  if (!result.ok) return COPY_FAILED;
  return result.from ? printRelayAddress(result.from) : OK;
}

/** `N[a]` */
export function executeStopRecord({ relay, sound }: CommandContext, command: Of<'stop-record'>): string {
  let stopped = false;
  for (const { side } of relay.find(keyOf(command))) {
    if (sound.records.stop(side.other)) stopped = true;
    if (command.all && sound.records.stop(side)) stopped = true;
  }
  return stopped ? OK : UNKNOWN;
}
