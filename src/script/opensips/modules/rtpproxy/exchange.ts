import { canonicalHost, formatHostPort, ipFamily } from '../../../../base/ip.ts';
import type { Side } from '../../../../core/proxy/record-route.ts';
import type { MediaFlags } from '../../../../media/control/media-flags.ts';
import { toByteString } from '../../../../wire/sip/text.ts';
import { exchangeOnce } from '../../../media/explicit-exchange.ts';
import type { VariableRef } from '../../frame/variable.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { textOf } from '../../value.ts';
import type { ScriptRelays } from './relays.ts';

/** What a script says of one offer or answer. */
export interface ExchangeWishes {
  readonly kind: 'offer' | 'answer';
  readonly flags: MediaFlags | undefined;
  readonly address: string | undefined;
  readonly set: number | undefined;
  readonly node: VariableRef | undefined;
  readonly result: VariableRef | undefined;
  readonly body: VariableRef | undefined;
  readonly local: string | undefined;
}

function complain(m: ScriptMessage, name: string, reason: string): false {
  m.program.log('error', `${name}: ${reason}`, m.message.callId);
  return false;
}

/** @returns undefined for none, `null` for what is no address */
export function addressOf(text: string | undefined): string | null | undefined {
  if (text === undefined || text === '') return undefined;
  return ipFamily(text) === 0 ? null : canonicalHost(text);
}

/** Who reads the message at hand as far as that is known before it is written. */
function readerOf(m: ScriptMessage): Side | undefined {
  return m.replyView?.reader;
}

/** `rtpproxy_offer` and `rtpproxy_answer`: the description of one message. */
export async function exchange(
  m: ScriptMessage,
  relays: ScriptRelays,
  wishes: ExchangeWishes,
): Promise<boolean> {
  const { kind, flags = {}, set, node, result, body, local } = wishes;
  const name = `rtpproxy_${kind}`;
  const { media } = m.program.services;
  const relay = relays.set(set);
  if (!media || !relay) return complain(m, name, 'there is no relay: set rtpproxy_sock');
  const address = addressOf(wishes.address);
  if (address === null) return complain(m, name, `${wishes.address} is no IP address`);
  const given = body && textOf(body.get(m));
  const wantsWord = flags.notify !== undefined || flags.keys !== undefined;
  const done = await exchangeOnce(
    {
      kind,
      message: m.message,
      sdp: given === null ? undefined : given,
      source: m.flow.remoteAddress,
      relay,
      flags,
      address,
      local,
      tag: wantsWord ? relays.tagOf(m.message.callId) : undefined,
    },
    media.environment,
  );
  if (done === undefined) return complain(m, name, 'the message has no session description');
  if (!done.ok) {
    if (done.failure.fault === 'already-relayed') return false;
    return complain(m, name, done.failure.reason);
  }
  const { relayed } = done;
  node?.set(m, toByteString(relayed.node));
  const last = relayed.media.at(-1);
  if (result !== undefined && last !== undefined) {
    result.set(m, formatHostPort(address ?? last.advertised ?? last.address ?? '', last.port));
  }
  if (flags.keepBody) return true;
  const own = ownSide(m);
  if (body !== undefined) return body.set(m, done.print(readerOf(m) ?? own));
  m.changes.add((edit, reader) => void edit.setBody(done.for(reader ?? own)));
  return true;
}

/** Where nobody says who reads: as somebody outside would. */
function ownSide(m: ScriptMessage) {
  return { listener: m.flow.listener, destination: '', override: m.advertise };
}
