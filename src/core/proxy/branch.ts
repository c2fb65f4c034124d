import { WheelTimer } from '../../base/timer-wheel.ts';
import type { AddressParts } from '../../net/listener.ts';
import { isReliable } from '../../net/transport-name.ts';
import type { ClientTransaction, ClientTransactionUser } from '../../transaction/client-transaction.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { viaText } from '../../wire/sip/via.ts';
import type { FinalAnswer } from './best-response.ts';
import type { BranchView, ForkOptions } from './fork-options.ts';
import { forwardedRequest, logUnwritable } from './forwarded-request.ts';
import { dressContacts, type Legs, type Overrides, printLegs } from './legs.ts';
import type { LooseRoute } from './loose-route.ts';
import { type Hop, nextHops } from './next-hop.ts';
import { type OutgoingRoute, outgoingRoute } from './outgoing-route.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { type RecordRoute, recordRoute } from './record-route.ts';
import type { Target } from './target.ts';

/** What a branch tells the response context that it belongs to. */
export interface BranchUser {
  provisional(branch: Branch, response: SipMessage): void;
  /** @param late the branch had ended before: a further 2xx, or one that crossed a timeout */
  success(branch: Branch, response: SipMessage, late: boolean): void;
  failure(branch: Branch, answer: FinalAnswer): void;
}

/** What all branches of one request share. */
export interface BranchSetting {
  readonly transaction: ServerTransaction;
  readonly route: LooseRoute;
  readonly options: ForkOptions;
  readonly loopHash: string;
  readonly recordRoute: boolean;
}

const MOST_EARLY_DIALOGS = 16;

/**
 * One target of a forwarded request (RFC 3261 §16.6): its next hops are tried in order, each with a transaction and a
 * branch of its own (RFC 3263 §4.3), until one answers.
 */
export class Branch implements ClientTransactionUser {
  readonly target: Target;
  /** The Record-Route that the request was sent with, for its answers to be read by. */
  recordRoute: RecordRoute | undefined;
  /** The hop that is being tried. */
  hop: Hop | undefined;
  /** What caller and callee are told, for the hop that is being tried. */
  legs: Legs | undefined;
  /** To tags of the early dialogs that this branch has made (RFC 6228). */
  readonly earlyTags: Set<string> = new Set();
  /** What this branch may fork into further on (RFC 5393 §5.3.3). */
  readonly maxBreadth: number;
  readonly #env: ProxyEnvironment;
  readonly #user: BranchUser;
  readonly #setting: BranchSetting;
  readonly #timer = new WheelTimer(() => this.giveUp());
  #view: BranchView | undefined;
  #route: OutgoingRoute | undefined;
  #hops: readonly Hop[] = [];
  #nextHop = 0;
  #client: ClientTransaction | undefined;
  #done = false;
  #cancelled = false;
  #heard = false;

  constructor(
    target: Target,
    setting: BranchSetting,
    user: BranchUser,
    env: ProxyEnvironment,
    maxBreadth: number,
  ) {
    this.target = target;
    this.#setting = setting;
    this.#user = user;
    this.#env = env;
    this.maxBreadth = maxBreadth;
  }

  /** Whether the next hop is the user agent itself, and not a proxy before it. */
  get direct(): boolean {
    return this.target.route.length === 0 && this.#setting.route.routes.length === 0;
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
    const { transaction, route, options } = this.#setting;
    const view: BranchView = {
      target: this.target,
      requestUri: this.target.uri,
      advertise: transactionOverride(options) ?? route.overrides.outbound,
      headers: [],
    };
    options.onBranch?.(view);
    this.#view = view;
    const outgoing = outgoingRoute(view.requestUri, this.target.route, route);
    this.#route = outgoing;
    const bySource = outgoing.routes.length === 0;
    const name = options.listener ?? this.target.listener;
    const named = name === undefined ? undefined : this.#env.network.listeners.find((it) => it.name === name);
    const hops = nextHops(
      {
        requestUri: outgoing.requestUri,
        routes: outgoing.strict ? [] : outgoing.routes,
        source: bySource ? this.target.source : undefined,
        connectionId: bySource ? this.target.connectionId : 0,
        registrant: this.target.binding?.received.address,
        received: transaction.flow.listener,
        forced: named ?? route.listener,
      },
      this.#env,
    );
    if (hops instanceof Promise) hops.then((found) => this.#begin(found));
    else this.#begin(hops);
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

  response(_transaction: ClientTransaction, response: SipMessage): void {
    const { status } = response;
    // RFC 5626 §5.3.1: a 430 says that the edge proxy has lost the flow.
    if (status !== 430) this.#heard = true;
    if (status < 200) {
      if (status > 100 && !this.#done) this.#provisional(response);
    } else if (status < 300) {
      const late = this.#done;
      this.#end();
      this.#user.success(this, response, late);
    } else if (status === 503 && this.#tryNextHop()) {
      // RFC 3263 §4.3: the next address takes over what this one is too busy for.
    } else {
      this.#fail(status, response);
    }
  }

  timeout(): void {
    if (!this.#tryNextHop()) this.#fail(this.#cancelled ? 487 : 408, undefined);
  }

  transportError(): void {
    if (!this.#tryNextHop()) this.#fail(503, undefined);
  }

  #provisional(response: SipMessage): void {
    const tag = response.to?.tag;
    if (tag !== undefined) {
      if (response.status === 199) this.earlyTags.delete(tag);
      else if (this.earlyTags.size < MOST_EARLY_DIALOGS) this.earlyTags.add(tag);
    }
    // RFC 3261 §16.7 item 2: only what is more than Trying keeps an INVITE alive.
    if (this.#timer.armed) this.#armTimerC();
    this.#user.provisional(this, response);
  }

  #begin(hops: readonly Hop[]): void {
    if (this.#done) return;
    this.#hops = hops;
    if (!this.#tryNextHop()) this.#fail(hops.length === 0 ? 480 : 503, undefined);
  }

  /** @returns false where no hop is left, or nobody wants one any more */
  #tryNextHop(): boolean {
    // A request that is no INVITE may have lost its caller meanwhile: nobody waits for what it would do.
    if (this.#cancelled || this.#done || this.#setting.transaction.state === 'terminated') return false;
    while (this.#nextHop < this.#hops.length) {
      if (this.#send(this.#hops[this.#nextHop++]!)) return true;
    }
    return false;
  }

  #send(hop: Hop): boolean {
    const { transaction, loopHash } = this.#setting;
    const { request } = transaction;
    const flow = hop.flow ?? this.#env.network.flowTo(hop.listener, hop.destination);
    if (!flow) return false;
    const client = this.#env.layer.createClient(request.method, this, loopHash);
    if (!client) return false;
    let bytes: Buffer;
    try {
      bytes = this.#write(hop, client.branch);
    } catch (fault) {
      client.terminate();
      logUnwritable(request, fault);
      return false;
    }
    this.hop = hop;
    this.#client = client;
    client.send(bytes, flow);
    if (request.method === 'INVITE') this.#armTimerC();
    return true;
  }

  #write(hop: Hop, branch: string): Buffer {
    const { transaction, route, options } = this.#setting;
    const { request, flow } = transaction;
    const view = this.#view!;
    const { listener } = hop;
    const overrides = {
      inbound: transactionOverride(options) ?? route.overrides.inbound,
      outbound: view.advertise,
    };
    const legs = printLegs(flow, hop, overrides, this.#env);
    const recorded = this.#setting.recordRoute ? this.#recordRoute(legs) : undefined;
    this.legs = legs;
    this.recordRoute = recorded;
    const edit = forwardedRequest({
      request,
      via: viaText(
        listener.transport,
        legs.via.printed,
        branch,
        listener.transport === 'udp' ? ';rport' : '',
      ),
      topVia: transaction.topVia,
      hideVias: legs.inbound.hidden,
      recordRoute: recorded?.forCallee ?? [],
      path: options.path ? this.#path(hop, overrides) : [],
      route: this.#route!,
      maxBreadth: this.maxBreadth,
      stream: isReliable(listener.transport),
    });
    for (const [header, value] of options.headers ?? []) edit.append(header, value);
    for (const [header, value] of view.headers) edit.append(header, value);
    dressContacts(edit, flow, legs, this.#env);
    options.edit?.(edit);
    return edit.toBuffer();
  }

  #recordRoute({ inbound, outbound }: Legs): RecordRoute {
    const params = this.#setting.options.recordRouteParams;
    const { from, callId } = this.#setting.transaction.request;
    return recordRoute(this.#env.advertise.tags, inbound, outbound, { params, fromTag: from?.tag, callId });
  }

  /** As Record-Route, with the same two halves (RFC 3327 §5.2); what a registrar keeps needs no From tag. */
  #path(hop: Hop, overrides: Overrides): readonly string[] {
    const { advertise } = this.#env;
    const { flow } = this.#setting.transaction;
    const { inbound, outbound } = this.legs!;
    const back = advertise.printed({
      listener: flow.listener,
      destination: flow.remoteAddress,
      override: overrides.inbound,
      place: 'path-in',
    });
    const out = advertise.printed({
      listener: hop.listener,
      destination: hop.destination.address,
      override: overrides.outbound,
      place: 'path-out',
    });
    const halves = recordRoute(
      advertise.tags,
      { ...inbound, printed: back },
      { ...outbound, printed: out },
      {},
    );
    return halves.forCallee;
  }

  #armTimerC(): void {
    this.#env.wheel.arm(this.#timer, this.#env.settings.timerC);
  }

  #fail(status: number, response: SipMessage | undefined): void {
    if (this.#done) return;
    this.#end();
    this.#user.failure(this, { status, response });
  }

  #end(): void {
    this.#done = true;
    this.#env.wheel.cancel(this.#timer);
  }
}

/** What is printed in everything that the request causes; a branch may print something else on its own leg. */
function transactionOverride(options: ForkOptions): AddressParts | undefined {
  return options.advertise === 'by-destination' ? undefined : options.advertise;
}
