import { WheelTimer } from '../../../../base/timer-wheel.ts';
import type { DialogPassage } from '../../../../core/dialog/dialog-observer.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { parseDecimal } from '../../../../wire/sip/text.ts';
import type { ScriptDialogs } from './state.ts';

/**
 * Sends the PRACK of a reliable provisional answer (RFC 3262 §4) in the name of the caller.
 * @param number the RSeq of the answer
 */
export async function sendPrack(
  { dialogs, context, params }: ScriptDialogs,
  { dialog, request, transaction }: DialogPassage,
  response: SipMessage,
  number: string,
): Promise<void> {
  const cseq = request.cseq?.number;
  if (parseDecimal(number) === undefined || cseq === undefined) return;
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
    headers: [['RAck', `${number} ${cseq} INVITE`]],
  });
  wheel.cancel(patience);
  if (status >= 300 && !late) failed();
}
