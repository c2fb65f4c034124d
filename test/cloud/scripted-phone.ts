// A phone for the transports that sipp and captures cannot follow: on one connection of any kind, and it keeps every
// message for the witness.
import { defaultPort, type TransportName } from '../../src/net/transport-name.ts';
import { buildRequest, buildResponse, type HeaderEntry } from '../../src/wire/sip/build.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { NameAddr } from '../../src/wire/sip/name-addr.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';
import type { PeerDialog } from '../../testing/peer-dialog.ts';
import { type Line, openLine } from '../tls/line.ts';
import { MediaPeer } from './media-peer.ts';
import type { Party } from './scenario.ts';

/** The connection of a phone. */
export interface Leg {
  readonly transport: TransportName;
  /** The phone's own address. */
  readonly local: string;
  /** Where it finds the server. */
  readonly address: string;
  readonly port: number;
}

/** One message as the phone sent or got it; `text` in latin1. */
export interface HeardMessage {
  readonly sent: boolean;
  readonly time: number; // seconds since 1970
  readonly text: string;
}

/** What a request is made of, beyond what each has. */
export interface RequestOptions {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly headers?: readonly HeaderEntry[];
  readonly sdp?: boolean;
}

const TALK_LIMIT_MS = 8000;
const CONTENT_TYPE: HeaderEntry = [H.ContentType, 'application/sdp'];

/** A phone that does what it is told, and takes nothing that it does not expect. */
export class ScriptedPhone implements Disposable {
  readonly heard: HeardMessage[] = [];
  readonly who: Party;
  readonly tag: string;
  readonly #leg: Leg;
  readonly #line: Line;
  readonly #name: string;
  readonly #peer: string;
  #media: MediaPeer;
  #talks = 0;
  #unread: SipMessage[] = [];
  #wake = (): void => {};
  #count = 0;
  readonly #contact: string;

  /**
   * @param name of this phone and no other
   * @param peer that of the phone that it is to hear
   */
  static async open(leg: Leg, who: Party, name: string, peer: string): Promise<ScriptedPhone> {
    const media = await MediaPeer.open(leg.local, name);
    return new ScriptedPhone(leg, who, name, peer, await openLine(leg, leg.local), media);
  }

  private constructor(leg: Leg, who: Party, name: string, peer: string, line: Line, media: MediaPeer) {
    this.#leg = leg;
    this.who = who;
    this.#name = name;
    this.#peer = peer;
    this.#media = media;
    this.tag = `tag-${name}`;
    this.#line = line;
    this.#contact = `<sip:${who.user}@${line.place}>`;
    line.listen((bytes) => this.#receive(bytes));
  }

  /** @param expires seconds; 0 takes the contact away. @throws Error where it is not let in */
  async register(expires = 600): Promise<void> {
    const own = `<sip:${this.who.user}@${this.who.domain}>`;
    const uri = `sip:${this.who.domain}`;
    const parts = { callId: `registration-${this.#name}`, from: `${own};tag=${this.tag}`, to: own };
    const headers: HeaderEntry[] = [[H.Expires, String(expires)]];
    this.send('REGISTER', uri, { ...parts, headers });
    const challenge = await this.response('REGISTER', 401);
    const credentials = answerChallenge(challenge, { method: 'REGISTER', uri }, this.who)!;
    this.send('REGISTER', uri, { ...parts, headers: [...headers, credentials] });
    await this.response('REGISTER', 200);
  }

  /** Sends a request. @returns it, as it went */
  send(method: string, requestUri: string, options: RequestOptions): SipMessage {
    const { callId, from, to, headers = [], sdp } = options;
    const branch = options.branch ?? `z9hG4bK-${this.#name}-${++this.#count}`;
    const sentBy = this.#line.place.split(';')[0];
    const bytes = buildRequest({
      method,
      requestUri,
      headers: [
        [H.Via, `SIP/2.0/${this.#leg.transport.toUpperCase()} ${sentBy};branch=${branch};rport`],
        [H.From, from],
        [H.To, to],
        [H.CallId, callId],
        [H.CSeq, `${options.cseq ?? ++this.#count} ${method}`],
        [H.Contact, this.#contact],
        [H.MaxForwards, '70'],
        ...headers,
        ...(sdp ? [CONTENT_TYPE] : []),
      ],
      ...(sdp && { body: Buffer.from(this.#media.sdp) }),
    });
    this.#put(bytes);
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw new Error(`a phone made what cannot be read: ${parsed.reason}`);
    return parsed.message;
  }

  /**
   * Sends a request along the dialog's route set.
   * @throws Error where the route set does not lead to the server as this phone knows it
   */
  inDialog(dialog: PeerDialog, method: string, cseq?: number): SipMessage {
    const { callId, local: from, remote: to, routes, target } = dialog;
    this.#checkRoute(routes[0]);
    const headers = routes.map((route): HeaderEntry => [H.Route, route]);
    const sdp = method === 'INVITE';
    return this.send(method, target, { callId, from, to, headers, sdp, ...(cseq !== undefined && { cseq }) });
  }

  /** Answers a request. */
  reply(request: SipMessage, status: number, sdp = false): void {
    const headers: HeaderEntry[] =
      status < 300 && request.method !== 'BYE' ? [[H.Contact, this.#contact]] : [];
    this.#put(
      buildResponse(request, {
        status,
        toTag: this.tag,
        headers: [...headers, ...(sdp ? [CONTENT_TYPE] : [])],
        ...(sdp && { body: Buffer.from(this.#media.sdp) }),
      }),
    );
  }

  /** Talks and listens until both hear each other. @throws Error where they do not, or where somebody else is heard */
  talk({ body }: SipMessage): Promise<void> {
    return this.#media.talk(body.toString(), this.#peer, ++this.#talks, TALK_LIMIT_MS);
  }

  /** Takes another port for its sound: what it offers next names it. */
  async moveMedia(): Promise<void> {
    this.#media[Symbol.dispose]();
    this.#media = await MediaPeer.open(this.#leg.local, this.#name);
  }

  /** The next message, which must be that request. @throws Error where it is anything else */
  async request(method: string): Promise<SipMessage> {
    const message = await this.#next(() => true);
    if (message.method === method) return message;
    throw new Error(`${this.#name} waits for ${method} and gets ${startLine(message)}`);
  }

  /** The next answer to that method, past 100, and past 180 where more is awaited. @throws Error where it is another */
  async response(method: string, status: number): Promise<SipMessage> {
    for (;;) {
      const message = await this.#next((it) => it.isRequest || it.cseq?.method === method);
      if (!message.isRequest && message.status === status) return message;
      if (message.isRequest || (message.status !== 100 && message.status !== 180)) {
        throw new Error(`${this.#name} waits for ${status} to ${method} and gets ${startLine(message)}`);
      }
    }
  }

  /** The next final answer to that method, whatever it is. */
  final(method: string): Promise<SipMessage> {
    return this.#next((it) => !it.isRequest && it.cseq?.method === method && it.status >= 200);
  }

  /** @throws Error where something came that nobody has waited for */
  expectSilence(): void {
    const [more] = this.#unread;
    if (more) throw new Error(`${this.#name} was not to get ${startLine(more)}`);
  }

  [Symbol.dispose](): void {
    this.#line.close();
    this.#media[Symbol.dispose]();
  }

  /** Where a phone that does not know the server would send to must be where this one does. */
  #checkRoute(route: string | undefined): void {
    const uri = route === undefined ? undefined : NameAddr.parse(route)?.uri;
    const { transport, address, port } = this.#leg;
    const host = uri?.host.replace(/^\[|\]$/g, '');
    const found = [uri?.param('transport') ?? 'udp', host, uri?.port ?? defaultPort(transport)];
    if (found.join() === [transport, address, port].join()) return;
    throw new Error(
      `${this.#name} finds the server at ${transport} ${address}:${port}, and is routed to ${route}`,
    );
  }

  /** The first message that matters, now or later; others stay for whoever waits for them. */
  async #next(matters: (message: SipMessage) => boolean): Promise<SipMessage> {
    for (;;) {
      const message = this.#unread.find(matters);
      this.#unread = this.#unread.filter((it) => it !== message);
      if (message) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #put(bytes: Buffer): void {
    this.#keep(true, bytes);
    this.#line.send(bytes);
  }

  #receive(bytes: Buffer): void {
    if (bytes.toString('latin1').trim() === '') return;
    this.#keep(false, bytes);
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return;
    if (parsed.message.method === 'OPTIONS') {
      // The server keeps the way through a NAT open so.
      this.reply(parsed.message, 200);
      return;
    }
    this.#unread.push(parsed.message);
    this.#wake();
  }

  #keep(sent: boolean, bytes: Buffer): void {
    this.heard.push({ sent, time: Date.now() / 1000, text: bytes.toString('latin1') });
  }
}

function startLine(message: SipMessage): string {
  return message.isRequest
    ? `${message.method} ${message.requestUri}`
    : `${message.status} ${message.reason}`;
}
