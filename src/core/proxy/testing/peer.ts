import { formatHostPort } from '../../../base/ip.ts';
import type { Listener } from '../../../net/listener.ts';
import type { TransportName } from '../../../net/transport-name.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { NameAddr } from '../../../wire/sip/name-addr.ts';
import type { Uri } from '../../../wire/sip/uri.ts';
import { type AnswerParts, answerTo, kindOf, lines, read, values } from './messages.ts';

/** How a peer reaches the server. */
export interface Wire {
  send(text: string, from: Peer, to: Listener): void;
  /** The listener that a peer reaches at an address that was printed to it. */
  reach(peer: Peer, uri: Uri): Listener;
}

export interface PeerOptions {
  readonly address: string;
  readonly port?: number;
  readonly transport?: TransportName;
  /** The address that it believes to have, behind a NAT. */
  readonly believes?: string;
  /** The listener that it talks to. */
  readonly talksTo: Listener;
}

export interface RequestOptions {
  readonly requestUri?: string;
  readonly branch?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly contact?: string;
  readonly headers?: readonly string[];
  readonly vias?: readonly string[];
  readonly maxForwards?: string;
  readonly to?: Listener;
}

/** What one party knows of a dialog (RFC 3261 §12). */
export interface Dialog {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly routes: readonly string[];
  readonly target: string;
}

/** A user agent in a few lines. */
export class Peer {
  readonly address: string;
  readonly port: number;
  readonly transport: TransportName;
  readonly believes: string;
  readonly talksTo: Listener;
  /** Everything received, as byte strings. */
  readonly inbox: string[] = [];
  readonly #wire: Wire;
  #branches = 0;

  constructor(wire: Wire, options: PeerOptions) {
    this.#wire = wire;
    this.address = options.address;
    this.port = options.port ?? 5060;
    this.transport = options.transport ?? options.talksTo.transport;
    this.believes = options.believes ?? options.address;
    this.talksTo = options.talksTo;
  }

  /** Its Contact. */
  get contact(): string {
    const transport = this.transport === 'udp' ? '' : `;transport=${this.transport}`;
    return `sip:ua@${formatHostPort(this.believes, this.port)}${transport}`;
  }

  /** What it got, as `INVITE`, `180` …; what was sent again counts once. */
  get kinds(): string[] {
    return [...new Set(this.inbox)].map(kindOf);
  }

  /** The latest message of a kind. */
  last(kind: string): string {
    const found = this.inbox.findLast((text) => kindOf(text) === kind);
    if (found === undefined) throw new Error(`got no ${kind}, but ${this.kinds.join(', ') || 'nothing'}`);
    return found;
  }

  send(text: string, to: Listener = this.talksTo): string {
    this.#wire.send(text, this, to);
    return text;
  }

  /** Sends a request. @returns its text */
  request(method: string, options: RequestOptions = {}): string {
    const uri = options.requestUri ?? 'sip:bob@example.com';
    const toTag = options.toTag === undefined ? '' : `;tag=${options.toTag}`;
    return this.send(
      this.#text(
        method,
        uri,
        [
          ...(options.vias ?? []).map((via) => `Via: ${via}`),
          `From: <sip:alice@example.com>;tag=${options.fromTag ?? 'caller'}`,
          `To: <sip:bob@example.com>${toTag}`,
          `Call-ID: ${options.callId ?? 'call1'}`,
          `CSeq: ${options.cseq ?? 1} ${method}`,
          `Contact: <${options.contact ?? this.contact}>`,
          `Max-Forwards: ${options.maxForwards ?? '70'}`,
          ...(options.headers ?? []),
        ],
        options.branch,
      ),
      options.to,
    );
  }

  /** Answers the latest request of a method. @returns the answer's text */
  answer(method: string, status: number, parts: AnswerParts = {}): string {
    const contact = status >= 180 && status < 300 ? { contact: this.contact } : {};
    return this.send(answerTo(this.last(method), status, { ...contact, ...parts }));
  }

  /** The CANCEL of a request that it sent. */
  cancel(request: string, headers: readonly string[] = []): string {
    return this.send(derived(request, 'CANCEL', read(request).get(H.To)!, headers));
  }

  /** The ACK of a negative answer to a request that it sent. */
  ackNegative(request: string, answer: string): string {
    return this.send(derived(request, 'ACK', read(answer).get(H.To)!, []));
  }

  /** A request inside a dialog, sent to where its route set or target leads this peer. @returns its text */
  inDialog(method: string, dialog: Dialog, options: RequestOptions = {}): string {
    return this.send(
      this.#text(
        method,
        dialog.target,
        [
          ...lines(H.Route, dialog.routes),
          `From: ${dialog.local}`,
          `To: ${dialog.remote}`,
          `Call-ID: ${dialog.callId}`,
          `CSeq: ${options.cseq ?? (method === 'ACK' ? 1 : 2)} ${method}`,
          `Contact: <${options.contact ?? this.contact}>`,
          'Max-Forwards: 70',
          ...(options.headers ?? []),
        ],
        options.branch,
      ),
      options.to ?? this.#firstHop(dialog),
    );
  }

  #firstHop(dialog: Dialog): Listener {
    const first = dialog.routes[0] ?? `<${dialog.target}>`;
    const uri = NameAddr.parse(first)?.uri;
    if (!uri) throw new Error(`cannot send to ${first}`);
    return this.#wire.reach(this, uri);
  }

  #text(method: string, uri: string, headers: readonly string[], branch?: string): string {
    const name = branch ?? `z9hG4bK-${this.address}-${this.port}-${++this.#branches}`;
    const rport = this.transport === 'udp' ? ';rport' : '';
    const sentBy = formatHostPort(this.believes, this.port);
    const via = `Via: SIP/2.0/${this.transport.toUpperCase()} ${sentBy};branch=${name}${rport}`;
    return [`${method} ${uri} SIP/2.0`, via, ...headers, 'Content-Length: 0', '\r\n'].join('\r\n');
  }
}

/** The dialog as the caller knows it, from the answer that it got. */
export function callerDialog(answer: string): Dialog {
  const message = read(answer);
  return {
    callId: message.callId,
    local: message.get(H.From)!,
    remote: message.get(H.To)!,
    routes: values(answer, H.RecordRoute).reverse(),
    target: contactOf(answer),
  };
}

/** The dialog as the callee knows it, from the INVITE that it got. */
export function calleeDialog(invite: string, toTag = 'callee'): Dialog {
  const message = read(invite);
  return {
    callId: message.callId,
    local: `${message.get(H.To)!};tag=${toTag}`,
    remote: message.get(H.From)!,
    routes: values(invite, H.RecordRoute),
    target: contactOf(invite),
  };
}

export function contactOf(text: string): string {
  const [first] = values(text, H.Contact);
  return first === undefined ? '' : NameAddr.parse(first)!.uriText;
}

function derived(request: string, method: string, to: string, headers: readonly string[]): string {
  const message = read(request);
  return [
    `${method} ${message.requestUri} SIP/2.0`,
    `Via: ${message.topElement(H.Via)!.text}`,
    ...values(request, H.Route).map((value) => `Route: ${value}`),
    `From: ${message.get(H.From)}`,
    `To: ${to}`,
    `Call-ID: ${message.callId}`,
    `CSeq: ${message.cseq!.number} ${method}`,
    'Max-Forwards: 70',
    ...headers,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}
