import type { Subcommand } from '../../../wire/rtpproxy/command.ts';
import { printNotification } from '../../../wire/rtpproxy/notification.ts';
import { unescapeTag } from '../../../wire/rtpproxy/notify-tag.ts';
import { printRelayAddress } from '../../../wire/rtpproxy/reply.ts';
import { isWord } from '../../../wire/rtpproxy/words.ts';
import { parseDecimal } from '../../../wire/sip/text.ts';
import type { MediaSession } from '../../relay/media-session.ts';
import type { StreamSide } from '../../relay/stream-side.ts';
import type { StreamKey } from '../../relay/update.ts';
import { copySession } from '../session-copy.ts';
import { type CommandContext, keyOf, remoteOf } from './command-context.ts';

/** rtpproxy's number of what catches keys. */
const KEYS_MODULE = 3;
/** Of telephone events where a command names none. */
const TELEPHONE_EVENT = 101;

/** What sub-commands work on: the medium that the command before them found. */
export interface SubcommandScope {
  readonly key: StreamKey;
  readonly session: MediaSession;
  /** Where packets of the command's own party come in. */
  readonly incoming: StreamSide;
  readonly outgoing: StreamSide;
}

/** A result's text; undefined for success without one, -1 for failure. */
type Result = string | -1 | undefined;

/** Executes sub-commands in order, up to the first that fails. */
export async function executeSubcommands(
  context: CommandContext,
  subcommands: readonly Subcommand[],
  scope: SubcommandScope,
): Promise<Result[]> {
  const results: Result[] = [];
  let at = scope;
  for (const subcommand of subcommands) {
    const result = await execute(context, subcommand, at);
    results.push(result);
    if (result === -1) break;
    // What follows is about the other party, who was just answered for.
    if (subcommand.kind === 'lookup') at = { ...at, incoming: at.outgoing, outgoing: at.incoming };
  }
  return results;
}

/** Successes without a text are printed only where something stands behind them. */
export function printResults(results: readonly Result[]): string {
  let text = '';
  let silent = '';
  for (const result of results) {
    if (result === undefined) silent += ' && 0';
    else {
      text += `${silent} && ${result}`;
      silent = '';
    }
  }
  return text;
}

async function execute(
  context: CommandContext,
  subcommand: Subcommand,
  scope: SubcommandScope,
): Promise<Result> {
  const { relay } = context;
  const { session, incoming, outgoing, key } = scope;
  switch (subcommand.kind) {
    case 'module':
      return subcommand.module === KEYS_MODULE ? hearKeys(context, subcommand.args, scope) : -1;
    case 'delete': {
      const { callId, fromTag } = session;
      const { media } = incoming.stream;
      return relay.delete({ callId, fromTag, media }, subcommand.weak) ? undefined : -1;
    }
    case 'ttl':
      return setTtl(context, scope, subcommand.reverse, subcommand.seconds);
    case 'set':
      return subcommand.parameter === 'ttl'
        ? setTtl(context, scope, subcommand.reverse, subcommand.value)
        : -1;
    case 'lookup': {
      const { modifiers } = subcommand;
      const answer = await relay.update({ ...key, create: false, remote: remoteOf(subcommand), modifiers });
      return answer.ok ? printRelayAddress(answer) : -1;
    }
    case 'copy': {
      const [found] = relay.find(keyOf(subcommand));
      return found && copySession(found.side, incoming, outgoing) ? undefined : -1;
    }
  }
}

/** One party's time to live is that of both, unless they are watched apart (`-i`). */
function setTtl(
  { relay, clock }: CommandContext,
  { session, incoming, outgoing }: SubcommandScope,
  reverse: boolean,
  seconds: number,
): Result {
  const meant = reverse ? outgoing : incoming;
  const sides = relay.settings.silence === 'either' ? [meant] : [meant, meant.other];
  for (const side of sides) side.ttlMs = seconds * 1000;
  session.touchedAt = clock.now();
  session.checkAt = 0;
  return undefined;
}

/** `M3:1 tag [payload-type [modifiers]]`: `h` hides the events, and `t`, which rtpproxy does not have, hears tones. */
function hearKeys(
  { told, sound }: CommandContext,
  [written, type, modifiers = '']: readonly string[],
  { session, incoming }: SubcommandScope,
): Result {
  const tag = written === undefined ? undefined : unescapeTag(written);
  const target = told.get(session)?.target;
  const payloadType = type === undefined ? TELEPHONE_EVENT : parseDecimal(type);
  const letters = modifiers.toLowerCase();
  if (tag === undefined || !isWord(tag) || !target) return -1;
  if (payloadType === undefined || payloadType > 127) return -1;
  for (const letter of letters) if (letter !== 'h' && letter !== 't') return -1;
  // rtpproxy calls the stream of the party that made the session 0.
  const stream = incoming.index === 0 ? 1 : 0;
  const pressed = (key: { event: number; volume: number; duration: number }) => {
    const { event, volume, duration } = key;
    if (event < 16) target.send(printNotification({ kind: 'key', tag, event, volume, duration, stream }));
  };
  const [hide, tones] = [letters.includes('h'), letters.includes('t')];
  return sound.keys.listen({ side: incoming, payloadType, hide, tones, pressed }) ? undefined : -1;
}
