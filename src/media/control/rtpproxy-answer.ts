import { RtpproxyError } from '../../wire/rtpproxy/error-code.ts';
import { parseReply, type RtpproxyReply } from '../../wire/rtpproxy/reply.ts';
import type { MediaFailure } from './media-control.ts';
import { failure, linkFailed, wasAway } from './media-failure.ts';
import type { NodeAnswer } from './relay-node.ts';

export type RtpproxySuccess = RtpproxyReply & { readonly ok: true };

/** What a relay's answer comes to: its words, or why there are none. */
export function readAnswer(answer: NodeAnswer): RtpproxySuccess | MediaFailure {
  if (!answer.ok) return linkFailed(answer);
  const reply = parseReply(answer.text);
  if (!reply) return failure('refused', 'the relay answered with nothing');
  if (reply.ok) return reply;
  const { error } = reply;
  if (error === RtpproxyError.UnknownSession)
    return failure('unknown-call', 'the relay does not know the call', error);
  return failure('refused', `the relay answered E${error}${MEANINGS[error] ?? ''}`, error);
}

const MEANINGS: Readonly<Record<number, string>> = {
  [RtpproxyError.ExternalInterface]: ' (e and i need a relay with two interfaces)',
  [RtpproxyError.InternalInterface]: ' (e and i need a relay with two interfaces)',
  [RtpproxyError.LocalAddress]: ' (it has no such address or label)',
  [RtpproxyError.UnknownModifier]: ' (a flag that it does not know)',
  [RtpproxyError.NoAddressOfFamily]: ' (it has no address of this family)',
  [RtpproxyError.MediaAddress]: ' (the media address is none)',
  [RtpproxyError.PlayFailed]: ' (the prompt cannot be played)',
  [RtpproxyError.NoListener]: ' (no port is free)',
  [RtpproxyError.NoSecondListener]: ' (no port is free, or the address is not its own)',
  [RtpproxyError.NotifyNotPermitted]: ' (it may not notify: start it with -n)',
  [RtpproxyError.Overload]: ' (too busy)',
  [RtpproxyError.ShuttingDown]: ' (shutting down)',
};

/** Whether the relay has no room for a call, which another one may have: no port, no memory, too busy, going away. */
export function hasNoRoom({ error }: MediaFailure): boolean {
  if (error === undefined) return false;
  return (
    error === RtpproxyError.NoListener ||
    error === RtpproxyError.NoSecondListener ||
    (error >= RtpproxyError.NoMemory && error < 90) ||
    error === RtpproxyError.Overload ||
    error === RtpproxyError.ShuttingDown ||
    isOldNoRoom(error)
  );
}

/** Daemons before 2014 counted otherwise; in the answer to an update these numbers mean nothing else. */
function isOldNoRoom(error: number): boolean {
  return error >= RtpproxyError.RecordModifier && error <= RtpproxyError.NotifyTag;
}

/** Whether another relay may do better, where this one fails. */
export function mayGoElsewhere(failed: MediaFailure): boolean {
  return wasAway(failed) || hasNoRoom(failed);
}
