import { logLine } from '../../base/channels.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { OutgoingRequest, RequestOutcome, UserAgentClient } from '../ua/user-agent-client.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg } from './dialog-leg.ts';

/** A request inside a dialog that this server makes itself, in the name of the other party. */
export interface DialogRequest {
  readonly method: string;
  readonly headers?: readonly HeaderEntry[];
  /** Needs a Content-Type among the headers. */
  readonly body?: Buffer;
}

/** Sends requests of this server's own inside dialogs, by the route set of each leg. */
export class DialogRequests {
  readonly #client: Pick<UserAgentClient, 'request'>;

  constructor(client: Pick<UserAgentClient, 'request'>) {
    this.#client = client;
  }

  /** @returns how it ended; 503 also where it could not be written */
  async send(dialog: Dialog, leg: DialogLeg, request: DialogRequest): Promise<RequestOutcome> {
    const { callee, calleeCallId } = dialog;
    const callId = leg.side === 'callee' ? (calleeCallId ?? dialog.callId) : dialog.callId;
    const from = leg.side === 'callee' ? leg.remote : `${leg.remote};tag=${callee?.tag ?? ''}`;
    const outgoing: OutgoingRequest = {
      ...request,
      requestUri: leg.target,
      route: leg.routes,
      connectionId: leg.connectionId,
      near: leg.listener,
      dialog: { from, to: leg.local, callId, cseq: leg.cseq.next(), contact: leg.shownContact },
      ...(leg.source === undefined ? {} : { source: leg.source }),
      ...(leg.override === undefined ? {} : { advertise: leg.override }),
    };
    try {
      return await this.#client.request(outgoing);
    } catch (fault) {
      const text = fault instanceof Error ? fault.message : String(fault);
      logLine('warn', 'dialog', `a ${request.method} to the ${leg.side} cannot be written: ${text}`, {
        callId,
      });
      return { status: 503, response: undefined };
    }
  }
}
