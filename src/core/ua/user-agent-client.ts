import { type AdvertisedAddress, sipUriText } from '../../advertise/advertised-address.ts';
import { ROUTE_TAG_PARAM } from '../../advertise/route-tag.ts';
import type { IdSource } from '../../base/ids.ts';
import { bracket } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import type { Destination } from '../../net/network.ts';
import type { ClientTransactionUser } from '../../transaction/client-transaction.ts';
import { buildRequest, type HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { viaText } from '../../wire/sip/via.ts';
import { hopAnswered, hopFailed } from '../proxy/hop-health.ts';
import { type Hop, nextHops } from '../proxy/next-hop.ts';
import type { ProxyEnvironment } from '../proxy/proxy-environment.ts';
import { viaParams } from '../proxy/via-params.ts';
import type { Source } from '../registrar/location-store.ts';

/** A request outside any dialog that this server makes itself; INVITE, which needs more than one answer, is not one. */
export interface OutgoingRequest {
  readonly method: string;
  readonly requestUri: string;
  /** The URI in From; by default `sip:` and the printed host. */
  readonly from?: string;
  /** Route values, topmost first. */
  readonly route?: readonly string[];
  /** Where to send instead of resolving the Request-URI. */
  readonly source?: Source;
  readonly connectionId?: number;
  /** Name of the listener to send from. */
  readonly listener?: string;
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
  /** Printed in it instead of what the policy says. */
  advertise: AddressParts | undefined;
  readonly headers: HeaderEntry[];
}

/** How it ended: with a final answer, or without one (408 no answer, 503 not sent, 480 nowhere to send). */
export interface RequestOutcome {
  readonly status: number;
  readonly response: SipMessage | undefined;
}

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
    const named = listeners.find((listener) => listener.name === request.listener);
    const received = named ?? listeners[0];
    if (!received) return { status: 480, response: undefined };
    const hops = await nextHops(
      {
        requestUri: request.requestUri,
        routes: request.route ?? [],
        source: request.source,
        connectionId: request.connectionId ?? 0,
        received,
        forced: named,
      },
      this.#env,
    );
    let outcome: RequestOutcome = { status: 480, response: undefined };
    for (const hop of hops) {
      outcome = await this.#send(request, hop);
      const { response } = outcome;
      if (response) hopAnswered(hop, hops.length > 1, response, this.#env);
      else hopFailed(hop, hops.length > 1, 'no answer', this.#env);
      // RFC 3263 §4.3: only silence and 503 lead to the next address.
      if (outcome.response && outcome.status !== 503) break;
    }
    return outcome;
  }

  #send(request: OutgoingRequest, hop: Hop): Promise<RequestOutcome> {
    const { layer, network } = this.#env;
    return new Promise((resolve) => {
      const user: ClientTransactionUser = {
        response: (_client, response) => {
          if (response.status >= 200) resolve({ status: response.status, response });
        },
        timeout: () => resolve({ status: 408, response: undefined }),
        transportError: () => resolve({ status: 503, response: undefined }),
      };
      const flow = hop.flow ?? network.flowTo(hop.listener, hop.destination);
      const client = flow && layer.createClient(request.method, user);
      if (!client) resolve({ status: 503, response: undefined });
      else client.send(this.#write(request, hop, flow, client.branch), flow);
    });
  }

  #write(request: OutgoingRequest, hop: Hop, flow: Flow, branch: string): Buffer {
    const { listener } = hop;
    const { advertise } = this.#env;
    const { method, requestUri } = request;
    const { destination } = hop;
    const view: OutgoingView = { method, requestUri, destination, advertise: request.advertise, headers: [] };
    this.#prepare(view);
    const question = { listener, destination: destination.address, override: view.advertise };
    const own = advertise.printed({ ...question, place: 'own-request' });
    const contact = advertise.printed({ ...question, place: 'contact' });
    const callIdHost = advertise.printed({ ...question, place: 'call-id' }).host;
    this.#cseq = (this.#cseq + 1) & 0x7fffffff;
    const from = request.from ?? `sip:${bracket(own.host)}`;
    return buildRequest({
      method,
      requestUri,
      headers: [
        [H.Via, viaText(listener.transport, own.printed, branch, viaParams(flow))],
        [H.MaxForwards, '70'],
        ...(request.route ?? []).map((value): HeaderEntry => [H.Route, value]),
        [H.From, `<${from}>;tag=${this.#ids.token(12)}`],
        [H.To, `<${requestUri}>`],
        [H.CallId, `${this.#ids.token(20)}@${bracket(callIdHost)}`],
        [H.CSeq, `${this.#cseq} ${method}`],
        [H.Contact, `<${contactUri(contact, listener, advertise.tags.tagOf(listener))}>`],
        ...(request.headers ?? []),
        ...view.headers,
      ],
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }
}

function contactUri(address: AdvertisedAddress, listener: Listener, tag: string): string {
  return sipUriText({ address, transport: listener.transport, params: `;${ROUTE_TAG_PARAM}=${tag}` });
}
