import { logLine } from '../../../base/channels.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Flow } from '../../../net/flow.ts';
import type { Listener } from '../../../net/listener.ts';
import type { ServerTransaction } from '../../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../../wire/sip/build.ts';
import { H } from '../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { fromByteString } from '../../../wire/sip/text.ts';
import { faultPosition, positionText } from '../../fault-position.ts';
import { CODE_FILE, type RouteFunction, type RouteFunctions, routeKey } from '../compile/script-compiler.ts';
import { callsOf } from '../compile/walk.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { LoadedScript } from '../load-script.ts';
import type { Value } from '../value.ts';
import type { CacheBackend } from './cache-backend.ts';
import { dummyFlow, dummyRequest } from './dummy-request.ts';
import { MessageChanges } from './message-changes.ts';
import { RequestContext } from './request-context.ts';
import type { ReplyMore, RunningProgram } from './running-program.ts';
import { ScriptMessage } from './script-message.ts';
import type { ServerServices } from './server-services.ts';
import { socketNamed } from './socket-names.ts';

/** Answers that are given without keeping anything, so that a flood of strangers leaves nothing behind. */
const DISMISSED: ReadonlySet<number> = new Set([400, 401, 403, 404, 407, 483]);

/** What {@link ScriptProgram} is made of. */
export interface ProgramParts {
  readonly loaded: LoadedScript;
  readonly services: ServerServices;
}

/** A script in force: it runs routes, and does for their functions what they ask. */
export class ScriptProgram implements RunningProgram {
  readonly services: ServerServices;
  readonly loaded: LoadedScript;
  readonly startedAt: number;
  logLevel: number;
  xlogLevel: number;
  readonly #states: unknown[] = [];
  readonly #caches = new Map<string, CacheBackend>();
  readonly #onRequest: ((m: ScriptMessage) => void)[] = [];
  readonly #onClosed: ((connectionId: number) => void)[] = [];
  readonly #serverHeader: HeaderEntry | undefined;
  seesAllReplies = false;
  seesBranches = false;
  #routes: RouteFunctions = new Map();
  #main: RouteFunction | undefined;
  #number = 0;

  constructor({ loaded, services }: ProgramParts) {
    this.loaded = loaded;
    this.logLevel = loaded.settings.logLevel;
    this.xlogLevel = loaded.settings.xlogLevel;
    this.services = services;
    this.startedAt = services.clock.wallNow();
    this.#serverHeader = headerOf(loaded.settings.serverHeader);
  }

  get file(): string {
    return this.loaded.file;
  }

  get modules(): readonly ScriptModule[] {
    return this.loaded.modules;
  }

  get dbDefaultUrl(): string | undefined {
    return this.loaded.settings.dbDefaultUrl;
  }

  /** @internal Puts the state of each module in force, in their order. */
  begin(states: readonly unknown[]): void {
    this.#states.push(...states);
    this.#routes = this.loaded.compiled.instantiate(this.#states);
    this.#main = this.#routes.get(routeKey('request', ''));
    this.seesAllReplies = this.hasRoute('onreply', '');
    const { routes } = this.loaded.script;
    this.seesBranches = routes.some(
      ({ kind }) => kind === 'onreply' || kind === 'branch' || kind === 'failure',
    );
  }

  nextNumber(): number {
    this.#number = (this.#number + 1) | 0;
    return this.#number;
  }

  stateOf<S>(module: ScriptModule): S | undefined {
    return this.#states[this.modules.indexOf(module)] as S | undefined;
  }

  /** @internal */
  addCache(id: string, backend: CacheBackend): void {
    this.#caches.set(id, backend);
  }

  cache(id: string): CacheBackend | undefined {
    return this.#caches.get(id);
  }

  /** @internal */
  hearRequests(hear: (m: ScriptMessage) => void): void {
    this.#onRequest.push(hear);
  }

  socket(text: string): Listener | undefined {
    return socketNamed(text, this.services.environment.network.listeners);
  }

  placeText(at: number): string {
    return at < 0 ? this.file : positionText(this.loaded.source.place(at));
  }

  evaluate(m: ScriptMessage, format: string): Value {
    return this.loaded.compiled.format(format)?.(m, this.#states) ?? null;
  }

  hasRoute(kind: RouteKind, name: string): boolean {
    return this.#routes.has(routeKey(kind, name));
  }

  /** A new request: its request_route runs, and what it leaves undone is dropped. */
  request(context: RequestContext): void {
    const m = this.#messageOf(context, 'request', '');
    for (const hear of this.#onRequest) hear(m);
    const run = this.#main === undefined ? -1 : this.#call(m, this.#main);
    if (run instanceof Promise) void run.then(() => this.#finish(m));
    else this.#finish(m);
  }

  /** A request that cannot be read: the error_route decides. @returns false where there is none */
  broken(context: RequestContext, status: number, reason: string): boolean {
    if (!this.hasRoute('error', '')) return false;
    this.#error(context, { reason, status, text: reason }, () => this.#leave(context));
    return true;
  }

  run(m: ScriptMessage): MaybePromise<number> {
    const route = this.#routes.get(routeKey(m.route, m.routeName));
    return route === undefined ? -1 : this.#call(m, route);
  }

  #call(m: ScriptMessage, route: RouteFunction): MaybePromise<number> {
    const { variableCount } = this.loaded.compiled;
    for (let i = m.vars.length; i < variableCount; i++) m.vars.push(null);
    try {
      const result = route(m);
      return result instanceof Promise ? result.catch((fault: unknown) => this.#faultIn(m, fault)) : result;
    } catch (fault) {
      return this.#faultIn(m, fault);
    }
  }

  async runRoute(name: string, context: RequestContext, params: readonly Value[] = []): Promise<number> {
    const route = this.#routes.get(routeKey('request', name));
    if (route === undefined) return -1;
    const m = this.#messageOf(context, 'request', name);
    m.params = params;
    return await this.#call(m, route);
  }

  #messageOf(context: RequestContext, kind: RouteKind, name: string): ScriptMessage {
    const { request: message, flow, changes, target } = context;
    return new ScriptMessage(context, kind, name, { message, flow, changes, target });
  }

  #faultIn(m: ScriptMessage, fault: unknown): number {
    this.faulted(fault, m.message.callId);
    const { context } = m;
    if (m.route === 'request' && !context.handled && context.transaction) {
      this.reply(context, 500, 'Server Internal Error');
    }
    return -1;
  }

  faulted(fault: unknown, callId: string | undefined): void {
    const at = faultPosition(fault, [CODE_FILE]);
    const where = at ? `${this.placeText(this.loaded.compiled.placeOf(at.line))}: ` : '';
    const what = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
    logLine(
      'error',
      'script',
      `${where}${what}`,
      callId === undefined ? { error: fault } : { callId, error: fault },
    );
    this.faults++;
  }

  /** How often a function of the script threw. */
  faults = 0;

  #finish(m: ScriptMessage): void {
    const { context, failed } = m;
    if (failed !== undefined && this.hasRoute('error', ''))
      this.#error(context, failed, () => this.#leave(context));
    else this.#leave(context);
  }

  #error(context: RequestContext, failure: ScriptMessage['failed'], done: () => void): void {
    const m = this.#messageOf(context, 'error', '');
    m.failed = failure;
    const run = this.run(m);
    if (run instanceof Promise) void run.then(done);
    else done();
  }

  /** Drops a request that nothing was done with. */
  #leave(context: RequestContext): void {
    if (!context.handled) context.transaction?.forget();
  }

  reply(context: RequestContext, status: number, reason: string, more: ReplyMore = {}): boolean {
    const { request, flow, transaction } = context;
    if (request.method === 'ACK' || context.answered || context.dismissed) return false;
    context.handled = true;
    const headers = [...context.replyHeaders, ...(more.headers ?? [])];
    if (this.#serverHeader && status > 100) headers.push(this.#serverHeader);
    const body = more.body ?? context.replyBody;
    const parts = { status, reason, headers, ...(body && { body }) };
    context.replyStatus = status;
    if (transaction === undefined) {
      this.services.layer.replyStateless(request, flow, parts);
      context.dismissed = status >= 200;
      return true;
    }
    const keepsNothing = status >= 200 && (more.stateless === true || DISMISSED.has(status));
    if (keepsNothing && context.forks === 0 && transaction.lastStatus === 0) {
      context.dismissed = true;
      this.services.layer.dismiss(transaction, parts);
      return true;
    }
    const sent = transaction.reply(parts);
    // Whoever answers for good has phones ringing for nobody.
    if (sent && status >= 200 && context.forks > 0) this.services.proxy.abandon(transaction);
    return sent;
  }

  constantsOf(name: string, argument: number): readonly string[] {
    const found = new Set<string>();
    for (const { body } of this.loaded.script.routes) {
      const { functions, async } = callsOf(body);
      for (const call of [...functions, ...async.map((it) => it.call)]) {
        const operand = call.name === name ? call.args[argument] : undefined;
        if (operand?.kind === 'string' && !operand.text.includes('$')) found.add(operand.text);
      }
    }
    return [...found];
  }

  /** @internal */
  hearClosed(hear: (connectionId: number) => void): void {
    this.#onClosed.push(hear);
  }

  connectionClosed(connectionId: number): void {
    for (const hear of this.#onClosed) hear(connectionId);
  }

  raise(event: string, params: Readonly<Record<string, Value>>): void {
    for (const hear of this.#eventHearers) hear(event, params);
    if (!this.hasRoute('event', event)) return;
    queueMicrotask(() => {
      const m = this.#messageOf(this.emptyContext(), 'event', event);
      m.event = new Map(Object.entries(params));
      m.params = Object.values(params);
      void this.run(m);
    });
  }

  readonly #eventHearers: ((event: string, params: Readonly<Record<string, Value>>) => void)[] = [];

  /** @internal */
  hearEvents(hear: (event: string, params: Readonly<Record<string, Value>>) => void): void {
    this.#eventHearers.push(hear);
  }

  /** A context for routes that no message sets off. */
  emptyContext(): RequestContext {
    return new RequestContext(
      this,
      dummyRequest(),
      dummyFlow(this.services.environment.network.listeners),
      undefined,
    );
  }

  /** @internal Runs startup_route, a timer_route, or nothing where there is none. */
  async runAlone(kind: 'startup' | 'timer', name: string): Promise<void> {
    if (this.hasRoute(kind, name)) await this.run(this.#messageOf(this.emptyContext(), kind, name));
  }

  contextOf(
    request: SipMessage,
    flow: Flow,
    transaction: ServerTransaction | undefined,
    invite?: ServerTransaction,
  ): RequestContext {
    return new RequestContext(this, request, flow, transaction, invite);
  }

  /** A reply that belongs to no transaction. @returns whether it may go on */
  strayReply(response: SipMessage, flow: Flow): MaybePromise<boolean> {
    if (!this.seesAllReplies) return true;
    const context = new RequestContext(this, response, flow, undefined);
    const changes = new MessageChanges();
    const m = new ScriptMessage(context, 'onreply', '', {
      message: response,
      flow,
      changes,
      target: context.target,
    });
    const run = this.run(m);
    const passes = () => !(m.dropped && response.status < 200);
    return run instanceof Promise ? run.then(passes) : passes();
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', text: string, callId?: string): void {
    const line = fromByteString(text);
    logLine(level, 'script', line, callId === undefined ? {} : { callId });
  }
}

/** `Server: name` as a header. */
function headerOf(line: string | undefined): HeaderEntry | undefined {
  const match = line === undefined ? undefined : /^Server[ \t]*:[ \t]*(.+)$/i.exec(line);
  return match ? [H.Server, match[1]!] : undefined;
}
