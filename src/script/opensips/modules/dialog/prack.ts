import { WheelTimer } from '../../../../base/timer-wheel.ts';
import type { DialogPassage } from '../../../../core/dialog/dialog-observer.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { parseDecimal } from '../../../../wire/sip/text.ts';
import type { ScriptDialogs } from './state.ts';

/** What acknowledges a reliable provisional answer (RFC 3262 §7.2); undefined for any other message. */
export function rackOf(response: SipMessage): string | undefined {
  const number = response.header('RSeq');
  const { cseq, status } = response;
  if (response.isRequest || status <= 100 || status >= 200 || cseq?.method !== 'INVITE') return undefined;
  return number === undefined || parseDecimal(number) === undefined
    ? undefined
    : `${number} ${cseq.number} INVITE`;
}

/** Sends the PRACK of a reliable provisional answer (RFC 3262 §4) in the name of the caller. */
export async function sendPrack(
  { dialogs, context, params }: ScriptDialogs,
  { dialog, transaction }: DialogPassage,
  response: SipMessage,
  rack: string,
): Promise<void> {
  const { wheel } = context.services;
  let late = false;
  const failed = () => {
    if (params.prack.hangUp) transaction?.reply({ status: 502 });
    context.log('warn', 'dialog: a PRACK has failed', response.callId);
  };
  const patience = new WheelTimer(() => {
    late = true;
    failed();
  });
  wheel.arm(patience, params.prack.timeoutMs);
  const { status } = await dialogs.send(dialog, 'callee', {
    method: 'PRACK',
    headers: [['RAck', rack]],
  });
  wheel.cancel(patience);
  if (status >= 300 && !late) failed();
}
