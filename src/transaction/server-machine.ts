import { channels } from '../base/channels.ts';
import { ServerError } from '../base/errors.ts';
import { KeptBytes } from '../base/kept-bytes.ts';
import type { Flow } from '../net/flow.ts';
import { isReliable } from '../net/transport-name.ts';
import { buildResponse, type ResponseParts } from '../wire/sip/build.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { parseMessage } from '../wire/sip/parse.ts';
import { type MachineContext, TimedMachine } from './machine.ts';
import { type ResponseRoute, receivedVia } from './response-route.ts';
import type { Indexed } from './server-index.ts';
import type { ServerKey } from './server-key.ts';
import type { ReplyParts, ServerState, ServerTransaction } from './server-transaction.ts';
import { userFault } from './user-fault.ts';

/** Keeps a server machine while it lives. */
export interface ServerOwner {
  /** It is answered, and waits for nothing but what comes late. */
  answered(machine: ServerMachine): void;
  released(machine: ServerMachine): void;
}

const TAG_LENGTH = 10;

/** The request that was read once more last, and whose it is: whoever asks mostly asks again. */
let readFor: ServerMachine | undefined;
let readAgain: SipMessage | undefined;

/** What both server machines have in common. */
export abstract class ServerMachine
  extends TimedMachine
  implements ServerTransaction, Indexed<ServerMachine>
{
  readonly flow: Flow;
  topVia: string;
  /** By which the owner finds it again. */
  readonly key: ServerKey;
  keyHash = 0;
  nextOfBucket: ServerMachine | undefined = undefined;
  state: ServerState;
  lastStatus = 0;
  forwarding: object | undefined = undefined;
  onSettled: ((status: number | undefined) => void) | undefined = undefined;
  onTerminated: (() => void) | undefined = undefined;
  onTransportError: ((reason: string) => void) | undefined = undefined;
  protected readonly reliable: boolean;
  /** What a retransmission of the request gets. */
  protected lastAnswer: Buffer | KeptBytes | undefined = undefined;
  /** What the request takes, in bytes. */
  readonly size: number;
  protected readonly route: ResponseRoute;
  readonly #owner: ServerOwner;
  readonly #startedAt: number;
  #request: SipMessage | undefined;
  /** The request, once it is answered. */
  #kept: KeptBytes | undefined = undefined;
  #toTag: string | undefined = undefined;
  #reported = false;

  constructor(
    context: MachineContext,
    owner: ServerOwner,
    state: ServerState,
    key: ServerKey,
    request: SipMessage,
    flow: Flow,
    topVia: string,
    route: ResponseRoute,
  ) {
    super(context);
    this.#owner = owner;
    this.state = state;
    this.key = key;
    this.#request = request;
    this.size = request.bytes.length;
    this.flow = flow;
    this.topVia = topVia;
    this.route = route;
    this.reliable = isReliable(flow.transport);
    this.#startedAt = context.clock.now();
    if (channels.transaction.hasSubscribers) {
      channels.transaction.publish({ event: 'start', callId: request.callId, method: request.method });
    }
  }

  get request(): SipMessage {
    if (this.#request !== undefined) return this.#request;
    if (readFor !== this || readAgain === undefined) {
      const read = parseMessage(this.#kept!.view());
      if (!read.ok) throw new ServerError('SIP_NOT_A_REQUEST', 'what was a request is none any more');
      readFor = this;
      readAgain = read.message;
    }
    return readAgain;
  }

  get toTag(): string {
    this.#toTag ??= this.context.ids.token(TAG_LENGTH);
    return this.#toTag;
  }

  reply(parts: ReplyParts): boolean {
    if (!this.open) return false;
    const bytes = buildResponse(
      this.request,
      responseParts(parts, this.topVia, () => this.toTag),
    );
    this.context.counters.localReplies++;
    return this.answer(bytes, parts.status);
  }

  forward(bytes: Buffer, status: number): boolean {
    if (!this.answer(bytes, status)) return false;
    this.context.counters.relayedReplies++;
    return true;
  }

  /** Takes a retransmission of the request. */
  abstract retransmission(): void;
  /** @returns whether the machine took the answer */
  protected abstract answer(bytes: Buffer, status: number): boolean;

  forceRport(): void {
    const via = this.request.topVia;
    if (via === undefined) return;
    this.topVia = receivedVia(via, this.flow, true);
    this.route.useSource();
  }

  forget(): void {
    this.onTerminated = undefined;
    this.end();
  }

  /** Whether no final answer was given. */
  protected get open(): boolean {
    return this.state === 'trying' || this.state === 'proceeding';
  }

  protected transmit(bytes: Buffer): void {
    if (!this.route.send(bytes)) this.undelivered('the answer could not be sent');
  }

  protected sendAgain(): void {
    if (this.lastAnswer === undefined) return;
    this.context.counters.retransmissionsSent++;
    this.transmit(this.lastAnswer instanceof KeptBytes ? this.lastAnswer.view() : this.lastAnswer);
  }

  protected sendTrying(): void {
    this.context.counters.localReplies++;
    this.lastStatus = 100;
    const bytes = buildResponse(this.request, { status: 100, topVia: this.topVia });
    this.lastAnswer = bytes;
    this.transmit(bytes);
  }

  protected undelivered(reason: string): void {
    this.context.counters.sendFailures++;
    try {
      this.onTransportError?.(reason);
    } catch (fault) {
      userFault(this.context.counters, fault);
    }
  }

  /** Notes the final answer for statistics. */
  protected settle(state: ServerState, status: number): void {
    this.stopTimers();
    this.state = state;
    this.lastStatus = status;
    const statusClass = Math.floor(status / 100);
    if (statusClass >= 2 && statusClass <= 6) this.context.counters.finished[statusClass]!++;
    this.#report(status);
    // Half a minute more it lives, and the bytes take a fraction of what the message takes. Whoever asks reads them again.
    // Who has asked for this one may go on with it.
    if (this.#request === undefined) return;
    this.#kept = new KeptBytes(this.#request.bytes);
    readFor = this;
    readAgain = this.#request;
    this.#request = undefined;
  }

  /** Waits for what comes late. */
  protected linger(): void {
    this.armWait(64 * this.context.timers.t1);
    this.#owner.answered(this);
  }

  protected end(): void {
    if (this.state === 'terminated') return;
    this.stopTimers();
    this.state = 'terminated';
    this.lastAnswer = undefined;
    this.#owner.released(this);
    this.#report(undefined);
    try {
      this.onTerminated?.();
    } catch (fault) {
      userFault(this.context.counters, fault);
    }
    if (readFor !== this) return;
    readFor = undefined;
    readAgain = undefined;
  }

  #tellSettled(status: number | undefined): void {
    const told = this.onSettled!;
    this.onSettled = undefined;
    try {
      told(status);
    } catch (fault) {
      userFault(this.context.counters, fault);
    }
  }

  /** Says once that the transaction is answered, or has ended without an answer. */
  #report(status: number | undefined): void {
    if (this.#reported) return;
    this.#reported = true;
    if (this.onSettled) this.#tellSettled(status);
    if (!channels.transaction.hasSubscribers) return;
    const durationMs = this.context.clock.now() - this.#startedAt;
    const { callId, method } = this.request;
    channels.transaction.publish({ event: 'end', callId, method, status, durationMs });
  }
}

/** What {@link buildResponse} needs for an answer of ours; a 100 makes no dialog and gets no tag (RFC 3261 §8.2.6.2). */
export function responseParts(parts: ReplyParts, topVia: string, toTag: () => string): ResponseParts {
  const { status, reason, headers, body } = parts;
  return {
    status,
    topVia,
    ...(reason !== undefined && { reason }),
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body }),
    ...(parts.toTag !== false && status > 100 && { toTag: toTag() }),
  };
}
