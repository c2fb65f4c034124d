import { ServerError } from '../base/errors.ts';
import { type TimerWheel, WheelTimer } from '../base/timer-wheel.ts';
import type { Dialogs } from '../core/dialog/dialogs.ts';
import type { ForkOptions as ProxyOptions } from '../core/proxy/fork-options.ts';
import type { Proxy as SipProxy } from '../core/proxy/proxy.ts';
import type { MaybePromise } from '../core/registrar/location-store.ts';
import type { ReplyParts, ServerTransaction } from '../transaction/server-transaction.ts';
import type { Answer, ForkOutcome, Reply } from './api/answer.ts';
import type { ForkOptions, ForkTargets } from './api/call.ts';
import type { AnchorOptions, CallMedia } from './api/media.ts';
import type { Handler } from './api/routes.ts';
import type { Services } from './api/services.ts';
import { proxyOptions } from './fork-options.ts';
import { targetSet } from './fork-targets.ts';
import type { Anchoring } from './media/anchoring.ts';
import { CallAnchor } from './media/call-anchor.ts';
import { CallMediaHandle } from './media/call-media-handle.ts';
import type { Program } from './program.ts';
import { type CallOwner, RequestCall } from './request-call.ts';

/** What a handling needs of the runtime that began it. */
export interface HandlingOwner {
  readonly wheel: TimerWheel;
  readonly proxy: SipProxy;
  readonly dialogs: Dialogs;
  readonly services: Services;
  /** Undefined where nothing is known of media. */
  readonly media: Anchoring | undefined;
  /** How long a script may take, its forks left out, in ms. */
  readonly answerTimeoutMs: number;
  send(transaction: ServerTransaction, parts: ReplyParts): void;
  /** The names that a fork may send from. */
  listenerNames(): readonly string[];
  /** A script threw, or returned what is no answer. */
  faulted(handling: Handling, error: unknown): void;
  timedOut(handling: Handling): void;
  ended(handling: Handling): void;
}

const NO_OPTIONS: ForkOptions = Object.freeze({});

/** One request in the hands of a script, from the call of its handler to the final answer. */
export class Handling implements CallOwner {
  readonly transaction: ServerTransaction;
  /** The program that began it, which may have been replaced since. */
  readonly program: Program;
  readonly #owner: HandlingOwner;
  /** Only for a script that makes its answer wait. */
  #timer: WheelTimer | undefined;
  #abort: AbortController | undefined;
  /** Only for a script that has something to do with media. */
  #anchor: CallAnchor | undefined;
  #aborted = false;
  #cancelled = false;
  #waiting = false;
  #done = false;
  /** Forks that have not come to their outcome. */
  #forks = 0;

  constructor(transaction: ServerTransaction, program: Program, owner: HandlingOwner) {
    this.transaction = transaction;
    this.program = program;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#aborted) this.#abort.abort();
    return this.#abort.signal;
  }

  start(handler: Handler): void {
    try {
      const call = new RequestCall(this.transaction, this.#owner.services, this);
      const answer = handler(call);
      if (!isThenable(answer)) {
        this.#answer(call, answer);
        return;
      }
      this.#waiting = true;
      this.#arm();
      answer.then(
        (settled) => this.#settled(() => this.#answer(call, settled)),
        (error: unknown) => this.#settled(() => this.#fail(error)),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The caller gave up (RFC 3261 §9.2). Forks are cancelled by the proxy, and their outcome says so. */
  cancel(): void {
    this.#cancelled = true;
    this.#abortScript();
    if (this.#forks === 0 && !this.#done) this.#finish({ status: 487 });
  }

  progress(reply: Reply): void {
    if (!this.#done) this.#owner.send(this.transaction, replyParts(reply));
  }

  fork(call: RequestCall, targets: ForkTargets, asked: ForkOptions): Promise<ForkOutcome> {
    const groups = targetSet(targets, call.request);
    const wishes = this.#wishes(call, asked);
    if (this.#cancelled) return Promise.resolve(unanswered(487, 'Request Terminated', true));
    if (this.#done) {
      throw new ServerError('SIP_ALREADY_ANSWERED', `fork: this ${call.method} has its final answer`);
    }
    if (groups.length === 0) return Promise.resolve(unanswered(480, 'Temporarily Unavailable', false));
    this.#forks++;
    this.#stopTimer();
    const options = this.#withMedia(wishes);
    let thrown = false;
    const outcome = new Promise<ForkOutcome>((resolve, reject) => {
      try {
        this.#owner.proxy.forkThen(this.transaction, groups, options, (it) => {
          this.#forkEnded();
          resolve(it);
        });
      } catch (error) {
        thrown = true;
        this.#forkEnded();
        reject(error);
      }
    });
    // A script may let go of it; a rejection that nobody hears would end the process.
    if (thrown) outcome.catch(() => {});
    return outcome;
  }

  #forkEnded(): void {
    this.#forks--;
    if (this.#forks === 0 && this.#waiting) this.#arm();
  }

  anchorMedia(options: AnchorOptions): void {
    this.#mediaAnchor()?.want(options, (callback) => void this.guard(callback));
  }

  get media(): CallMedia {
    return this.#mediaAnchor()?.handle ?? new CallMediaHandle();
  }

  #mediaAnchor(): CallAnchor | undefined {
    const { media } = this.#owner;
    if (media) this.#anchor ??= new CallAnchor(media, this.transaction);
    return this.#anchor;
  }

  #withMedia(wishes: ProxyOptions): ProxyOptions {
    return this.#anchor?.options(wishes) ?? wishes;
  }

  #wishes(call: RequestCall, options: ForkOptions): ProxyOptions {
    const { listener } = options;
    const known = listener === undefined ? undefined : this.#owner.listenerNames();
    if (known !== undefined && !known.includes(listener!)) {
      throw new ServerError('NET_NO_LISTENER', `fork: there is no listener ${JSON.stringify(listener)}`, {
        hint: `the listeners are ${known.join(', ')}`,
      });
    }
    return proxyOptions(call, options, this);
  }

  #settled(act: () => void): void {
    this.#waiting = false;
    this.#stopTimer();
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #answer(call: RequestCall, answer: Answer): void {
    if (this.#done) return;
    switch (answer?.kind) {
      case 'reply':
        this.#finish(replyParts(answer));
        return;
      case 'outcome':
        this.#end();
        if (!answer.answered) this.#owner.proxy.finish(this.transaction, answer);
        return;
      case 'follow-route':
        this.#end();
        this.#owner.proxy.inDialog(this.transaction, this.#wishes(call, NO_OPTIONS));
        return;
      default:
        this.#fail(
          new TypeError('the handler returned no answer; return call.reply(…), call.fork(…) or the like'),
        );
    }
  }

  #fail(error: unknown): void {
    this.#owner.faulted(this, error);
    if (!this.#done) this.#finish({ status: 500 });
  }

  #expire(): void {
    if (this.#done) return;
    this.#owner.timedOut(this);
    this.#abortScript();
    this.#finish({ status: 504 });
  }

  #finish(parts: ReplyParts): void {
    this.#end();
    this.#owner.send(this.transaction, parts);
    // A script that did not wait for its fork has phones ringing for nobody.
    if (this.#forks > 0) this.#owner.proxy.abandon(this.transaction);
  }

  #end(): void {
    this.#done = true;
    this.#stopTimer();
    this.#owner.ended(this);
  }

  #arm(): void {
    if (this.#done || this.#forks > 0) return;
    this.#timer ??= new WheelTimer(() => this.#expire());
    this.#owner.wheel.arm(this.#timer, this.#owner.answerTimeoutMs);
  }

  #stopTimer(): void {
    if (this.#timer) this.#owner.wheel.cancel(this.#timer);
  }

  #abortScript(): void {
    this.#aborted = true;
    this.guard(() => this.#abort?.abort());
  }

  /** @internal Runs something of the script's that is not its handler; what it throws is its own matter. */
  guard(callback: () => MaybePromise<void>): MaybePromise<void> {
    const faulted = (error: unknown): void => this.#owner.faulted(this, error);
    try {
      const waiting = callback();
      return waiting instanceof Promise ? waiting.catch(faulted) : undefined;
    } catch (error) {
      faulted(error);
    }
  }
}

function replyParts({ status, reason, headers, body }: Reply): ReplyParts {
  return {
    status,
    headers,
    ...(reason === undefined ? {} : { reason }),
    ...(body === undefined ? {} : { body }),
  };
}

/** The outcome of a fork that sent nothing. */
function unanswered(status: number, reason: string, cancelled: boolean): ForkOutcome {
  return {
    kind: 'outcome',
    answered: false,
    status,
    reason,
    cancelled,
    timedOut: false,
    response: undefined,
    headers: [],
  };
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}
