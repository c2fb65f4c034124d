import type {
  MediaDone,
  MediaFailure,
  MediaKey,
  MediaParty,
  MediaResult,
  Relayed,
} from '../../media/control/media-control.ts';
import type { MediaFlags } from '../../media/control/media-flags.ts';
import type { RtpengineFlags } from '../../media/control/rtpengine-flags.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { PLAIN_STYLE, printDescription } from './print-description.ts';
import type { MediaReader } from './printed-address.ts';
import type { RelayedBody } from './relay-body.ts';
import type { RelaySet } from './relay-sets.ts';
import { SdpBody } from './sdp-body.ts';

/** What is to be done with the description of one message, by the word of a script. */
export interface ExplicitExchange {
  readonly kind: 'offer' | 'answer';
  readonly message: SipMessage;
  /** A description to relay instead of that of the message. */
  readonly sdp?: string | undefined;
  /** IP address that it came from. */
  readonly source: string;
  readonly relay: RelaySet;
  readonly flags: MediaFlags;
  readonly engine?: RtpengineFlags | undefined;
  /** An IP address that stands in the description, whoever reads it. */
  readonly address?: string | undefined;
  /** Address of the relay to use for its reader. */
  readonly local?: string | undefined;
  readonly viaBranch?: string | undefined;
  /** The relay that has the call, where the script knows it. */
  readonly node?: string | undefined;
  /** By what the relay tells of silence and keys; nothing is told without. */
  readonly tag?: string | undefined;
}

/** As {@link RelayedBody}, with what the relay has said. */
export type ExchangedBody =
  | {
      readonly ok: true;
      readonly relayed: Relayed;
      for(reader: MediaReader): Buffer;
      /** The description alone. */
      print(reader: MediaReader): string;
    }
  | { readonly ok: false; readonly failure: MediaFailure };

/** Who hears a prompt, seen from the message at hand: who sent the request (`uac`), or who answers it. */
export type ExchangeParty = 'uac' | 'uas';

/**
 * Relays the description of one message and keeps nothing: what OpenSIPS calls `rtpproxy_offer` and `rtpproxy_answer`. The
 * script answers for what is an offer; ports are given back when it says so, or for want of packets.
 * @returns undefined where the message has no description
 */
export async function exchangeOnce(
  exchange: ExplicitExchange,
  env: MediaEnvironment,
): Promise<ExchangedBody | undefined> {
  const { kind, message, source, relay, flags, engine, local, viaBranch, node, tag } = exchange;
  const body = SdpBody.of(message);
  const sdp = exchange.sdp ?? body?.text;
  if (sdp === undefined) return undefined;
  const { control } = relay;
  const key = exchangeKey(message, relay, kind);
  const question = {
    ...key,
    callId: engine?.callId ?? key.callId,
    node,
    sdp,
    source,
    flags,
    engine,
    local,
    viaBranch,
    tag,
  };
  const result: MediaResult = await (kind === 'offer' ? control.offer(question) : control.answer(question));
  if (!result.ok) return { ok: false, failure: result };
  const style = { ...PLAIN_STYLE, address: exchange.address };
  return {
    ok: true,
    relayed: result,
    print: (reader) => printDescription(result, reader, style, env),
    for: (reader) => {
      const text = printDescription(result, reader, style, env);
      return body ? body.with(text) : Buffer.from(text, 'latin1');
    },
  };
}

/** Gives back the ports of the call that a message belongs to: `rtpproxy_unforce`. */
export function unforce(message: SipMessage, relay: RelaySet): Promise<MediaDone> {
  return relay.control.delete(exchangeKey(message, relay, 'offer'));
}

/**
 * How a relay knows the call of a message. The tag of the offerer comes first: that of From in a request that offers and
 * in the answer to it, else that of To.
 */
export function exchangeKey(message: SipMessage, relay: RelaySet, kind: 'offer' | 'answer'): MediaKey {
  const from = message.from?.tag ?? '';
  const to = message.to?.tag;
  const { set } = relay;
  const offererIsFrom = message.isRequest === (kind === 'offer');
  return offererIsFrom || to === undefined
    ? { callId: message.callId, fromTag: from, toTag: to, set }
    : { callId: message.callId, fromTag: to, toTag: from, set };
}

/** The party of {@link exchangeKey} for an offer. */
export function exchangeParty(party: ExchangeParty, message: SipMessage): MediaParty {
  // In a request From is the client, in an answer too; the key of an offer in an answer begins with To.
  return (party === 'uac') === message.isRequest ? 'offerer' : 'answerer';
}
