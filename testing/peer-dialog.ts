import { H } from '../src/wire/sip/header-name.ts';
import type { SipMessage } from '../src/wire/sip/message.ts';
import { NameAddr } from '../src/wire/sip/name-addr.ts';
import { Uri } from '../src/wire/sip/uri.ts';
import type { TestAddress } from './test-network.ts';

/** What one side knows of a dialog (RFC 3261 §12). */
export interface PeerDialog {
  readonly callId: string;
  /** From of this side's requests, tag included. */
  readonly local: string;
  /** To of this side's requests, tag included. */
  readonly remote: string;
  /** Request-URI of this side's requests: the other side's Contact. */
  readonly target: string;
  /** Route values of this side's requests, topmost first. */
  readonly routes: readonly string[];
}

/** RFC 3261 §12.1.2: the caller's side, from the 2xx; the route set is the Record-Route turned round. */
export function callerDialog(request: SipMessage, response: SipMessage): PeerDialog {
  return {
    callId: request.callId,
    local: request.get(H.From) ?? '',
    remote: response.get(H.To) ?? '',
    target: contactOf(response) ?? request.requestUri,
    routes: response
      .elements(H.RecordRoute)
      .map(({ text }) => text)
      .reverse(),
  };
}

/** RFC 3261 §12.1.1: the callee's side, from the request and the tag that it answered with. */
export function calleeDialog(request: SipMessage, tag: string): PeerDialog {
  return {
    callId: request.callId,
    local: `${request.get(H.To) ?? ''};tag=${tag}`,
    remote: request.get(H.From) ?? '',
    target: contactOf(request) ?? '',
    routes: request.elements(H.RecordRoute).map(({ text }) => text),
  };
}

/** Where a dialog's request is sent: the topmost Route, else the target; both must be IP addresses here. */
export function nextHop({ routes, target }: PeerDialog): TestAddress {
  const [top] = routes;
  const uri = top === undefined ? Uri.parse(target) : NameAddr.parse(top)?.uri;
  return { address: uri?.host ?? '', port: uri?.port ?? 5060 };
}

function contactOf(message: SipMessage): string | undefined {
  const contact = message.topElement(H.Contact);
  return contact && NameAddr.parse(contact.text)?.uriText;
}
