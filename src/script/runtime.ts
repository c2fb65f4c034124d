import { logLine } from '../base/channels.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Dialogs } from '../core/dialog/dialogs.ts';
import { boundedAnswer } from '../core/front-door/bounded-answer.ts';
import type { FrontDoor, Refusal } from '../core/front-door/front-door.ts';
import type { Proxy as SipProxy } from '../core/proxy/proxy.ts';
import type { OutgoingView } from '../core/ua/user-agent-client.ts';
import type { Flow } from '../net/flow.ts';
import type { ReplyParts, ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { TransactionUser } from '../transaction/transaction-user.ts';
import { H } from '../wire/sip/header-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { Handler } from './api/routes.ts';
import { faultPosition, type Position, positionText } from './fault-position.ts';
import { Handling, type HandlingOwner } from './handling.ts';
import { ScriptLocalRequest } from './local-request.ts';
import type { Anchoring } from './media/anchoring.ts';
import type { Program } from './program.ts';
import { publishRefused, refuse } from './refuse.ts';
import { ScriptServices, type ScriptServicesOptions } from './script-services.ts';

export interface RuntimeOptions extends ScriptServicesOptions {
  readonly wheel: TimerWheel;
  readonly frontDoor: FrontDoor;
  readonly program: Program;
  /** Without it `call.anchorMedia()` does nothing. */
  readonly media?: Anchoring;
  /** How long a script may take for an answer, its forks left out, in ms; default 25 s. */
  readonly answerTimeoutMs?: number;
  /** Asked whenever they are needed, for they are made after the user that they deliver to. */
  readonly layer: () => TransactionLayer;
  readonly proxy: () => SipProxy;
  readonly dialogs: () => Dialogs;
}

/** How the scripts fared. */
export interface RuntimeCounters {
  handled: number;
  faults: number;
  timeouts: number;
  /** Requests turned away because the table of transactions was full. */
  overloaded: number;
}

/** Below the 32 s after which a client gives up by itself (timers B and F). */
const ANSWER_TIMEOUT_MS = 25_000;
const METHODS =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, REFER, INFO, UPDATE, PRACK';

/** What those hear who have not shown who they are: no flood of theirs shall leave transactions behind. */
const TO_STRANGERS: ReadonlySet<number> = new Set([400, 401, 403, 407]);

/** Runs the routing program: front door, handler, answer. */
export class Runtime implements TransactionUser, HandlingOwner {
  readonly wheel: TimerWheel;
  readonly services: ScriptServices;
  readonly answerTimeoutMs: number;
  readonly counters: RuntimeCounters = { handled: 0, faults: 0, timeouts: 0, overloaded: 0 };
  readonly #options: RuntimeOptions;
  readonly #frontDoor: FrontDoor;
  /** Bounded by the table of server transactions. */
  readonly #handlings = new Map<ServerTransaction, Handling>();
  #program: Program;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#frontDoor = options.frontDoor;
    this.wheel = options.wheel;
    this.services = new ScriptServices(options);
    this.answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
    this.#program = options.program;
  }

  get proxy(): SipProxy {
    return this.#options.proxy();
  }

  /** @internal */
  get media(): Anchoring | undefined {
    return this.#options.media;
  }

  get dialogs(): Dialogs {
    return this.#options.dialogs();
  }

  get program(): Program {
    return this.#program;
  }

  /** How many requests wait for a script. */
  get pending(): number {
    return this.#handlings.size;
  }

  /** Puts another program in force; requests that are being handled end with the one that began them. */
  replaceProgram(program: Program): void {
    this.#program = program;
  }

  request(message: SipMessage, flow: Flow): void {
    const refusal = this.#frontDoor.admit(message, flow);
    if (refusal) {
      this.#refuse(message, flow, refusal);
      return;
    }
    const transaction = this.#options.layer().accept(message, flow);
    if (!transaction) {
      this.counters.overloaded++;
      this.#options.layer().replyStateless(message, flow, { status: 503, headers: [[H.RetryAfter, '5']] });
      return;
    }
    this.counters.handled++;
    const handler = this.#handlerOf(message);
    if (handler) this.#handle(transaction, handler);
    else this.proxy.inDialog(transaction);
  }

  /** Shows the script a request of the server's own; what it throws stops nothing. */
  local(view: OutgoingView): void {
    const { routes } = this.#program;
    try {
      routes.local?.(new ScriptLocalRequest(view));
    } catch (error) {
      this.strayFault(error);
    }
  }

  ack(message: SipMessage, flow: Flow): void {
    const refusal = this.#frontDoor.admitAck(message, flow);
    if (refusal) publishRefused(refusal.reason, flow);
    else this.proxy.ack(message, flow);
  }

  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    const refusal = this.#frontDoor.admitCancel(message, flow);
    if (refusal) {
      this.#refuse(message, flow, refusal);
      return;
    }
    // First the script is told, so that it begins no other fork when its present one ends.
    if (invite) this.#handlings.get(invite)?.cancel();
    this.proxy.cancel(message, flow, invite);
  }

  strayResponse(message: SipMessage, flow: Flow): void {
    this.proxy.strayResponse(message, flow);
  }

  malformed(reason: string, flow: Flow): void {
    this.#frontDoor.counters.malformed++;
    publishRefused(reason, flow);
  }

  connectionClosed({ connectionId }: Flow): void {
    this.#options.registrar.connectionClosed(connectionId);
  }

  /** @internal Sends an answer, cut to size where nobody has shown yet who asks. */
  send(transaction: ServerTransaction, parts: ReplyParts): void {
    const answer = boundedAnswer(transaction.request, transaction.flow, parts);
    if (transaction.lastStatus === 0 && TO_STRANGERS.has(answer.status)) {
      this.#options.layer().dismiss(transaction, answer);
    } else transaction.reply(answer);
  }

  /** @internal */
  listenerNames(): readonly string[] {
    return this.#options.advertise.listeners.map((listener) => listener.name);
  }

  /** @internal */
  faulted({ transaction, program }: Handling, error: unknown): void {
    this.#logFault(program, faultPosition(error, program.files), error, transaction.request.callId);
  }

  /** Whether something was thrown by a file of the program. */
  isScriptFault(error: unknown): boolean {
    return faultPosition(error, this.#program.files) !== undefined;
  }

  /** Logs what was thrown outside any handler. */
  strayFault(error: unknown): void {
    this.#logFault(this.#program, faultPosition(error, this.#program.files), error, undefined);
  }

  /** @internal */
  timedOut({ transaction }: Handling): void {
    this.counters.timeouts++;
    const seconds = this.answerTimeoutMs / 1000;
    const { method, callId } = transaction.request;
    logLine('error', 'script', `the handler gave no answer to ${method} within ${seconds} s`, { callId });
  }

  /** @internal */
  ended({ transaction }: Handling): void {
    this.#handlings.delete(transaction);
  }

  #logFault(
    program: Program,
    position: Position | undefined,
    error: unknown,
    callId: string | undefined,
  ): void {
    this.counters.faults++;
    const where = position ? `${positionText(program.origin(position))}: ` : '';
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    logLine('error', 'script', `${where}${what}`, callId === undefined ? { error } : { callId, error });
  }

  #handle(transaction: ServerTransaction, handler: Handler): void {
    const handling = new Handling(transaction, this.#program, this);
    this.#handlings.set(transaction, handling);
    handling.start(handler);
  }

  /** @returns undefined for a request that follows its route set without a script */
  #handlerOf(message: SipMessage): Handler | undefined {
    const { routes } = this.#program;
    if (message.hasToTag && message.method !== 'REGISTER') return routes.inDialog;
    switch (message.method) {
      case 'REGISTER':
        return routes.register;
      case 'INVITE':
        return routes.invite;
      case 'OPTIONS':
        return (
          routes.options ?? (this.#isForServer(message) ? answerOptions : (routes.request ?? refuseMethod))
        );
      case 'MESSAGE':
        return routes.message ?? routes.request ?? refuseMethod;
      default:
        return routes.request ?? refuseMethod;
    }
  }

  #isForServer({ uri }: SipMessage): boolean {
    return uri !== undefined && uri.user === undefined && this.services.isLocal(uri);
  }

  #refuse(message: SipMessage, flow: Flow, refusal: Refusal): void {
    refuse(message, flow, refusal, this.#options.layer(), this.#options.advertise);
  }
}

const answerOptions: Handler = (call) =>
  call.reply(200, { headers: { Allow: METHODS, Accept: 'application/sdp', Supported: 'path, outbound' } });

const refuseMethod: Handler = (call) => call.reject(405, undefined, { Allow: METHODS });
