import type { Flow } from '../../net/flow.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { ForkOptions, StatelessOptions } from './fork-options.ts';

/** Whoever has a say in what is forwarded, whoever forwards it: the dialogs. */
export interface ForwardingWatch {
  /** Called for each fork of a request. @returns what to forward it with: the options given, and more */
  request(transaction: ServerTransaction, options: ForkOptions): ForkOptions;
  /** As {@link request}, for the ACK of a 2xx. */
  ack(message: SipMessage, flow: Flow, options: StatelessOptions): StatelessOptions;
}
