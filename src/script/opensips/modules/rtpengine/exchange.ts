import type { RtpengineFlags } from '../../../../media/control/rtpengine-flags.ts';
import { toByteString } from '../../../../wire/sip/text.ts';
import { exchangeOnce } from '../../../media/explicit-exchange.ts';
import { SdpBody } from '../../../media/sdp-body.ts';
import type { VariableRef } from '../../frame/variable.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { textOf } from '../../value.ts';
import type { ScriptEngines } from './engines.ts';

/** What a script says of one description. */
export interface EngineExchange {
  readonly flags: RtpengineFlags;
  /** The relay: says which one to use, and gets the one that was used. */
  readonly node: VariableRef | undefined;
  /** Gets the description, which then does not go into the message. */
  readonly result: VariableRef | undefined;
  /** A description instead of that of the message. */
  readonly body: string | undefined;
}

/** The relay that a variable names; undefined where it holds nothing. */
export function nodeIn(m: ScriptMessage, node: VariableRef | undefined): string | undefined {
  const text = node && textOf(node.get(m));
  return text === '' ? undefined : text;
}

/** `rtpengine_offer` and `rtpengine_answer` */
export async function exchange(
  m: ScriptMessage,
  engines: ScriptEngines,
  kind: 'offer' | 'answer',
  { flags, node, result, body }: EngineExchange,
): Promise<boolean> {
  const name = `rtpengine_${kind}`;
  const { media } = m.program.services;
  if (!media) return engines.complain(m, name, 'there are no media services');
  const done = await exchangeOnce(
    {
      kind,
      message: m.message,
      sdp: body,
      source: m.flow.remoteAddress,
      relay: engines.setOf(m),
      flags: {},
      engine: flags,
      viaBranch: engines.viaBranch(m, flags),
      node: nodeIn(m, node),
    },
    media.environment,
  );
  if (done === undefined) return engines.complain(m, name, 'the message has no session description');
  if (!done.ok) return engines.complain(m, name, done.failure.reason);
  node?.set(m, toByteString(done.relayed.node));
  const own = { listener: m.flow.listener, destination: '', override: m.advertise };
  if (result !== undefined) return result.set(m, done.print(m.replyView?.reader ?? own));
  m.changes.add((edit, reader) => void edit.setBody(done.for(reader ?? own)));
  return true;
}

/** `rtpengine_delete` */
export async function remove(
  m: ScriptMessage,
  engines: ScriptEngines,
  flags: RtpengineFlags,
  node: VariableRef | undefined,
): Promise<boolean> {
  const key = engines.keyOf(m, flags, nodeIn(m, node));
  // Without a word about it, the whole call of that party ends.
  const toTag = flags.toTag === undefined ? undefined : key.toTag;
  const done = await engines.control.delete({ ...key, toTag });
  if (!done.ok) return engines.complain(m, 'rtpengine_delete', done.reason);
  node?.set(m, toByteString(done.node));
  return true;
}

/** `rtpengine_manage`: what the message at hand calls for. */
export function manage(
  m: ScriptMessage,
  engines: ScriptEngines,
  wishes: EngineExchange,
): Promise<boolean> | boolean {
  const { message } = m;
  const method = m.context.request.method;
  const described = wishes.body !== undefined || SdpBody.of(message) !== undefined;
  if (m.route === 'failure') return remove(m, engines, wishes.flags, wishes.node);
  if (m.isRequest) {
    if (method === 'BYE' || method === 'CANCEL') return remove(m, engines, wishes.flags, wishes.node);
    if (method === 'INVITE' && described) return exchange(m, engines, 'offer', wishes);
    return method === 'ACK' && described && exchange(m, engines, 'answer', wishes);
  }
  if (method !== 'INVITE') return false;
  if (message.status >= 300) return remove(m, engines, wishes.flags, wishes.node);
  if (!described) return false;
  const kind = SdpBody.of(m.context.request) === undefined ? 'offer' : 'answer';
  return exchange(m, engines, kind, wishes);
}
