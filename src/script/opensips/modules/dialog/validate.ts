import { formatHostPort } from '../../../../base/ip.ts';
import type { DialogMatch } from '../../../../core/dialog/dialog-table.ts';
import { looseRoute } from '../../../../core/proxy/loose-route.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';

/** Codes of `validate_dialog`. */
const BAD_CSEQ = -1;
const BAD_TARGET = -2;
const BAD_ROUTES = -3;

/** Whether a request is what the parties of its dialog would send: CSeq, target and route set. */
export function validate(m: ScriptMessage, { sender, receiver }: DialogMatch): number {
  const { request, program } = m.context;
  const number = request.cseq?.number ?? 0;
  const { received } = receiver.cseq;
  // An ACK has the number of its INVITE (RFC 3261 §13.2.2.4).
  if (request.method === 'ACK' ? number > received : number <= received) return BAD_CSEQ;
  const route = looseRoute(request, program.services.advertise.own);
  const target = route.requestUri;
  const shown = sender.shownContact && NameAddr.parse(sender.shownContact)?.uriText;
  if (target !== receiver.target && target !== shown) return BAD_TARGET;
  const routes = route.routes.map(uriOf);
  const known = receiver.routes.map(uriOf);
  if (routes.length !== known.length || routes.some((it, i) => it !== known[i])) return BAD_ROUTES;
  return 1;
}

/** Sends a request the way that its dialog goes, whatever it says itself. */
export function fixRoute(m: ScriptMessage, { receiver }: DialogMatch): void {
  leadTo(m, receiver);
  if (receiver.routes.length === 0) m.target.du ??= receiver.target;
  m.changes.add((edit) => edit.removeAll(H.Route));
}

/** Leads a request to a party: by its target, its route set, and where it was seen. */
export function leadTo(m: ScriptMessage, { target, routes, source }: DialogMatch['receiver']): void {
  m.target.uri = target;
  m.target.path = routes.length === 0 ? null : routes.join(',');
  m.target.du = null;
  m.context.routedTo = null;
  if (routes.length > 0 || source === undefined) return;
  const transport = source.transport === 'udp' ? '' : `;transport=${source.transport}`;
  m.target.du = `sip:${formatHostPort(source.address, source.port)}${transport}`;
}

function uriOf(route: string): string {
  return NameAddr.parse(route)?.uriText ?? route;
}
