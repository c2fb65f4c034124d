import { WheelTimer } from '../../base/timer-wheel.ts';
import type { Flow } from '../../net/flow.ts';
import { isSecure } from '../../net/transport-name.ts';
import type { ClientTransaction, ClientTransactionUser } from '../../transaction/client-transaction.ts';
import { userFault } from '../../transaction/user-fault.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { flowHop, isFlowGone, routeFlow } from '../flow/route-flow.ts';
import type { FinalAnswer } from './best-response.ts';
import { BranchDraft } from './branch-draft.ts';
import type { BranchRef } from './fork-options.ts';
import { logUnwritable } from './forwarded-request.ts';
import { runHook } from './hook.ts';
import { hopAnswered, hopFailed } from './hop-health.ts';
import type { Legs } from './legs.ts';
import type { Hop } from './next-hop.ts';
import { type OutgoingRoute, outgoingRoute } from './outgoing-route.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import type { RecordRoute } from './record-route.ts';
import { needsSecureWay } from './sips.ts';
import { streamHop } from './stream-hop.ts';
import type { Target } from './target.ts';
import { type BranchSetting, writeRequest } from './written-request.ts';

/** What a branch tells the response context that it belongs to. */
export interface BranchUser {
  provisional(branch: Branch, response: SipMessage): void;
  /** @param late the branch had ended before: a further 2xx, or one that crossed a timeout */
  success(branch: Branch, response: SipMessage, late: boolean): void;
  failure(branch: Branch, answer: FinalAnswer): void;
}

const MOST_EARLY_DIALOGS = 16;
const NO_HOPS: readonly Hop[] = [];

/** A hop that was tried, and what was sent to it. */
interface Attempt {
  readonly hop: Hop;
  readonly client: ClientTransaction;
  readonly legs: Legs;
  readonly recordRoute: RecordRoute | undefined;
}

/**
 * One target of a forwarded request (RFC 3261 §16.6): its next hops are tried in order, each with a transaction and a
 * branch of its own (RFC 3263 §4.3), until one answers.
 */
export class Branch implements ClientTransactionUser, BranchRef {
  readonly index: number;
  readonly target: Target;
  /** The Record-Route that the request was sent with, for its answers to be read by. */
  recordRoute: RecordRoute | undefined;
  /** The hop that is being tried. */
  hop: Hop | undefined;
  /** What caller and callee are told, for the hop that is being tried. */
  legs: Legs | undefined;
  /** To tags of the early dialogs that this branch has made (RFC 6228). */
  earlyTags: string[] | undefined = undefined;
  /** What this branch may fork into further on (RFC 5393 §5.3.3). */
  readonly maxBreadth: number;
  /** Whether the next hop is the user agent itself, and not a proxy before it. */
  readonly direct: boolean;
  readonly #env: ProxyEnvironment;
  readonly #user: BranchUser;
  /** Until it has ended. */
  #setting: BranchSetting | undefined;
  /** Timer C, of an INVITE. */
  #timer: WheelTimer | undefined;
  #draft: BranchDraft | undefined;
  #route: OutgoingRoute | undefined;
  #hops: readonly Hop[] = NO_HOPS;
  #nextHop = 0;
  #client: ClientTransaction | undefined;
  /** Only where there is another hop to go to, or the script has no patience. */
  #hopTimer: WheelTimer | undefined;
  /** Hops that others took over from, though they may still answer. */
  #left: Attempt[] | undefined;
  /** Whether the hop that is being tried has answered at all. */
  #hopHeard = false;
  #done = false;
  #cancelled = false;
  #heard = false;
  /** The datagram hop that a request went by TCP in place of. */
  #tooLarge: Hop | undefined;
  /** Whether the callee is reached by one flow alone (RFC 5626). */
  #byFlow = false;

  constructor(
    index: number,
    target: Target,
    setting: BranchSetting,
    user: BranchUser,
    env: ProxyEnvironment,
    maxBreadth: number,
  ) {
    this.index = index;
    this.target = target;
    this.#setting = setting;
    this.#user = user;
    this.#env = env;
    this.maxBreadth = maxBreadth;
    this.direct =
      target.route.length === 0 && target.nextHop === undefined && setting.route.routes.length === 0;
  }

  get flow(): Flow | undefined {
    return this.#client?.flow;
  }

  /** Whether a final answer has come, or the branch was given up. */
  get done(): boolean {
    return this.#done;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Whether nothing at all was heard on the flow of its target (RFC 5626 §5.3): another may still lead there. */
  get unheard(): boolean {
    return !this.#heard;
  }

  start(): void {
    const { transaction, route, options, recordRoute } = this.#setting!;
    const draft = new BranchDraft(this.index, transaction.request, this.target, route, options, recordRoute);
    this.#draft = draft;
    const waiting = runHook(options.onBranch, draft, this.#env.layer.counters);
    if (!waiting) {
      this.#lead(draft);
      return;
    }
    // Whoever never comes back must not keep the request for ever.
    this.#armTimerC();
    waiting
      .then(() => this.#lead(draft))
      .catch((fault: unknown) => userFault(this.#env.layer.counters, fault));
  }

  /** Looks for the way to the target. */
  #lead(draft: BranchDraft): void {
    if (this.#done) return;
    const { transaction, route } = this.#setting!;
    if (draft.dropped !== 0) {
      this.#fail(draft.dropped, undefined);
      return;
    }
    const outgoing = outgoingRoute(draft.requestUri, this.target.route, route);
    this.#route = outgoing;
    const secure = outgoing.secure || needsSecureWay(this.target, transaction.request);
    if (isFlowGone(this.target, this.#env)) {
      this.#fail(480, undefined);
      return;
    }
    const token = draft.nextHop === undefined ? this.#token() : undefined;
    const led = routeFlow(token, this.target, transaction.flow, this.#env);
    this.#byFlow = led !== undefined || this.#hasBoundFlow;
    if (led !== undefined) {
      if (typeof led === 'number') this.#fail(led, undefined);
      else this.#begin(secure && !isSecure(led.transport) ? [] : [flowHop(led)], secure);
      return;
    }
    const hops = draft.hops(outgoing, secure, route, transaction.flow, this.#env);
    if (hops instanceof Promise) hops.then((found) => this.#begin(found, secure));
    else this.#begin(hops, secure);
  }

  /** Asks the callee to stop; the branch ends with what it answers (RFC 3261 §9.1). */
  cancel(reason?: string): void {
    if (this.#done || this.#cancelled) return;
    this.#cancelled = true;
    if (this.#client) this.#client.cancel(reason);
    else this.#fail(487, undefined);
  }

  /** Waits no longer (timer C, RFC 3261 §16.8): the branch has failed now, and the callee is asked to stop. */
  giveUp(): void {
    if (this.#done) return;
    const client = this.#client;
    this.#heard = true;
    this.#fail(408, undefined);
    client?.cancel();
  }

  response(client: ClientTransaction, response: SipMessage): void {
    const { status } = response;
    if (client !== this.#client && !this.#recall(client, status)) return;
    this.#hopHeard = true;
    if (this.#hopTimer) this.#env.wheel.cancel(this.#hopTimer);
    hopAnswered(this.hop!, this.#hops.length > 1, response, this.#env);
    // RFC 5626 §5.3.1: a 430 says that the edge proxy has lost the flow.
    if (status !== 430) this.#heard = true;
    if (status < 200) {
      if (status > 100 && !this.#done) this.#provisional(response);
    } else if (status < 300) {
      const late = this.#done;
      this.#end();
      this.earlyTags = undefined;
      this.#user.success(this, response, late);
    } else if (status === 503 && this.#nextAddress()) {
      // RFC 3263 §4.3: the next address takes over what this one is too busy for.
    } else if (status === 430 && this.target.binding) {
      // RFC 5626 §11.1: it tells us of the flow, and means nothing to user agents.
      this.#fail(480, undefined);
    } else {
      this.#fail(status, response);
    }
  }

  timeout(client: ClientTransaction): void {
    if (client !== this.#client) return;
    // Who has answered provisionally has the request: another would get it a second time.
    if (!this.#hopHeard) {
      if (!this.#cancelled) hopFailed(this.hop!, this.#hops.length > 1, 'no answer', this.#env);
      if (this.#tryNextHop()) return;
    }
    this.#fail(this.#cancelled ? 487 : 408, undefined);
  }

  transportError(client: ClientTransaction, reason: string): void {
    if (client !== this.#client) return;
    hopFailed(this.hop!, this.#hops.length > 1, reason, this.#env);
    if (!this.#tryNextHop()) this.#fail(503, undefined);
  }

  /** Another hop takes over from a silent one, or the branch has failed, while its timer B or F still runs. */
  #leaveHop(): void {
    const client = this.#client!;
    hopFailed(this.hop!, this.#hops.length > 1, 'no answer', this.#env);
    if (!this.#goOn()) {
      // Without another hop only a script's patience ends before that of the transaction.
      if (this.#setting!.options.noAnswerMs === undefined) return;
      this.#fail(408, undefined);
    }
    if (client.method === 'INVITE') client.cancel();
    else client.terminate();
  }

  /** As {@link #tryNextHop}, from a hop whose transaction lives on. */
  #goOn(): boolean {
    const attempt = this.#attempt();
    if (!this.#tryNextHop()) return false;
    this.#left ??= [];
    this.#left.push(attempt);
    return true;
  }

  #attempt(): Attempt {
    return { hop: this.hop!, client: this.#client!, legs: this.legs!, recordRoute: this.recordRoute };
  }

  /**
   * Of hops that were left only a 2xx counts, which crossed the CANCEL: its dialog must not be lost.
   * @returns whether the answer is to be handled as that of the hop it came from
   */
  #recall(client: ClientTransaction, status: number): boolean {
    const left = this.#left;
    const attempt = left?.find((it) => it.client === client);
    if (!left || !attempt || status < 200 || status > 299) return false;
    left.push(this.#attempt());
    if (!this.#done) this.#client!.cancel();
    this.hop = attempt.hop;
    this.legs = attempt.legs;
    this.recordRoute = attempt.recordRoute;
    this.#client = client;
    return true;
  }

  /** Whether the target is a flow that its user agent has registered, with nobody between. */
  get #hasBoundFlow(): boolean {
    const { binding } = this.target;
    return binding !== undefined && binding.regId > 0 && binding.path.length === 0;
  }

  /** The flow that the Routes of the request name; a script that sends it to somebody else means what it says. */
  #token(): string | undefined {
    const { transaction, route } = this.#setting!;
    const follows = transaction.request.hasToTag || this.target.uri === route.requestUri;
    return follows ? route.flowToken : undefined;
  }

  #provisional(response: SipMessage): void {
    const tag = response.toTag;
    if (tag !== undefined) {
      if (response.status === 199) this.earlyTags = this.earlyTags?.filter((it) => it !== tag);
      else this.#noteEarlyDialog(tag);
    }
    // RFC 3261 §16.7 item 2: only what is more than Trying keeps an INVITE alive.
    if (this.#timer?.armed) this.#armTimerC();
    this.#user.provisional(this, response);
  }

  #begin(hops: readonly Hop[], secure: boolean): void {
    if (this.#done) return;
    this.#hops = hops;
    if (hops.length === 0) this.#fail(480, undefined, secure);
    else if (!this.#tryNextHop()) this.#fail(503, undefined);
  }

  /** @returns false where no hop is left, or nobody wants one any more */
  #tryNextHop(): boolean {
    // A request that is no INVITE may have lost its caller meanwhile: nobody waits for what it would do.
    if (this.#cancelled || this.#done || this.#setting!.transaction.state === 'terminated') return false;
    while (this.#nextHop < this.#hops.length) {
      if (this.#send(this.#hops[this.#nextHop++]!)) return true;
    }
    return false;
  }

  /** After an answer: the same address would say the same by UDP. */
  #nextAddress(): boolean {
    if (this.#tooLarge && this.#hops[this.#nextHop] === this.#tooLarge) this.#nextHop++;
    return this.#goOn();
  }

  #send(hop: Hop): boolean {
    const { transaction, loopHash } = this.#setting!;
    const { request } = transaction;
    const flow = hop.flow ?? this.#env.network.flowTo(hop.listener, hop.destination);
    if (!flow) return false;
    const client = this.#env.layer.createClient(request.method, this, loopHash);
    if (!client) return false;
    let bytes: Buffer;
    try {
      bytes = this.#write(hop, flow, client.branch);
    } catch (fault) {
      client.terminate();
      logUnwritable(request, fault);
      return false;
    }
    // Whoever looked at what was written may have given the branch up.
    if (this.#done) {
      client.terminate();
      return true;
    }
    if (bytes.length > this.#env.settings.datagramBytes && this.#sendAsStream(hop)) {
      client.terminate();
      return true;
    }
    this.hop = hop;
    this.#client = client;
    this.#hopHeard = false;
    client.send(bytes, flow);
    if (request.method === 'INVITE') this.#armTimerC();
    this.#armHopTimer(request.method === 'INVITE' && this.#nextHop < this.#hops.length);
    return true;
  }

  /**
   * Sends by TCP what is too large for UDP, which is tried next. Not to phones behind a NAT: it lets no connection in.
   * @returns whether it was sent
   */
  #sendAsStream(hop: Hop): boolean {
    const forced =
      this.#setting!.options.listener !== undefined || this.#draft!.listener !== this.target.listener;
    if (hop === this.#tooLarge || this.target.source || forced) return false;
    const stream = streamHop(hop, this.#env);
    if (!stream) return false;
    const before = this.#hops;
    this.#hops = [...before.slice(0, this.#nextHop), hop, ...before.slice(this.#nextHop)];
    this.#tooLarge = hop;
    if (this.#send(stream)) return true;
    this.#hops = before;
    return false;
  }

  #write(hop: Hop, out: Flow, viaBranch: string): Buffer {
    const flow = this.#byFlow ? out : undefined;
    const written = writeRequest(
      this.#setting!,
      this.#draft!,
      this.#route!,
      hop,
      out,
      flow,
      viaBranch,
      this.maxBreadth,
      this.#env,
    );
    this.legs = written.legs;
    this.recordRoute = written.recordRoute;
    return written.bytes;
  }

  #noteEarlyDialog(tag: string): void {
    const tags = this.earlyTags;
    if (tags === undefined) this.earlyTags = [tag];
    else if (tags.length < MOST_EARLY_DIALOGS && !tags.includes(tag)) tags.push(tag);
  }

  #armTimerC(): void {
    this.#timer ??= new WheelTimer(() => this.giveUp());
    this.#env.wheel.arm(this.#timer, this.#env.settings.timerC);
  }

  /** @param another whether there is another hop to go to */
  #armHopTimer(another: boolean): void {
    const { noAnswerMs } = this.#setting!.options;
    if (!another && noAnswerMs === undefined) return;
    const patience = another ? this.#env.settings.nextHopTimeout : Number.POSITIVE_INFINITY;
    this.#hopTimer ??= new WheelTimer(() => this.#leaveHop());
    this.#env.wheel.arm(this.#hopTimer, Math.min(patience, noAnswerMs ?? patience));
  }

  #fail(status: number, response: SipMessage | undefined, noSecureWay = false): void {
    if (this.#done) return;
    this.#end();
    this.#user.failure(this, { status, response, noSecureWay });
  }

  #end(): void {
    this.#done = true;
    if (this.#timer) this.#env.wheel.cancel(this.#timer);
    if (this.#hopTimer) this.#env.wheel.cancel(this.#hopTimer);
    // The branch lives on for late answers: what only requests need does not.
    this.#timer = undefined;
    this.#hopTimer = undefined;
    this.#draft = undefined;
    this.#route = undefined;
    this.#setting = undefined;
    if (this.#hops.length === 1) this.#hops = NO_HOPS;
  }
}
