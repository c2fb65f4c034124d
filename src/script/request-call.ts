import { parseAddressParts } from '../advertise/advertised-address.ts';
import { logLine } from '../base/channels.ts';
import { ServerError } from '../base/errors.ts';
import type { Flow } from '../net/flow.ts';
import type { AddressParts } from '../net/listener.ts';
import type { TransportName } from '../net/transport-name.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { fromByteString, toByteString } from '../wire/sip/text.ts';
import { Uri } from '../wire/sip/uri.ts';
import type { Address } from './api/address.ts';
import type { FollowRoute, ForkOutcome, HeaderFields, Reply } from './api/answer.ts';
import type { Call, CallLog, ForkOptions, ForkTargets, ReplyOptions } from './api/call.ts';
import type { AnchorOptions, CallMedia } from './api/media.ts';
import type { Services } from './api/services.ts';
import { redirection, scriptReply } from './replies.ts';
import { RequestAddress } from './request-address.ts';
import { RequestHeaders } from './request-headers.ts';

/** What a call asks of the handling that it belongs to. */
export interface CallOwner {
  readonly signal: AbortSignal;
  progress(reply: Reply): void;
  fork(call: RequestCall, targets: ForkTargets, options: ForkOptions): Promise<ForkOutcome>;
  anchorMedia(options: AnchorOptions): void;
  readonly media: CallMedia;
}

const FOLLOW_ROUTE: FollowRoute = Object.freeze({ kind: 'follow-route' });

/** A request in a server transaction, as routing scripts see it. Its parts are made when a script asks for them. */
export class RequestCall implements Call {
  readonly request: SipMessage;
  readonly headers: RequestHeaders;
  readonly services: Services;
  /** @internal */
  override: AddressParts | undefined;
  readonly #transaction: ServerTransaction;
  readonly #owner: CallOwner;
  #target: Address | undefined;
  #from: Address | undefined;
  #to: Address | undefined;

  constructor(transaction: ServerTransaction, services: Services, owner: CallOwner) {
    this.request = transaction.request;
    this.headers = new RequestHeaders(transaction.request);
    this.services = services;
    this.#transaction = transaction;
    this.#owner = owner;
  }

  get method(): string {
    return this.request.method;
  }

  get target(): Address {
    this.#target ??= new RequestAddress(this.services, this.request.requestUri, this.request.uri);
    return this.#target;
  }

  get from(): Address {
    this.#from ??= RequestAddress.of(this.services, this.request.from);
    return this.#from;
  }

  get to(): Address {
    this.#to ??= RequestAddress.of(this.services, this.request.to);
    return this.#to;
  }

  get callId(): string {
    return this.request.callId;
  }

  get source(): { readonly address: string; readonly port: number; readonly listener: string } {
    const { remoteAddress, remotePort, listener } = this.#transaction.flow;
    return { address: remoteAddress, port: remotePort, listener: listener.name };
  }

  /** @internal */
  get flow(): Flow {
    return this.#transaction.flow;
  }

  get transport(): TransportName {
    return this.#transaction.flow.transport;
  }

  get isInDialog(): boolean {
    return this.request.hasToTag;
  }

  get body(): string {
    return fromByteString(this.request.body.toString('latin1'));
  }

  get signal(): AbortSignal {
    return this.#owner.signal;
  }

  get log(): CallLog {
    const write =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (text: string, fields?: Readonly<Record<string, unknown>>): void =>
        logLine(level, 'script', text, { ...fields, callId: this.callId });
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  }

  address(uri: string): Address {
    const text = toByteString(uri);
    const parsed = Uri.parse(text);
    if (!parsed) throw new ServerError('SIP_BAD_FIELD', `${JSON.stringify(uri)} is no URI`);
    return new RequestAddress(this.services, text, parsed);
  }

  advertise(hostPort: string): this {
    this.override = addressParts(hostPort);
    return this;
  }

  anchorMedia(options: AnchorOptions = {}): this {
    this.#owner.anchorMedia(options);
    return this;
  }

  get media(): CallMedia {
    return this.#owner.media;
  }

  progress(status: number, options: ReplyOptions = {}): void {
    this.#owner.progress(scriptReply(status, options, 101, 199));
  }

  reply(status: number, options: ReplyOptions = {}): Reply {
    return scriptReply(status, options);
  }

  reject(status: number, reason?: string, headers?: HeaderFields): Reply {
    return scriptReply(
      status,
      { ...(reason === undefined ? {} : { reason }), ...(headers === undefined ? {} : { headers }) },
      400,
    );
  }

  redirect(contacts: string | readonly string[], status: 301 | 302 = 302): Reply {
    return redirection(contacts, status);
  }

  fork(targets: ForkTargets, options: ForkOptions = {}): Promise<ForkOutcome> {
    return this.#owner.fork(this, targets, options);
  }

  followRoute(): FollowRoute {
    if (!this.isInDialog) {
      throw new ServerError('SIP_BAD_FIELD', `followRoute: this ${this.method} belongs to no dialog`, {
        hint: 'only sequential requests have a route set; forward others with call.fork',
      });
    }
    return FOLLOW_ROUTE;
  }
}

/** @throws ServerError SIP_BAD_FIELD for what cannot be printed */
export function addressParts(hostPort: string): AddressParts {
  const parsed = parseAddressParts(hostPort);
  if (!parsed.ok) throw new ServerError('SIP_BAD_FIELD', `advertise: ${parsed.reason}`);
  return parsed.parts;
}
