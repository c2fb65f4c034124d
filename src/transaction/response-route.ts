import { canonicalHost } from '../base/ip.ts';
import type { Flow } from '../net/flow.ts';
import type { Network } from '../net/network.ts';
import { defaultPort, isReliable } from '../net/transport-name.ts';
import type { Via } from '../wire/sip/via.ts';

/**
 * The top Via as its receiver leaves it: `received` where sent-by is not the source, or rport wants it
 * (RFC 3261 §18.2.1, RFC 3581 §4). Whatever the sender wrote there itself is overwritten.
 */
export function receivedVia(via: Via, flow: Flow, forceRport: boolean): string {
  const rport = forceRport || via.rport !== undefined;
  if (!rport && via.received === undefined && comesFromSentBy(via, flow)) return via.toString();
  return via.withSource(flow.remoteAddress, rport ? flow.remotePort : undefined);
}

function comesFromSentBy(via: Via, flow: Flow): boolean {
  return via.host === flow.remoteAddress || canonicalHost(via.host) === flow.remoteAddress;
}

/** Where the answers to one request go. */
export class ResponseRoute {
  readonly #network: () => Network;
  readonly #flow: Flow;
  readonly #port: number;
  #route: Flow | undefined;

  constructor(network: () => Network, flow: Flow, via: Via, forceRport: boolean) {
    this.#network = network;
    this.#flow = flow;
    this.#port = via.port ?? defaultPort(flow.transport);
    const sourcePort = forceRport || via.rport !== undefined || this.#port === flow.remotePort;
    this.#route = isReliable(flow.transport) || sourcePort ? flow : undefined;
  }

  /** Has answers go to where the request came from, whatever its Via says. */
  useSource(): void {
    this.#route = this.#flow;
  }

  /**
   * Sends an answer: on the request's own connection, else on a new one to its source (RFC 3261 §18.2.2); a datagram to
   * the source address, and to the source port where rport says so (RFC 3581 §4), else to that of sent-by. `maddr` is
   * not followed: with it anybody could have answers sent anywhere.
   * @returns false where it could not be sent
   */
  send(bytes: Buffer): boolean {
    this.#route ??= this.#toSentByPort() ?? this.#flow;
    return this.#route.send(bytes) || this.sendElsewhere(bytes);
  }

  /** Sends an answer on a new connection. WebSocket clients cannot be connected to (RFC 7118 §5). */
  sendElsewhere(bytes: Buffer): boolean {
    const { transport } = this.#flow;
    if (transport !== 'tcp' && transport !== 'tls') return false;
    const fresh = this.#toSentByPort();
    if (!fresh?.send(bytes)) return false;
    this.#route = fresh;
    return true;
  }

  #toSentByPort(): Flow | undefined {
    const { listener, transport, remoteAddress } = this.#flow;
    return this.#network().flowTo(listener, { transport, address: remoteAddress, port: this.#port });
  }
}
