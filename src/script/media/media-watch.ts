import type { ForkOptions, StatelessOptions } from '../../core/proxy/fork-options.ts';
import type { ForwardingWatch } from '../../core/proxy/forwarding-watch.ts';
import { inTurn } from '../../core/proxy/hook.ts';
import type { Flow } from '../../net/flow.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { MediaCalls } from './media-calls.ts';

/** What media have to say about the forwarding of a request. */
export type MediaHooks = Pick<ForkOptions, 'onBranch' | 'onReply' | 'onFailure'>;

/** Options with those of the media after them: what a script changes in a message, it changes before. */
export function joined(options: ForkOptions, media: MediaHooks, counters: TransactionCounters): ForkOptions {
  const onBranch = inTurn(options.onBranch, media.onBranch, counters);
  const onReply = inTurn(options.onReply, media.onReply, counters);
  const { onFailure } = options;
  const { onFailure: mediaFailed } = media;
  return {
    ...options,
    ...(onBranch && { onBranch }),
    ...(onReply && { onReply }),
    ...(mediaFailed && {
      onFailure: (failure) => {
        onFailure?.(failure);
        mediaFailed(failure);
      },
    }),
  };
}

/** Sees to the media of whatever is forwarded inside a dialog, after another watch where there is one. */
export class MediaWatch implements ForwardingWatch {
  readonly #calls: MediaCalls;
  readonly #counters: () => TransactionCounters;
  readonly #first: ForwardingWatch | undefined;

  constructor(calls: MediaCalls, counters: () => TransactionCounters, first?: ForwardingWatch) {
    this.#calls = calls;
    this.#counters = counters;
    this.#first = first;
  }

  request(transaction: ServerTransaction, options: ForkOptions): ForkOptions {
    const wanted = this.#first ? this.#first.request(transaction, options) : options;
    const media = this.#calls.inDialog(transaction.request, transaction.flow);
    return media ? joined(wanted, media, this.#counters()) : wanted;
  }

  ack(message: SipMessage, flow: Flow, options: StatelessOptions): StatelessOptions {
    const wanted = this.#first ? this.#first.ack(message, flow, options) : options;
    const media = this.#calls.ack(message, flow);
    return media ? joined(wanted, media, this.#counters()) : wanted;
  }
}
