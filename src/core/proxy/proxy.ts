import type { Flow } from '../../net/flow.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import { Flaw } from '../../wire/sip/flaw.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { reasonPhrase } from '../../wire/sip/reason-phrase.ts';
import { Via } from '../../wire/sip/via.ts';
import type { BranchRef, ForkOptions, ForkOutcome, StatelessOptions } from './fork-options.ts';
import type { ForwardingWatch } from './forwarding-watch.ts';
import { loopHash } from './loop-hash.ts';
import { type LooseRoute, looseRoute } from './loose-route.ts';
import { maxBreadth } from './max-breadth.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import {
  COMPLETED_ELSEWHERE,
  latestFork,
  ResponseContext,
  type ResponseContextUser,
} from './response-context.ts';
import { sequentialTarget } from './sequential-target.ts';
import { forwardStrayResponse, StatelessForwarder } from './stateless.ts';
import type { Target } from './target.ts';
import type { BranchSetting } from './written-request.ts';

/** Requests that begin a dialog, in whose path a proxy may want to stay. */
const DIALOG_FORMING: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
const NO_OPTIONS: ForkOptions = Object.freeze({});

/** What is wanted of a proxy: RFC 3261 §16, transaction-stateful where nothing else is said. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is the word of RFC 3261, and nobody here traps properties
export class Proxy {
  readonly #env: ProxyEnvironment;
  readonly #watch: ForwardingWatch | undefined;
  readonly #stateless: StatelessForwarder;
  /** For outcomes whose answer may still be passed on. */
  readonly #contextOf = new WeakMap<ForkOutcome, ResponseContext>();
  readonly #contextUser: ResponseContextUser = {
    settled: (context, outcome, done) => {
      if (!outcome.answered && outcome.response) this.#contextOf.set(outcome, context);
      done(outcome);
    },
    answeredLate: (context) => {
      // The fork that was begun in its stead rings in vain.
      const latest = latestFork(context.transaction);
      if (latest !== context) latest?.cancel(COMPLETED_ELSEWHERE);
    },
  };

  constructor(env: ProxyEnvironment, watch?: ForwardingWatch) {
    this.#env = env;
    this.#watch = watch;
    this.#stateless = new StatelessForwarder(env);
  }

  /**
   * Forwards a request: the targets of one group together, the groups one after the other. A 2xx is passed on when it
   * comes; a negative outcome waits for {@link finish}, or for another fork.
   */
  fork(
    transaction: ServerTransaction,
    groups: readonly (readonly Target[])[],
    options: ForkOptions = NO_OPTIONS,
  ): Promise<ForkOutcome> {
    return new Promise((resolve) => this.forkThen(transaction, groups, options, resolve));
  }

  /** As {@link fork}, without a promise. */
  forkThen(
    transaction: ServerTransaction,
    groups: readonly (readonly Target[])[],
    options: ForkOptions,
    done: (outcome: ForkOutcome) => void,
  ): void {
    this.#forward(
      transaction,
      options.looseRoute ?? looseRoute(transaction.request, this.#env.advertise.own),
      groups,
      options,
      done,
    );
  }

  /** Passes a negative outcome on to the caller; does nothing for a positive one, which has gone already. */
  finish(transaction: ServerTransaction, outcome: ForkOutcome): void {
    if (outcome.answered) return;
    const { response } = outcome;
    // A 503 means this next hop; passed on it would have the caller avoid this server (RFC 3261 §16.7 item 6).
    if (outcome.status === 503) {
      transaction.reply({ status: 500 });
    } else if (response) {
      this.#contextOf.get(outcome)!.finish(response, outcome.headers);
    } else {
      transaction.reply({ status: outcome.status, reason: outcome.reason, headers: outcome.headers });
    }
  }

  /** Forwards a request inside a dialog by its route set (RFC 3261 §16.4); answers what cannot be forwarded. */
  inDialog(transaction: ServerTransaction, options: ForkOptions = NO_OPTIONS): void {
    const found = sequentialTarget(transaction.request, this.#env.advertise);
    if (!found.ok) {
      this.#env.layer.dismiss(transaction, { status: found.status, reason: found.reason });
      return;
    }
    this.#forward(transaction, found.route, [[found.target]], options, (outcome) =>
      this.finish(transaction, outcome),
    );
  }

  /** Forwards the ACK of a 2xx, which has no transaction; one that belongs to no dialog of ours is dropped. */
  ack(message: SipMessage, flow: Flow, options: StatelessOptions = NO_OPTIONS): void {
    if (message.maxForwards === 0) return;
    const found = sequentialTarget(message, this.#env.advertise);
    if (!found.ok) return;
    const wishes = this.#watch ? this.#watch.ack(message, flow, options) : options;
    this.#stateless.forward(message, flow, found.target, found.route, wishes);
  }

  /** Forwards a request without keeping anything of it (RFC 3261 §16.11). */
  forwardStateless(
    message: SipMessage,
    flow: Flow,
    target: Target,
    options: StatelessOptions = NO_OPTIONS,
  ): void {
    const route = options.looseRoute ?? looseRoute(message, this.#env.advertise.own);
    const status = route.kind === 'malformed' ? 400 : message.maxForwards === 0 ? 483 : 0;
    const watched = status === 0 && message.method === 'ACK' ? this.#watch : undefined;
    const wishes = watched ? watched.ack(message, flow, options) : options;
    if (status === 0) this.#stateless.forward(message, flow, target, route, wishes);
    else this.#env.layer.replyStateless(message, flow, { status });
  }

  /**
   * Answers a CANCEL, and cancels the branches of its INVITE where that was forwarded (RFC 3261 §9.2, §16.10). One that
   * names no INVITE of ours is refused: passing it on would serve only strangers.
   */
  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    // No transaction for strangers: theirs would stand in the way of the caller's own CANCEL.
    if (invite) this.#env.layer.accept(message, flow)?.reply({ status: 200 });
    else this.#env.layer.replyStateless(message, flow, { status: 481 });
    // A line that some would take for two must not be copied.
    const reason = (message.flaws & Flaw.StrayControl) === 0 ? message.get(H.Reason) : undefined;
    if (invite) latestFork(invite)?.cancel(reason);
  }

  /** Cancels the branches of a request that is answered otherwise, while they still ring. */
  abandon(transaction: ServerTransaction): void {
    latestFork(transaction)?.cancel();
  }

  /** The branches of the latest fork of a request, for whoever wants to cancel some of them. */
  branches(transaction: ServerTransaction): readonly BranchRef[] {
    return latestFork(transaction)?.branches ?? [];
  }

  /**
   * Begins another branch of a fork that runs, as for a phone that has registered meanwhile.
   * @returns false where the fork is over, or has too many branches
   */
  addTarget(transaction: ServerTransaction, target: Target): boolean {
    return latestFork(transaction)?.add(target) ?? false;
  }

  /** An answer without a transaction: of a request that was forwarded without one, or nobody's. */
  strayResponse(message: SipMessage, flow: Flow): boolean {
    return forwardStrayResponse(message, flow, this.#env);
  }

  #forward(
    transaction: ServerTransaction,
    route: LooseRoute,
    groups: readonly (readonly Target[])[],
    wishes: ForkOptions,
    done: (outcome: ForkOutcome) => void,
  ): void {
    const { request } = transaction;
    const hash = loopHash(request, this.#env.loopSalt);
    const breadth = maxBreadth(request, this.#env.settings.maxBreadth);
    // Whoever was refused already waits for nobody.
    const refused = transaction.lastStatus >= 300 ? 487 : this.#refusal(request, route, hash, breadth);
    if (refused !== 0) {
      done(failed(refused));
      return;
    }
    const options = this.#watch ? this.#watch.request(transaction, wishes) : wishes;
    const setting: BranchSetting = {
      transaction,
      route,
      options,
      loopHash: hash,
      recordRoute: options.recordRoute ?? (!request.hasToTag && DIALOG_FORMING.has(request.method)),
    };
    const index = latestFork(transaction)?.nextIndex ?? 0;
    const context = new ResponseContext(setting, groups, breadth, index, this.#env, this.#contextUser, done);
    transaction.forwarding = context;
    context.start();
  }

  /** @returns the status to refuse with, or 0 */
  #refusal(request: SipMessage, route: LooseRoute, hash: string, breadth: number): number {
    if (route.kind === 'malformed') return 400;
    if (request.maxForwards === 0) return 483;
    if (breadth === 0) return 440;
    return this.#hasLooped(request, hash) ? 482 : 0;
  }

  /** Whether one of the Vias is ours and was made for this very request (RFC 3261 §16.3 item 4). */
  #hasLooped(request: SipMessage, hash: string): boolean {
    if (!request.hasSeveral(H.Via)) return this.#isOurs(request.topVia, hash);
    // Nearly no Via has the hash anywhere: taking it apart can wait for that.
    return request
      .elements(H.Via)
      .some(({ text }) => text.includes(hash) && this.#isOurs(Via.parse(text), hash));
  }

  #isOurs(via: Via | undefined, hash: string): boolean {
    return via?.branch.endsWith(hash) === true && this.#env.layer.parseOwnBranch(via.branch)?.suffix === hash;
  }
}

function failed(status: number): ForkOutcome {
  return {
    kind: 'outcome',
    answered: false,
    status,
    reason: reasonPhrase(status),
    cancelled: false,
    timedOut: false,
    response: undefined,
    headers: [],
  };
}
