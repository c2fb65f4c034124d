import { logLine } from '../../base/channels.ts';
import type { RequestEdit } from '../../core/proxy/fork-options.ts';
import type { MediaFailure } from '../../media/control/media-control.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchoredSession } from './anchored-session.ts';
import type { MediaEnvironment } from './media-environment.ts';
import type { SdpRole } from './offer-answer.ts';
import { type MediaReader, printedMediaAddress } from './printed-address.ts';
import type { SdpBody } from './sdp-body.ts';

/** The body of a message with its description relayed, for any number of readers. */
export type RelayedBody =
  | { readonly ok: true; for(reader: MediaReader): Buffer }
  | { readonly ok: false; readonly failure: MediaFailure };

/**
 * Relays the description in a message.
 * @param source IP address that it came from
 * @param reader IP address of whoever gets it, as far as that is known
 * @param address what every reader is told, where a script says so
 */
export async function relayBody(
  message: SipMessage,
  body: SdpBody,
  role: SdpRole,
  session: AnchoredSession,
  source: string,
  reader: string | undefined,
  address: string | undefined,
  env: MediaEnvironment,
): Promise<RelayedBody> {
  const { counters, advertise } = env;
  const cseq = message.cseq;
  const exchange = `${message.method || cseq?.method} ${cseq?.number} ${role.kind} ${session.names.callee ?? ''}`;
  if (role.kind === 'offer') counters.offers++;
  else counters.answers++;
  const result = await session.relayed(role, { sdp: body.text, source, reader, exchange });
  if (!result.ok) {
    counters.unrelayed++;
    if (result.fault !== 'already-relayed') complain(message, role, result);
    return { ok: false, failure: result };
  }
  return {
    ok: true,
    for: (reader) => {
      const told = address === undefined ? reader : { ...reader, override: { host: address } };
      return body.with(result.print((relay) => printedMediaAddress(relay, told, advertise)));
    },
  };
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
