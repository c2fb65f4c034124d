import type { ForkOptions } from '../../core/proxy/fork-options.ts';
import type { Flow } from '../../net/flow.ts';
import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { AnchorOptions } from '../api/media.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import type { AnchoredCall } from './anchored-call.ts';
import type { Anchoring } from './anchoring.ts';
import type { CallMediaHandle } from './call-media-handle.ts';
import { joined } from './media-watch.ts';

/** What a script has said of the media of the one request that it handles. */
export class CallAnchor {
  readonly handle: CallMediaHandle;
  readonly #anchoring: Anchoring;
  readonly #request: SipMessage;
  #settings: AnchorSettings | undefined;
  #call: AnchoredCall | undefined;

  constructor(anchoring: Anchoring, request: SipMessage) {
    this.#anchoring = anchoring;
    this.#request = request;
    this.handle = anchoring.mediaOf(request);
  }

  /** Throws as {@link Anchoring.settings} does. */
  want(options: AnchorOptions, guard: (callback: () => void) => void): void {
    this.#settings = this.#anchoring.settings(options, this.handle, guard);
  }

  /** What the proxy is to do with the request, all said. All forks of a request are one call. */
  options(options: ForkOptions, flow: Flow, counters: TransactionCounters): ForkOptions {
    if (!this.#settings) return options;
    this.#call ??= this.#anchoring.engage(this.#request, flow, this.#settings);
    if (!this.#call) return options;
    this.handle.engaged(this.#call);
    return joined(options, this.#call.options, counters);
  }

  /** A fork has come to its end. */
  forked(): void {
    this.#call?.forked();
  }
}
