import { logLine } from '../../base/channels.ts';
import type { RequestEdit } from '../../core/proxy/fork-options.ts';
import type { MediaFailure } from '../../media/control/media-control.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchoredSession } from './anchored-session.ts';
import type { MediaEnvironment } from './media-environment.ts';
import type { SdpRole } from './offer-answer.ts';
import { type DescriptionStyle, printDescription } from './print-description.ts';
import type { MediaReader } from './printed-address.ts';
import type { SdpBody } from './sdp-body.ts';

/** The body of a message with its description relayed, for any number of readers. */
export type RelayedBody =
  | { readonly ok: true; for(reader: MediaReader): Buffer }
  | { readonly ok: false; readonly failure: MediaFailure };

/** A description in a message on its way through this server. */
export interface PassingDescription {
  readonly message: SipMessage;
  readonly body: SdpBody;
  readonly role: SdpRole;
  /** IP address that the message came from. */
  readonly source: string;
  /** IP address of whoever gets it, as far as that is known. */
  readonly reader: string | undefined;
  readonly style: DescriptionStyle;
}

/** Relays the description in a message. */
export async function relayBody(
  { message, body, role, source, reader, style }: PassingDescription,
  session: AnchoredSession,
  env: MediaEnvironment,
): Promise<RelayedBody> {
  const { counters } = env;
  const { cseq } = message;
  const exchange = `${cseq?.method} ${cseq?.number} ${role.kind} ${session.names.callee ?? ''}`;
  if (role.kind === 'offer') counters.offers++;
  else counters.answers++;
  const result = await session.relayed(role, { sdp: body.text, source, reader, exchange });
  if (!result.ok) {
    counters.unrelayed++;
    if (result.fault !== 'already-relayed') complain(message, role, result);
    return { ok: false, failure: result };
  }
  return { ok: true, for: (it) => body.with(printDescription(result, it, style, env)) };
}

/** Writes a relayed body into a request, for whoever a hop leads to. */
export function bodyEdit(body: RelayedBody & { ok: true }): RequestEdit {
  return (edit, to) => void edit.setBody(body.for(to.reader));
}

/** Whether a call would be silent for want of a relay; else its description is one that no relay can do anything with. */
export function isRelayMissing({ fault }: MediaFailure): boolean {
  return fault !== 'already-relayed' && fault !== 'bad-description' && fault !== 'unsupported';
}

function complain(message: SipMessage, { kind, from }: SdpRole, { fault, reason }: MediaFailure): void {
  logLine('warn', 'media', `the ${kind} of the ${from} could not be relayed: ${reason}`, {
    callId: message.callId,
    fault,
  });
}
