import { type AdvertisedAddress, sipUriText } from '../../advertise/advertised-address.ts';
import { DIALOG_PROOF_PARAM, ROUTE_TAG_PARAM, type RouteTags } from '../../advertise/route-tag.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { isToken } from '../../wire/sip/text.ts';

/** The URI parameter of a Route whose address a script had printed: it is printed in the rest of the dialog too. */
export const OVERRIDE_PARAM = 'vo';

/** One of the two parties between which a request passes: the socket that it talks to, and what it is told of it. */
export interface Side {
  readonly listener: Listener;
  /** The IP address of this party, or of whoever stands before it. */
  readonly destination: string;
  /** What a script has had printed to this party: then it holds for the whole dialog, and the Route tells so. */
  readonly override: AddressParts | undefined;
  /** What is printed to this party. */
  readonly printed: AdvertisedAddress;
  /** Whether this party's socket is hidden from the other party. */
  readonly hidden: boolean;
  /** Requests to this party leave by the flow of this token (RFC 5626 §5.2). */
  readonly flowToken?: string | undefined;
  /** Parameters of this half alone, each with its `;` in front. */
  readonly params?: string | undefined;
}

/** The Record-Route that one branch carries, as each party reads it. */
export interface RecordRoute {
  /** What stands in the request that goes out, topmost first. */
  readonly forCallee: readonly string[];
  /** What stands in the answers that go back, at the same places. */
  readonly forCaller: readonly string[];
}

/**
 * Two values whenever the two printed addresses or transports differ, outbound half on top (RFC 5658); and where two
 * sockets print the same, for the tags of both halves are all that tells them apart on the way back; and for a party that
 * is reached by a flow, whose half the token of that flow stands in.
 *
 * Each half is made for the party that sends to it. The other party only echoes it, so where a half names an address
 * of the inside and the other party is outside, that party is shown the address that it knows already, with the tag
 * of the true socket: no private address leaves, and the pair is recognised all the same.
 */
export function recordRoute(
  tags: RouteTags,
  inbound: Side,
  outbound: Side,
  options: {
    readonly params?: string | undefined;
    readonly fromTag?: string | undefined;
    /** Of the dialog, whose later requests prove by it that they belong to it; none for Path. */
    readonly callId?: string | undefined;
    /** Requests come back from the outbound side alone, as by a Path: where one value does, the token stands in it. */
    readonly oneWay?: boolean;
    /** The request is one for a `sips` URI: so are these, but for the half of a socket that is not secure. */
    readonly secure?: boolean;
  },
): RecordRoute {
  const { fromTag, callId, secure } = options;
  const tail = `;lr${fromTag && isToken(fromTag) ? `;ftag=${fromTag}` : ''}${options.params ?? ''}`;
  const proof = callId === undefined ? '' : `;${DIALOG_PROOF_PARAM}=${tags.proofOf(callId)}`;
  const sameSocket = outbound.listener.name === inbound.listener.name;
  const byFlow = inbound.flowToken !== undefined || outbound.flowToken !== undefined;
  const samePrinted = outbound.printed.printed === inbound.printed.printed;
  if (sameSocket && samePrinted && (!byFlow || options.oneWay)) {
    const { flowToken, params } = inbound;
    const single = [half(tags, outbound.printed, outbound, flowToken, params, '', tail, proof, secure)];
    return { forCallee: single, forCaller: single };
  }
  const print = (address: AdvertisedAddress, side: Side): string =>
    half(tags, address, side, side.flowToken, side.params, PAIR, tail, proof, secure);
  return {
    forCallee: [
      print(outbound.printed, outbound),
      print(inbound.hidden ? outbound.printed : inbound.printed, inbound),
    ],
    forCaller: [
      print(outbound.hidden ? inbound.printed : outbound.printed, outbound),
      print(inbound.printed, inbound),
    ],
  };
}

const PAIR = ';r2=on';

/** One value: `address` is printed, and the socket of `side` meant. */
function half(
  tags: RouteTags,
  address: AdvertisedAddress,
  { listener, printed, override }: Side,
  user: string | undefined,
  more: string | undefined,
  pair: string,
  tail: string,
  proof: string,
  secure: boolean | undefined,
): string {
  const mark = override !== undefined && address === printed ? `;${OVERRIDE_PARAM}` : '';
  const params = `${pair}${tail}${more ?? ''};${ROUTE_TAG_PARAM}=${tags.tagOf(listener)}${proof}${mark}`;
  return `<${sipUriText({ user, address, transport: listener.transport, params, secure })}>`;
}

/**
 * Writes into a response, in place of what the callee echoes, what the caller is to read. Ours stand right above those
 * that the request came with; further up may be others of ours that look the same, where the request has spiralled.
 */
export function restoreRecordRoute(
  edit: MessageEdit,
  response: SipMessage,
  route: RecordRoute,
  request: SipMessage,
): void {
  const { forCallee, forCaller } = route;
  if (forCallee === forCaller || forCallee.every((text, i) => text === forCaller[i])) return;
  const elements = response.elements(H.RecordRoute);
  const lowest = elements.length - forCallee.length - request.elements(H.RecordRoute).length;
  for (let at = lowest; at >= 0; at--) {
    if (!forCallee.every((text, i) => isSameRoute(text, elements[at + i]!.text))) continue;
    for (let i = 0; i < forCallee.length; i++) {
      const { start, end } = elements[at + i]!;
      edit.replace(start, end, forCaller[i]!);
    }
    return;
  }
}

/** Whether two Record-Route values are one, by what survives a user agent's reprinting: host, port and tag. */
export function isSameRoute(a: string, b: string): boolean {
  return a === b || identity(a) === identity(b);
}

function identity(text: string): string {
  const uri = NameAddr.parse(text)?.uri;
  return uri
    ? `${uri.user}@${uri.host}:${uri.port}:${uri.param('transport')}:${uri.param(ROUTE_TAG_PARAM)}`
    : text;
}
