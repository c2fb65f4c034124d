import { logLine } from '../../base/channels.ts';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { H, type HeaderId } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { OutgoingRoute } from './outgoing-route.ts';

/** What RFC 3261 §16.6 has a proxy change in a request. */
export interface ForwardedParts {
  readonly request: SipMessage;
  /** The text of this server's own Via. */
  readonly via: string;
  /** The sender's Via with received and rport added. */
  readonly topVia: string;
  /** Leave all received Vias out: they come back when the answer is forwarded. */
  readonly hideVias: boolean;
  /** Record-Route values to write, topmost first; empty for none. */
  readonly recordRoute: readonly string[];
  /** Path values to write, topmost first; empty for none. */
  readonly path: readonly string[];
  readonly route: OutgoingRoute;
  /** RFC 5393 §5.3.3: every forwarded request carries it. */
  readonly maxBreadth: number;
  /** Content-Length must stand in it. */
  readonly stream: boolean;
}

/** RFC 3261 §16.6 item 3: what a request without Max-Forwards gets. */
const DEFAULT_MAX_FORWARDS = 70;

export function forwardedRequest(parts: ForwardedParts): MessageEdit {
  const { request, route } = parts;
  const edit = new MessageEdit(request);
  if (route.requestUri !== request.requestUri) edit.setRequestUri(route.requestUri);
  edit.insertTop(H.Via, parts.via);
  if (parts.hideVias) {
    edit.removeAll(H.Via);
  } else {
    const top = request.topElement(H.Via)!;
    if (!top.is(parts.topVia)) edit.replace(top.start, top.end, parts.topVia);
  }
  insertAll(edit, H.RecordRoute, parts.recordRoute, parts.recordRoute.length);
  insertAll(edit, H.Path, parts.path, parts.path.length);
  if (route.dropped === undefined) {
    edit.removeAll(H.Route);
    insertAll(edit, H.Route, route.routes, route.routes.length);
  } else {
    insertAll(edit, H.Route, route.routes, route.added);
    if (route.dropped > 0) edit.removeTopElements(H.Route, route.dropped);
  }
  const hops = request.maxForwards;
  edit.set(H.MaxForwards, String(hops === undefined || Number.isNaN(hops) ? DEFAULT_MAX_FORWARDS : hops - 1));
  edit.set(H.MaxBreadth, String(parts.maxBreadth));
  if (parts.stream) edit.ensureContentLength();
  return edit;
}

/** By their numbers: the empty lists that all share are frozen, and to iterate over those as well as others is slow. */
function insertAll(edit: MessageEdit, header: HeaderId, values: readonly string[], count: number): void {
  for (let i = 0; i < count; i++) edit.insertTop(header, values[i]!);
}

/** A request that cannot be written, for a part of it would break out of its field, is not sent. */
export function logUnwritable(request: SipMessage, fault: unknown): void {
  const text = fault instanceof Error ? fault.message : String(fault);
  logLine('warn', 'proxy', `a ${request.method} cannot be forwarded: ${text}`, { callId: request.callId });
}
