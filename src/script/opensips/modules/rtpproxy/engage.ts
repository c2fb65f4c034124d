import { DialogState, didText } from '../../../../core/dialog/dialog.ts';
import type { MediaFlags } from '../../../../media/control/media-flags.ts';
import type { AnchoredCall } from '../../../media/anchored-call.ts';
import type { VariableRef } from '../../frame/variable.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { addressOf } from './exchange.ts';
import { type ScriptRelays, TIMEOUT_REASON } from './relays.ts';

export interface EngageWishes {
  readonly flags: MediaFlags | undefined;
  readonly address: string | undefined;
  readonly set: number | undefined;
  readonly node: VariableRef | undefined;
}

function complain(m: ScriptMessage, reason: string): false {
  m.program.log('error', `rtpproxy_engage: ${reason}`, m.message.callId);
  return false;
}

/** `rtpproxy_engage`: takes the media of a call through a relay, from its INVITE to its end. */
export function engage(m: ScriptMessage, relays: ScriptRelays, wishes: EngageWishes): boolean {
  const { context, program } = m;
  const { request, transaction } = context;
  const { media, dialogs } = program.services;
  const relay = relays.set(wishes.set);
  if (!media || !relay) return complain(m, 'there is no relay: set rtpproxy_sock');
  const initial = m.isRequest && request.method === 'INVITE' && request.to?.tag === undefined;
  if (!initial || transaction === undefined) return complain(m, 'only for an INVITE that begins a call');
  const address = addressOf(wishes.address);
  if (address === null) return complain(m, `${wishes.address} is no IP address`);
  const { flags = {} } = wishes;
  let call: AnchoredCall | undefined;
  call = media.anchoring.calls.engage(transaction, {
    relay,
    policy: 'always',
    pin: undefined,
    address,
    flags,
    without: 'pass',
    record: false,
    onKey:
      flags.keys === undefined
        ? undefined
        : ({ key, from }) => {
            const party = from === undefined ? undefined : from === 'callee' ? 'answerer' : 'offerer';
            relays.raiseKey(
              { key, volume: 0, duration: 0, party },
              call === undefined ? '' : didText(call.dialog.id),
              false,
            );
          },
    onTimeout: () => {
      if (call && call.dialog.state !== DialogState.Ended) void dialogs.end(call.dialog, TIMEOUT_REASON);
    },
  });
  if (!call) return complain(m, 'no room for another dialog');
  const engaged = call;
  context.watch({ failed: (_context, failure) => engaged.failed(failure) });
  if (wishes.node)
    wishes.node.set(m, relay.control.relays().find((it) => it.set === relay.set)?.node ?? null);
  return true;
}
