import { H } from '../../../wire/sip/header-name.ts';
import type { ForkOptions } from '../../proxy/fork-options.ts';
import { kindOf, read } from '../../proxy/testing/messages.ts';
import {
  calleeDialog,
  callerDialog,
  type Peer,
  type Dialog as PeerDialog,
} from '../../proxy/testing/peer.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions } from '../../proxy/testing/proxy-under-test.ts';
import type { Dialog, DialogOptions } from '../dialog.ts';
import type { DialogEvent } from '../dialog-observer.ts';

export interface CallUnderTestOptions extends ProxyUnderTestOptions {
  readonly caller?: string;
  readonly callee?: string;
  readonly wanted?: DialogOptions;
  readonly fork?: ForkOptions;
}

/** A call through a proxy that knows its dialog. */
export class CallUnderTest {
  readonly server: ProxyUnderTest;
  readonly caller: Peer;
  readonly callee: Peer;
  /** The dialogs that were made, in order. */
  readonly dialogs: Dialog[] = [];
  /** What was told of them. */
  readonly events: string[] = [];
  #cseq = 100;

  constructor(options: CallUnderTestOptions = {}) {
    this.server = new ProxyUnderTest(options);
    this.caller = this.server.peer(options.caller ?? '192.0.2.7');
    this.callee = this.server.peer(options.callee ?? '198.51.100.1');
    this.server.forkTo(this.callee).options = options.fork ?? {};
    this.server.dialogs.observe({
      onEvent: (dialog, event) => void this.events.push(this.#text(dialog, event)),
    });
    this.server.onRequest = (message, transaction) => {
      if (message.method !== 'INVITE' || message.to?.tag !== undefined) return;
      const dialog = this.server.dialogs.create(transaction, options.wanted);
      if (dialog) this.dialogs.push(dialog);
    };
  }

  get dialog(): Dialog {
    return this.dialogs.at(-1)!;
  }

  /** From INVITE to ACK. */
  establish(headers: readonly string[] = []): this {
    this.caller.request('INVITE', { headers });
    this.callee.answer('INVITE', 180);
    this.callee.answer('INVITE', 200);
    this.caller.inDialog('ACK', this.ofCaller);
    return this;
  }

  /** The dialog as the caller knows it. */
  get ofCaller(): PeerDialog {
    return callerDialog(this.caller.inbox.findLast((text) => isFirstAnswer(text))!);
  }

  /** The dialog as the callee knows it. */
  get ofCallee(): PeerDialog {
    return calleeDialog(this.callee.inbox.find((text) => kindOf(text) === 'INVITE')!);
  }

  /** A request inside the dialog, with a higher number each. */
  send(method: string, by: 'caller' | 'callee', cseq: number = ++this.#cseq): string {
    const dialog = by === 'caller' ? this.ofCaller : this.ofCallee;
    return this[by].inDialog(method, dialog, { cseq });
  }

  #text(dialog: Dialog, event: DialogEvent): string {
    const which =
      this.dialogs.length > 1 && this.dialogs.includes(dialog) ? `${this.dialogs.indexOf(dialog)} ` : '';
    return event.kind === 'ended'
      ? `${which}ended: ${event.end.cause} by ${event.end.by}, ${event.end.reason}`
      : `${which}${event.kind}`;
  }
}

/** Whether it answers the INVITE that makes the dialog, more than provisionally where both have come. */
function isFirstAnswer(text: string): boolean {
  const { status, cseq } = read(text);
  return status > 100 && status < 300 && cseq?.number === 1 && cseq.method === 'INVITE';
}

/** The CSeq number of a message. */
export function cseqOf(text: string): number {
  return read(text).cseq!.number;
}

/** The value of its topmost Contact. */
export function shownContact(text: string): string | undefined {
  return read(text).get(H.Contact);
}
