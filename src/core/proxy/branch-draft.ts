import type { Flow } from '../../net/flow.ts';
import type { AddressParts } from '../../net/listener.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import type { BranchView, RequestEdit, StatelessOptions } from './fork-options.ts';
import type { LooseRoute } from './loose-route.ts';
import { type Hop, nextHops } from './next-hop.ts';
import type { OutgoingRoute } from './outgoing-route.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { requestUriFor } from './sips.ts';
import type { Target } from './target.ts';

/** What a request says of the branch that is going to be made of it, until it is written. */
export class BranchDraft implements BranchView {
  readonly index: number;
  readonly request: SipMessage;
  readonly target: Target;
  /** What {@link headers} holds, where anybody has looked. */
  added: HeaderEntry[] | undefined = undefined;
  requestUri: string;
  nextHop: string | undefined;
  listener: string | undefined;
  recordRoute: boolean;
  advertise: AddressParts | undefined;
  edits: RequestEdit[] | undefined = undefined;
  /** The status that it has failed with before it was sent; 0 where it is to be sent. */
  dropped = 0;

  constructor(
    index: number,
    request: SipMessage,
    target: Target,
    route: LooseRoute,
    options: StatelessOptions,
    recordRoute: boolean,
  ) {
    this.index = index;
    this.request = request;
    this.target = target;
    this.requestUri = requestUriFor(target, request);
    this.nextHop = target.nextHop;
    this.listener = options.listener ?? target.listener;
    this.recordRoute = recordRoute;
    this.advertise = transactionOverride(options) ?? route.overrides.outbound;
  }

  get headers(): HeaderEntry[] {
    this.added ??= [];
    return this.added;
  }

  addEdit(edit: RequestEdit): void {
    this.edits ??= [];
    this.edits.push(edit);
  }

  drop(status = 480): void {
    this.dropped = status;
  }

  /** Where it goes, by all that was said of it; the Routes are those that it will carry. */
  hops(
    outgoing: OutgoingRoute,
    secure: boolean,
    route: LooseRoute,
    received: Flow,
    env: ProxyEnvironment,
  ): MaybePromise<readonly Hop[]> {
    const { target, request, listener: name } = this;
    const bySource = outgoing.routes.length === 0;
    const named = name === undefined ? undefined : env.network.listeners.find((it) => it.name === name);
    return nextHops(
      {
        requestUri: outgoing.requestUri,
        secure,
        request,
        nextHop: this.nextHop,
        routes: outgoing.strict ? [] : outgoing.routes,
        source: bySource ? target.source : undefined,
        connectionId: bySource ? target.connectionId : 0,
        registrant: target.binding?.received.address,
        call: request,
        received: received.listener,
        forced: named ?? route.listener,
      },
      env,
    );
  }
}

/** What is printed in everything that the request causes; a branch may print something else on its own leg. */
export function transactionOverride({ advertise }: StatelessOptions): AddressParts | undefined {
  return advertise === 'by-destination' ? undefined : advertise;
}
