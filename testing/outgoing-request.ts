import type { SipMessage } from '../src/wire/sip/message.ts';

/** A request that a peer sent, and what came back. */
export class OutgoingRequest {
  readonly request: SipMessage;
  /** Every response in order, repetitions included. */
  readonly responses: SipMessage[] = [];
  /** The first final response. */
  readonly final: Promise<SipMessage>;
  #resolve: (response: SipMessage) => void = () => {};
  #waiting: { readonly least: number; readonly resolve: (response: SipMessage) => void }[] = [];

  /** @internal made by the peer */
  constructor(request: SipMessage) {
    this.request = request;
    this.final = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The first response of that status or above, also one that has come already. */
  atLeast(status: number): Promise<SipMessage> {
    const known = this.responses.find((response) => response.status >= status);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.push({ least: status, resolve }));
  }

  /** @internal */
  receive(response: SipMessage): void {
    this.responses.push(response);
    const done = this.#waiting.filter(({ least }) => response.status >= least);
    this.#waiting = this.#waiting.filter(({ least }) => response.status < least);
    for (const { resolve } of done) resolve(response);
    if (response.status >= 200) this.#resolve(response);
  }
}
