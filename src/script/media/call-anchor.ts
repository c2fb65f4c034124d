import type { ForkOptions } from '../../core/proxy/fork-options.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { AnchorOptions } from '../api/media.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import type { Anchoring } from './anchoring.ts';
import { CallMediaHandle } from './call-media-handle.ts';

/** What a script has said of the media of the one request that it handles. */
export class CallAnchor {
  readonly handle: CallMediaHandle;
  readonly #anchoring: Anchoring;
  readonly #transaction: ServerTransaction;
  #settings: AnchorSettings | undefined;

  constructor(anchoring: Anchoring, transaction: ServerTransaction) {
    this.#anchoring = anchoring;
    this.#transaction = transaction;
    this.handle = new CallMediaHandle(anchoring, anchoring.calls.of(transaction));
  }

  /** Throws as {@link Anchoring.settings} does. */
  want(options: AnchorOptions, guard: (callback: () => void) => void): void {
    this.#settings = this.#anchoring.settings(options, this.handle, guard);
  }

  /** What the proxy is to do with the request, all said. All forks of a request are one call. */
  options(options: ForkOptions): ForkOptions {
    const call = this.#settings && this.#anchoring.calls.engage(this.#transaction, this.#settings);
    if (!call) return options;
    this.handle.engaged(call);
    const { onFailure } = options;
    return {
      ...options,
      onFailure: (failure) => {
        onFailure?.(failure);
        call.failed(failure);
      },
    };
  }
}
