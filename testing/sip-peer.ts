import { buildRequest, type HeaderEntry } from '../src/wire/sip/build.ts';
import { MessageEdit } from '../src/wire/sip/edit.ts';
import { H } from '../src/wire/sip/header-name.ts';
import type { SipMessage } from '../src/wire/sip/message.ts';
import { parseMessage } from '../src/wire/sip/parse.ts';
import { answerChallenge } from './digest-answer.ts';
import { IncomingRequest } from './incoming-request.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { callerDialog, nextHop, type PeerDialog } from './peer-dialog.ts';
import type { TestAddress, TestHost } from './test-network.ts';

export interface SipPeerOptions {
  readonly host: TestHost;
  /** Default 5060. */
  readonly port?: number;
  readonly user: string;
  readonly domain: string;
  /** Challenges are answered with it; without one they are final. */
  readonly password?: string;
  /** Where requests outside a dialog are sent. */
  readonly server: TestAddress;
}

export interface PeerRequest {
  /** Added to what every request has. */
  readonly headers?: readonly HeaderEntry[];
  /** A session description; undefined leaves out the one that an INVITE has by default. */
  readonly body?: string | undefined;
  /** The description in the ACK of an INVITE, where the 2xx had the offer. */
  readonly ackBody?: string;
  /** Default: the address-of-record of this peer. */
  readonly from?: string;
  /** Default: the Request-URI. */
  readonly to?: string;
}

/** A call that this peer makes. */
export interface PeerCall {
  /** The INVITE that the answer belongs to: where the first was challenged, the one with credentials. */
  readonly invite: Promise<OutgoingRequest>;
  /** Its first final response; a positive one has been acknowledged. */
  readonly final: Promise<SipMessage>;
  /** Gives up; resolves to the answer of the CANCEL. */
  cancel(): Promise<SipMessage>;
  /** Ends the dialog that a 2xx has made. */
  bye(): Promise<SipMessage>;
  /** The dialog that a 2xx has made. */
  dialog(): Promise<PeerDialog>;
}

/** A small user agent for tests: it says what it is told to, and keeps what it hears. */
export class SipPeer {
  readonly user: string;
  /** `sip:alice@example.com` */
  readonly aor: string;
  /** Where it is, as it sees itself. */
  readonly contact: string;
  /** Requests that came, repetitions left out. */
  readonly received: IncomingRequest[] = [];
  /** ACKs that came. */
  readonly acks: SipMessage[] = [];
  readonly #options: SipPeerOptions;
  readonly #send: ReturnType<TestHost['bind']>;
  readonly #sentBy: string;
  readonly #outgoing = new Map<string, OutgoingRequest>();
  readonly #incoming = new Map<string, IncomingRequest>();
  #unseen: IncomingRequest[] = [];
  #waiting: { readonly method: string; readonly resolve: (incoming: IncomingRequest) => void }[] = [];
  #count = 0;

  constructor(options: SipPeerOptions) {
    const port = options.port ?? 5060;
    this.#options = options;
    this.user = options.user;
    this.aor = `sip:${options.user}@${options.domain}`;
    this.#sentBy = `${options.host.address}:${port}`;
    this.contact = `sip:${options.user}@${this.#sentBy}`;
    this.#send = options.host.bind(port, (bytes, source) => this.#receive(bytes, source));
  }

  /** @param expires in seconds; 0 takes the contact away */
  register(expires = 3600): Promise<SipMessage> {
    const headers: HeaderEntry[] = [[H.Expires, String(expires)]];
    return this.request('REGISTER', `sip:${this.#options.domain}`, { headers, to: `<${this.aor}>` });
  }

  /** Sends a request outside a dialog, answers a challenge, and waits for the final response. */
  async request(method: string, uri: string, options: PeerRequest = {}): Promise<SipMessage> {
    return (await this.#withCredentials(method, uri, options)).final;
  }

  /** @param to a user of the own domain, or a whole URI */
  invite(to: string, options: PeerRequest = {}): PeerCall {
    const uri = to.includes(':') ? to : `sip:${to}@${this.#options.domain}`;
    const first: { request?: OutgoingRequest } = {};
    const invite = this.#withCredentials('INVITE', uri, { body: SDP, ...options }, (sent) => {
      first.request = sent;
    });
    const answered = invite.then(({ final }) => final);
    const dialog = async (): Promise<PeerDialog> => callerDialog((await invite).request, await answered);
    const final = answered.then(async (response) => {
      // A positive answer is acknowledged along the dialog's route set (RFC 3261 §13.2.2.4).
      if (response.status < 300) this.#ack(await dialog(), (await invite).request, options.ackBody);
      return response;
    });
    return {
      invite,
      final,
      dialog,
      cancel: () => this.#cancel(first.request!.request),
      bye: () => final.then(async () => this.inDialog(await dialog(), 'BYE')),
    };
  }

  /** Sends a request inside a dialog, and waits for the final response. */
  async inDialog(dialog: PeerDialog, method: string, options: PeerRequest = {}): Promise<SipMessage> {
    const sent = this.#sendRequest(method, dialog.target, nextHop(dialog), {
      ...options,
      from: dialog.local,
      to: dialog.remote,
      callId: dialog.callId,
      headers: [...dialog.routes.map((route): HeaderEntry => [H.Route, route]), ...(options.headers ?? [])],
    });
    const response = await sent.final;
    if (method === 'INVITE' && response.status < 300) this.#ack(dialog, sent.request, options.ackBody);
    return response;
  }

  /** The next request of that method that nobody has taken yet. */
  next(method: string): Promise<IncomingRequest> {
    const known = this.#unseen.find((incoming) => incoming.method === method);
    if (known) {
      this.#unseen = this.#unseen.filter((incoming) => incoming !== known);
      return Promise.resolve(known);
    }
    return new Promise((resolve) => this.#waiting.push({ method, resolve }));
  }

  /** Sends bytes as they are, to the server. */
  sendRaw(text: string): void {
    this.#send(Buffer.from(text, 'latin1'), this.#options.server);
  }

  async #withCredentials(
    method: string,
    uri: string,
    options: PeerRequest,
    sending: (sent: OutgoingRequest) => void = () => {},
  ): Promise<OutgoingRequest> {
    const { server, user, password } = this.#options;
    const callId = this.#token('call');
    const from = options.from ?? `<${this.aor}>;tag=${this.#token('from')}`;
    const sent = this.#sendRequest(method, uri, server, { ...options, from, callId });
    sending(sent);
    if (password === undefined) return sent;
    const { status } = await sent.atLeast(180);
    if (status !== 401 && status !== 407) return sent;
    const answer = answerChallenge(await sent.final, { method, uri }, { user, password });
    if (!answer) return sent;
    const headers = [...(options.headers ?? []), answer];
    const again = this.#sendRequest(method, uri, server, { ...options, headers, from, callId });
    sending(again);
    return again;
  }

  #sendRequest(
    method: string,
    uri: string,
    to: TestAddress,
    options: PeerRequest & { readonly callId: string },
  ): OutgoingRequest {
    const branch = this.#token('z9hG4bK');
    const { body } = options;
    const bytes = buildRequest({
      method,
      requestUri: uri,
      headers: [
        [H.Via, `SIP/2.0/UDP ${this.#sentBy};branch=${branch};rport`],
        [H.From, options.from ?? `<${this.aor}>`],
        [H.To, options.to ?? `<${uri}>`],
        [H.CallId, options.callId],
        [H.CSeq, `${++this.#count} ${method}`],
        [H.Contact, `<${this.contact}>`],
        [H.MaxForwards, '70'],
        ...(options.headers ?? []),
        ...(body === undefined ? [] : [[H.ContentType, 'application/sdp'] as const]),
      ],
      ...(body === undefined ? {} : { body: Buffer.from(body, 'latin1') }),
    });
    const sent = new OutgoingRequest(parsed(bytes)!);
    this.#outgoing.set(`${branch} ${method}`, sent);
    this.#send(bytes, to);
    return sent;
  }

  /** RFC 3261 §9.1: the INVITE's own Request-URI, top Via, From, To and Call-ID. */
  #cancel(invite: SipMessage): Promise<SipMessage> {
    const bytes = buildRequest({
      method: 'CANCEL',
      requestUri: invite.requestUri,
      headers: [
        ...[H.Via, H.From, H.To, H.CallId].map((header): HeaderEntry => [header, invite.get(header) ?? '']),
        [H.CSeq, `${invite.cseq?.number} CANCEL`],
        [H.MaxForwards, '70'],
      ],
    });
    const sent = new OutgoingRequest(parsed(bytes)!);
    this.#outgoing.set(`${invite.topVia?.branch} CANCEL`, sent);
    this.#send(bytes, this.#options.server);
    return sent.final;
  }

  #ack(dialog: PeerDialog, invite: SipMessage, body?: string): void {
    const bytes = buildRequest({
      method: 'ACK',
      requestUri: dialog.target,
      headers: [
        [H.Via, `SIP/2.0/UDP ${this.#sentBy};branch=${this.#token('z9hG4bK')};rport`],
        ...dialog.routes.map((route): HeaderEntry => [H.Route, route]),
        [H.From, dialog.local],
        [H.To, dialog.remote],
        [H.CallId, dialog.callId],
        [H.CSeq, `${invite.cseq?.number} ACK`],
        [H.MaxForwards, '70'],
        ...(body === undefined ? [] : [[H.ContentType, 'application/sdp'] as const]),
      ],
      ...(body === undefined ? {} : { body: Buffer.from(body, 'latin1') }),
    });
    this.#send(bytes, nextHop(dialog));
  }

  #receive(bytes: Buffer, source: TestAddress): void {
    const message = parsed(bytes);
    if (message?.isRequest) this.#receiveRequest(message, source);
    else if (message) this.#receiveResponse(message);
  }

  #receiveResponse(response: SipMessage): void {
    const sent = this.#outgoing.get(`${response.topVia?.branch} ${response.cseq?.method}`);
    if (!sent) return;
    if (sent.request.method === 'INVITE' && response.status >= 300) this.#ackNegative(sent.request, response);
    sent.receive(response);
  }

  /** RFC 3261 §17.1.1.3. */
  #ackNegative(invite: SipMessage, response: SipMessage): void {
    const edit = new MessageEdit(invite).setBody(Buffer.alloc(0));
    edit.replace(0, invite.method.length, 'ACK').removeAll(H.ContentType);
    edit.set(H.To, response.get(H.To) ?? '').set(H.CSeq, `${invite.cseq?.number} ACK`);
    this.#send(edit.toBuffer(), this.#options.server);
  }

  #receiveRequest(request: SipMessage, source: TestAddress): void {
    if (request.method === 'ACK') {
      this.acks.push(request);
      return;
    }
    const key = `${request.topVia?.branch} ${request.method}`;
    const known = this.#incoming.get(key);
    if (known) {
      known.repeat();
      return;
    }
    const reply = (bytes: Buffer): void => void this.#send(bytes, source);
    const incoming = new IncomingRequest(request, this.#token('tag'), this.contact, reply);
    this.#incoming.set(key, incoming);
    this.received.push(incoming);
    if (request.method === 'CANCEL') this.#receiveCancel(incoming);
    const waiting = this.#waiting.find(({ method }) => method === request.method);
    this.#waiting = this.#waiting.filter((it) => it !== waiting);
    if (waiting) waiting.resolve(incoming);
    else this.#unseen.push(incoming);
  }

  /** RFC 3261 §9.2: the CANCEL gets 200, its INVITE 487. */
  #receiveCancel(cancel: IncomingRequest): void {
    cancel.reply(200);
    this.#incoming.get(`${cancel.request.topVia?.branch} INVITE`)?.reply(487);
  }

  #token(prefix: string): string {
    return `${prefix}-${this.user}-${++this.#count}`;
  }
}

const SDP =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';

function parsed(bytes: Buffer): SipMessage | undefined {
  const result = parseMessage(bytes);
  return result.ok ? result.message : undefined;
}
