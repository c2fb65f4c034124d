import { type AdvertisedAddress, sipUriText } from '../../advertise/advertised-address.ts';
import type { PrintQuestion } from '../../advertise/policy.ts';
import { ROUTE_TAG_PARAM } from '../../advertise/route-tag.ts';
import type { IdSource } from '../../base/ids.ts';
import { bracket } from '../../base/ip.ts';
import { WheelTimer } from '../../base/timer-wheel.ts';
import type { Flow } from '../../net/flow.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import type { Destination } from '../../net/network.ts';
import { ownCallId } from '../../net/worker-place.ts';
import type { ClientTransactionUser } from '../../transaction/client-transaction.ts';
import { buildRequest, type HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { MAGIC_COOKIE, viaText } from '../../wire/sip/via.ts';
import { hopAnswered, hopFailed } from '../proxy/hop-health.ts';
import { type Hop, nextHops } from '../proxy/next-hop.ts';
import { type OutgoingRoute, outgoingRoute } from '../proxy/outgoing-route.ts';
import type { ProxyEnvironment } from '../proxy/proxy-environment.ts';
import { viaParams } from '../proxy/via-params.ts';
import type { Source } from '../registrar/location-store.ts';

/** Whose dialog a request of this server's own is sent in: it speaks for one party to the other. */
export interface OutgoingDialog {
  /** Whole values, their tags included. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** Whole value; that of this server itself where there is none. */
  readonly contact?: string | undefined;
}

/** A request that this server makes itself, INVITE only in a dialog: its 2xx is acknowledged, and nothing is offered in it. */
export interface OutgoingRequest {
  readonly method: string;
  readonly requestUri: string;
  /** Without one it stands alone. */
  readonly dialog?: OutgoingDialog;
  /** The URI in From; by default `sip:` and the printed host. */
  readonly from?: string;
  /** The URI in To; by default the Request-URI. */
  readonly to?: string;
  /** Route values, topmost first. */
  readonly route?: readonly string[];
  /** Where to send instead of resolving the Request-URI. */
  readonly source?: Source;
  readonly connectionId?: number;
  /** Name of the listener to send from. */
  readonly listener?: string;
  /** Name of the listener to send from where it can, as the one that the other party talks to. */
  readonly near?: string;
  /** Printed in it instead of what the policy says. */
  readonly advertise?: AddressParts;
  readonly headers?: readonly HeaderEntry[];
  readonly body?: Buffer;
}

/** A request of this server's own before it is written: what a script may still change. */
export interface OutgoingView {
  readonly method: string;
  readonly requestUri: string;
  readonly destination: Destination;
  /** From, To, Call-ID and CSeq. */
  readonly identity: readonly HeaderEntry[];
  /** The headers that it has beside those of every request. */
  readonly given: readonly HeaderEntry[];
  readonly body: Buffer | undefined;
  /** Printed in it instead of what the policy says. */
  advertise: AddressParts | undefined;
  /** Headers to add. */
  readonly headers: HeaderEntry[];
}

/** What tells a request apart that stands alone. */
interface OwnNames {
  readonly tag: string;
  readonly call: string;
  readonly cseq: number;
}

/** How it ended: with a final answer, or without one (408 no answer, 503 not sent, 480 nowhere to send). */
export interface RequestOutcome {
  readonly status: number;
  readonly response: SipMessage | undefined;
}

/** How long an INVITE of our own may go without a final answer: nobody is rung, for its dialog stands. */
const RINGING_MS = 32_000;

/** Makes requests of this server's own: every address in them is the one that the policy prints to their reader. */
export class UserAgentClient {
  readonly #env: ProxyEnvironment;
  readonly #ids: IdSource;
  readonly #prepare: (view: OutgoingView) => void;
  #cseq = 0;

  /** @param prepare sees each request before it is written, once for each address that is tried */
  constructor(env: ProxyEnvironment, ids: IdSource, prepare: (view: OutgoingView) => void = () => {}) {
    this.#env = env;
    this.#ids = ids;
    this.#prepare = prepare;
  }

  /** @throws ServerError SIP_BAD_FIELD where a part would break out of its field */
  async request(request: OutgoingRequest): Promise<RequestOutcome> {
    const listeners = this.#env.network.listeners;
    const byName = (name: string | undefined): Listener | undefined =>
      name === undefined ? undefined : listeners.find((listener) => listener.name === name);
    const forced = byName(request.listener);
    const received = forced ?? byName(request.near) ?? listeners[0];
    if (!received) return { status: 480, response: undefined };
    const route = outgoingRoute(request.requestUri, request.route ?? []);
    const hops = await nextHops(
      {
        requestUri: route.requestUri,
        routes: route.strict ? [] : route.routes,
        source: request.source,
        connectionId: request.connectionId ?? 0,
        received,
        forced,
      },
      this.#env,
    );
    let outcome: RequestOutcome = { status: 480, response: undefined };
    for (const hop of hops) {
      outcome = await this.#send(request, route, hop);
      const { response } = outcome;
      if (response) hopAnswered(hop, hops.length > 1, response, this.#env);
      else hopFailed(hop, hops.length > 1, 'no answer', this.#env);
      // RFC 3263 §4.3: only silence and 503 lead to the next address.
      if (outcome.response && outcome.status !== 503) break;
    }
    return outcome;
  }

  #send(request: OutgoingRequest, route: OutgoingRoute, hop: Hop): Promise<RequestOutcome> {
    const { layer, network, wheel } = this.#env;
    return new Promise((resolve, reject) => {
      const flow = hop.flow ?? network.flowTo(hop.listener, hop.destination);
      const settle = (status: number, response?: SipMessage): void => {
        wheel.cancel(patience);
        resolve({ status, response });
      };
      const user: ClientTransactionUser = {
        response: (_client, response) => {
          if (response.status < 200) return;
          settle(response.status, response);
          if (response.status < 300 && request.method === 'INVITE') {
            this.#acknowledge(request, hop, flow!, response);
          }
        },
        timeout: () => settle(408),
        transportError: () => settle(503),
      };
      const client = flow && layer.createClient(request.method, user);
      const patience = new WheelTimer(() => client?.cancel());
      if (!client) {
        settle(503);
        return;
      }
      try {
        client.send(this.#write(request, route, hop, flow, client.branch), flow);
        if (request.method === 'INVITE') wheel.arm(patience, RINGING_MS);
      } catch (fault) {
        client.terminate();
        reject(fault);
      }
    });
  }

  /** RFC 3261 §13.2.2.4: each 2xx gets its ACK, sent where the INVITE went. */
  #acknowledge(request: OutgoingRequest, hop: Hop, flow: Flow, response: SipMessage): void {
    const requestUri = response.topElement(H.Contact)?.address?.uriText ?? request.requestUri;
    const { body: _, headers: __, ...rest } = request;
    const ack = { ...rest, method: 'ACK', requestUri };
    const branch = `${MAGIC_COOKIE}${this.#ids.token(16)}`;
    const bytes = this.#write(ack, outgoingRoute(requestUri, request.route ?? []), hop, flow, branch);
    this.#env.layer.sendStateless(bytes, flow);
  }

  #write(
    request: OutgoingRequest,
    { requestUri, routes }: OutgoingRoute,
    hop: Hop,
    flow: Flow,
    branch: string,
  ): Buffer {
    const { listener } = hop;
    const { advertise } = this.#env;
    const { method, dialog } = request;
    const { destination } = hop;
    const names = dialog ? undefined : this.#names();
    const identityAs = (override: AddressParts | undefined): HeaderEntry[] => {
      const question = { listener, destination: destination.address, override };
      return names ? this.#ownIdentity(request, names, question) : dialogIdentity(dialog!, method);
    };
    const view: OutgoingView = {
      method,
      requestUri,
      destination,
      identity: identityAs(request.advertise),
      given: request.headers ?? [],
      body: request.body,
      advertise: request.advertise,
      headers: [],
    };
    this.#prepare(view);
    const question = { listener, destination: destination.address, override: view.advertise };
    const own = advertise.printed({ ...question, place: 'own-request' });
    const contact = advertise.printed({ ...question, place: 'contact' });
    return buildRequest({
      method,
      requestUri,
      headers: [
        [H.Via, viaText(listener.transport, own.printed, branch, viaParams(flow))],
        [H.MaxForwards, '70'],
        ...routes.map((value): HeaderEntry => [H.Route, value]),
        ...(view.advertise === request.advertise ? view.identity : identityAs(view.advertise)),
        [H.Contact, dialog?.contact ?? `<${contactUri(contact, listener, advertise.tags.tagOf(listener))}>`],
        ...(request.headers ?? []),
        ...view.headers,
      ],
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }

  #names(): OwnNames {
    this.#cseq = (this.#cseq + 1) & 0x7fffffff;
    return { tag: this.#ids.token(12), call: this.#ids.token(20), cseq: this.#cseq };
  }

  #ownIdentity(
    { method, requestUri, from, to }: OutgoingRequest,
    { tag, call, cseq }: OwnNames,
    question: Omit<PrintQuestion, 'place'>,
  ): HeaderEntry[] {
    const { advertise, place } = this.#env;
    const own = advertise.printed({ ...question, place: 'own-request' });
    const callIdHost = advertise.printed({ ...question, place: 'call-id' }).host;
    return [
      [H.From, `<${from ?? `sip:${bracket(own.host)}`}>;tag=${tag}`],
      [H.To, `<${to ?? requestUri}>`],
      [H.CallId, ownCallId(place, call, `@${bracket(callIdHost)}`)],
      [H.CSeq, `${cseq} ${method}`],
    ];
  }
}

function dialogIdentity({ from, to, callId, cseq }: OutgoingDialog, method: string): HeaderEntry[] {
  return [
    [H.From, from],
    [H.To, to],
    [H.CallId, callId],
    [H.CSeq, `${cseq} ${method}`],
  ];
}

function contactUri(address: AdvertisedAddress, listener: Listener, tag: string): string {
  return sipUriText({ address, transport: listener.transport, params: `;${ROUTE_TAG_PARAM}=${tag}` });
}
