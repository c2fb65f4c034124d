import { EventEmitter, once } from 'node:events';
import type { Listener } from '../../src/net/listener.ts';
import { buildRequest, buildResponse, type HeaderEntry } from '../../src/wire/sip/build.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';
import { calleeDialog, callerDialog, type PeerDialog } from '../../testing/peer-dialog.ts';
import { type Line, openLine } from './line.ts';

const SDP =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';

let phones = 0;

/** A phone on a real connection of any transport that answers every call. */
export class Phone extends EventEmitter implements Disposable {
  readonly user: string;
  readonly aor: string;
  readonly transport: string;
  /** Everything that came, in order. */
  readonly received: SipMessage[] = [];
  readonly #line: Line;
  /** Of this phone and no other, even of the same user. */
  readonly #token: string;
  #count = 0;

  static async open(user: string, to: Listener): Promise<Phone> {
    return new Phone(user, to.transport, await openLine(to));
  }

  private constructor(user: string, transport: string, line: Line) {
    super();
    this.user = user;
    this.aor = `sip:${user}@example.com`;
    this.transport = transport;
    this.#line = line;
    this.#token = `${user}-${++phones}`;
    line.listen((bytes) => this.#receive(bytes));
  }

  get contact(): string {
    return `<sip:${this.user}@${this.#line.place}>`;
  }

  [Symbol.dispose](): void {
    this.#line.close();
  }

  /** The first message for which that holds, which may have come already. */
  async message(wanted: (message: SipMessage) => boolean): Promise<SipMessage> {
    for (;;) {
      const found = this.received.find(wanted);
      if (found) return found;
      await once(this, 'message');
    }
  }

  /** The request of that method that came first. */
  request(method: string): Promise<SipMessage> {
    return this.message((it) => it.isRequest && it.method === method);
  }

  register(password: string): Promise<SipMessage> {
    return this.ask('REGISTER', 'sip:example.com', { to: `<${this.aor}>`, password });
  }

  /** Calls, acknowledges, and tells the dialog. */
  async call(aor: string, password: string): Promise<{ answer: SipMessage; dialog: PeerDialog }> {
    const answer = await this.ask('INVITE', aor, { password, body: SDP });
    const dialog = callerDialog(answer, answer);
    this.inDialog(dialog, 'ACK');
    return { answer, dialog };
  }

  /** The callee's side of the call that came. */
  async calledDialog(): Promise<PeerDialog> {
    return calleeDialog(await this.request('INVITE'), this.user);
  }

  inDialog(dialog: PeerDialog, method: string): Promise<SipMessage> | undefined {
    const { local: from, remote: to, callId, routes } = dialog;
    const headers = routes.map((route): HeaderEntry => [H.Route, route]);
    const branch = this.#send(method, dialog.target, { from, to, callId, headers });
    return method === 'ACK' ? undefined : this.#final(branch);
  }

  async ask(
    method: string,
    uri: string,
    options: { readonly to?: string; readonly password: string; readonly body?: string },
  ): Promise<SipMessage> {
    const { user } = this;
    const { to = `<${uri}>`, password, ...rest } = options;
    const parts = {
      from: `<${this.aor}>;tag=${this.#token}-${++this.#count}`,
      to,
      callId: `${this.#token}-${this.#count}`,
      ...rest,
    };
    const first = await this.#final(this.#send(method, uri, { ...parts, headers: [] }));
    const credentials = answerChallenge(first, { method, uri }, { user, password });
    return credentials ? this.#final(this.#send(method, uri, { ...parts, headers: [credentials] })) : first;
  }

  /** @returns the branch */
  #send(
    method: string,
    requestUri: string,
    parts: {
      readonly from: string;
      readonly to: string;
      readonly callId: string;
      readonly headers: readonly HeaderEntry[];
      readonly body?: string;
    },
  ): string {
    const branch = `z9hG4bK-${this.#token}-${++this.#count}`;
    const place = this.#line.place.split(';')[0];
    const bytes = buildRequest({
      method,
      requestUri,
      headers: [
        [H.Via, `SIP/2.0/${this.transport.toUpperCase()} ${place};branch=${branch};rport`],
        [H.From, parts.from],
        [H.To, parts.to],
        [H.CallId, parts.callId],
        [H.CSeq, `${this.#count} ${method}`],
        [H.Contact, this.contact],
        [H.MaxForwards, '70'],
        ...parts.headers,
        ...(parts.body === undefined ? [] : [[H.ContentType, 'application/sdp'] as const]),
      ],
      ...(parts.body === undefined ? {} : { body: Buffer.from(parts.body, 'latin1') }),
    });
    this.#line.send(bytes);
    return branch;
  }

  #final(branch: string): Promise<SipMessage> {
    return this.message((it) => !it.isRequest && it.status >= 200 && it.topVia?.branch === branch);
  }

  #receive(bytes: Buffer): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok)
      throw new Error(`${this.user} has received what cannot be read: ${bytes.toString('latin1')}`);
    const { message } = parsed;
    this.received.push(message);
    if (message.isRequest && message.method !== 'ACK') {
      const headers: HeaderEntry[] = [[H.Contact, this.contact]];
      this.#line.send(buildResponse(message, { status: 200, toTag: this.user, headers }));
    }
    this.emit('message');
  }
}
