import { channels, logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import type { Flow } from '../../net/flow.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { watchFlow } from '../flow/flow-timer.ts';
import type { Target } from '../proxy/target.ts';
import { ConnectionBindings, livesByConnection } from './connection-bindings.ts';
import { contactHeaders } from './contact-header.ts';
import type { Binding, LocationStore, MaybePromise } from './location-store.ts';
import { type RegisterRefusal, type RegisterRequest, readRegister, refuse } from './register-request.ts';
import { targetsOf } from './targets.ts';
import { Turns } from './turns.ts';
import {
  type BindingUpdate,
  DEFAULT_REGISTRAR_LIMITS,
  firstHopKeepsFlows,
  type RegistrarLimits,
  updateBindings,
} from './update-bindings.ts';
import { pause, walkBindings } from './walk-bindings.ts';
import { whenReady } from './when-ready.ts';

export interface RegistrarOptions {
  readonly store: LocationStore;
  readonly clock: Clock;
  /** Different in every run of the server. */
  readonly bootId: string;
  readonly limits?: Partial<RegistrarLimits>;
  /** How often lapsed bindings are cleared away, in ms; look-ups never see them anyhow. Default 10 s. */
  readonly sweepMs?: number;
  /** How many changes may wait for an earlier one of the same address-of-record. Default 10,000. */
  readonly maxWaiting?: number;
  /**
   * What becomes of a binding whose contact is reached by its connection alone when that closes: it goes at once
   * (default), or stays until it lapses, and requests fail over to the other contacts.
   */
  readonly onConnectionLost?: 'remove' | 'keep';
  /**
   * What Flow-Timer tells phones that register a flow by a connection, in seconds: the longest time between two of their
   * keep-alives (RFC 5626 §4.4.1). Half as long again without any, and the connection is closed. Undefined for neither;
   * datagram flows keep the shorter time of §4.4.2.
   */
  readonly flowTimer?: number | undefined;
  /** Whether a connection still stands; without it all are taken to. */
  readonly isOpen?: (connectionId: number) => boolean;
  /** Whose lapsed bindings are cleared away here; everybody's unless given. */
  readonly isMine?: (aor: string) => boolean;
}

/** One REGISTER's own settings. Absent limits are the registrar's. */
export interface RegisterOptions extends Partial<RegistrarLimits> {
  /** The address-of-record in canonical form, as `addressOfRecord` prints it. */
  readonly aor: string;
  /** Whether the client is behind a NAT, so that it is reached where the request came from. */
  readonly natted: boolean;
}

export type RegisterResult =
  | {
      readonly ok: true;
      readonly status: 200;
      readonly reason: 'OK';
      /** For the answer: Contact for every binding, Path, Require, Date (RFC 3261 §10.3 step 8). */
      readonly headers: readonly HeaderEntry[];
      /** All that live now. */
      readonly bindings: readonly Binding[];
      readonly added: readonly Binding[];
      readonly refreshed: readonly Binding[];
      readonly removed: readonly Binding[];
    }
  | RegisterRefusal;

/** Hears what has become of an address-of-record, and the bindings that it had before. */
export type BindingWatcher = (aor: string, before: readonly Binding[], update: BindingUpdate) => void;

/** Phones that registered together lapse together; what they send meanwhile gets its turn after so many. */
const REMOVED_AT_ONCE = 200;
const EVENTS = ['added', 'refreshed', 'removed', 'expired'] as const;

/**
 * The registrar of RFC 3261 §10.3, with Path (RFC 3327) and flows (RFC 5626). Who may register for an
 * address-of-record is the caller's to decide. Changes of one address-of-record happen one after another.
 */
export class Registrar implements AsyncDisposable {
  readonly #store: LocationStore;
  readonly #clock: Clock;
  readonly #bootId: string;
  readonly #limits: RegistrarLimits;
  readonly #sweepMs: number;
  readonly #turns: Turns;
  readonly #removeLost: boolean;
  readonly #flowTimer: number | undefined;
  readonly #isOpen: (connectionId: number) => boolean;
  readonly #isMine: (aor: string) => boolean;
  readonly #byConnection = new ConnectionBindings();
  readonly #watchers = new Set<BindingWatcher>();
  #sweeper: TimerHandle | undefined;
  #closed = false;
  readonly counters = {
    accepted: 0,
    refused: 0,
    added: 0,
    refreshed: 0,
    removed: 0,
    expired: 0,
    lost: 0,
    failed: 0,
  };

  constructor(options: RegistrarOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#bootId = options.bootId;
    this.#limits = { ...DEFAULT_REGISTRAR_LIMITS, ...options.limits };
    this.#sweepMs = options.sweepMs ?? 10_000;
    this.#turns = new Turns(options.maxWaiting ?? 10_000);
    this.#removeLost = options.onConnectionLost !== 'keep';
    this.#flowTimer = options.flowTimer;
    this.#isOpen = options.isOpen ?? (() => true);
    this.#isMine = options.isMine ?? (() => true);
    this.#armSweep();
  }

  /** How many changes were refused because too many waited for the store. */
  get overflowed(): number {
    return this.#turns.refused;
  }

  /** Carries a REGISTER out. Never throws: a store that fails gives 503 and leaves everything as it was. */
  process(request: SipMessage, flow: Flow, options: RegisterOptions): MaybePromise<RegisterResult> {
    const limits = { ...this.#limits, ...options };
    const wish = admit(readRegister(request), limits);
    if ('ok' in wish) return this.#count(wish);
    const natted = options.natted && wish.path.length === 0;
    const now = this.#clock.wallNow();
    const arrival = { flow, natted, now, bootId: this.#bootId };
    const update = this.change(options.aor, (stored) =>
      updateBindings(options.aor, stored, wish, arrival, limits),
    );
    return whenReady(update, (result) => this.#answer(wish, result, flow, now));
  }

  /**
   * Changes the bindings of an address-of-record by what `decide` makes of those that are there, in turn with all other
   * changes of it. Never throws: a store that fails gives 503 and leaves everything as it was.
   */
  change(
    aor: string,
    decide: (stored: readonly Binding[]) => BindingUpdate | RegisterRefusal,
  ): MaybePromise<BindingUpdate | RegisterRefusal> {
    const job = () =>
      whenReady(this.#findToChange(aor), (stored) => {
        const update = decide(stored);
        if (!update.ok || changesNothing(update)) return update;
        return whenReady(this.#store.save(aor, update.bindings), () => {
          for (const event of EVENTS) this.counters[event] += update[event].length;
          this.#publish(aor, stored, update);
          this.#noteConnections(update);
          return update;
        });
      });
    return whenReady(this.#inTurn(aor, job), (result) => this.#count(result));
  }

  /** Has somebody hear of every change. @returns what ends it */
  watch(hear: BindingWatcher): Disposable {
    this.#watchers.add(hear);
    return { [Symbol.dispose]: () => void this.#watchers.delete(hear) };
  }

  /** Which run of the server the connections of new bindings belong to. */
  get bootId(): string {
    return this.#bootId;
  }

  /** Where a request for an address-of-record goes: see {@link targetsOf} for the order. Empty where nobody registered. */
  lookup(aor: string): MaybePromise<readonly Target[]> {
    return whenReady(this.#store.find(aor), (bindings) =>
      bindings.length === 0 ? [] : targetsOf(bindings, this.#clock.wallNow(), this.#bootId),
    );
  }

  /** The live bindings of an address-of-record, for administration. */
  bindings(aor: string): MaybePromise<readonly Binding[]> {
    return whenReady(this.#store.find(aor), (bindings) => {
      const now = this.#clock.wallNow();
      return bindings.filter((binding) => binding.expiresAt > now);
    });
  }

  /**
   * Removes one contact, or all of an address-of-record where none is given, for administration.
   * @returns how many were removed; 0 too where the store fails or too many changes wait
   */
  remove(aor: string, contact?: string): MaybePromise<number> {
    return this.#take(aor, 'removed', (it) => contact === undefined || it.contact === contact);
  }

  /** Removes a binding that has turned out dead; one that was written anew meanwhile stays. Returns as {@link remove}. */
  drop(dead: Binding): MaybePromise<number> {
    return this.#take(dead.aor, 'removed', (it) => {
      return it.contact === dead.contact && it.regId === dead.regId && it.updatedAt === dead.updatedAt;
    });
  }

  /** A connection is no more, and with it the way to what had registered by it alone. */
  connectionClosed(connectionId: number): void {
    // At the end all connections close, and phones that come back soon shall find what they had.
    if (this.#closed) return;
    for (const aor of this.#byConnection.take(connectionId)) {
      this.#take(aor, 'lost', (it) => this.#hangsOn(it, connectionId));
    }
  }

  /**
   * Looks at the bindings of this run that another registrar has written, which has ended before it: what hangs on a
   * connection hangs on it here, too, or goes with it.
   * @param isGone whether that connection has ended with it
   */
  async recall(isGone: (connectionId: number) => boolean): Promise<void> {
    if (!this.#removeLost) return;
    const gone = new Set<number>();
    await walkBindings(this.#store.all(), this.#clock, (binding) => {
      const { aor, bootId, connectionId } = binding;
      if (bootId !== this.#bootId || !livesByConnection(binding) || !this.#isMine(aor)) return;
      this.#byConnection.add(connectionId, aor);
      if (isGone(connectionId)) gone.add(connectionId);
    });
    for (const connectionId of gone) this.connectionClosed(connectionId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#sweeper?.cancel();
  }

  #take(
    aor: string,
    event: 'removed' | 'expired' | 'lost',
    gone: (binding: Binding) => boolean,
  ): MaybePromise<number> {
    const job = () =>
      whenReady(this.#findToChange(aor), (stored) => {
        const removed = stored.filter(gone);
        if (removed.length === 0) return 0;
        const kept = stored.filter((binding) => !removed.includes(binding));
        return whenReady(this.#store.save(aor, kept), () => {
          this.counters[event] += removed.length;
          this.#publish(aor, stored, {
            ok: true,
            bindings: kept,
            added: [],
            refreshed: [],
            removed: event === 'expired' ? [] : removed,
            expired: event === 'expired' ? removed : [],
          });
          return removed.length;
        });
      });
    return whenReady(this.#inTurn(aor, job), (result) => (typeof result === 'number' ? result : 0));
  }

  #findToChange(aor: string): MaybePromise<readonly Binding[]> {
    return this.#store.findToChange ? this.#store.findToChange(aor) : this.#store.find(aor);
  }

  /** Runs a change in its turn; faults of the store become a refusal. */
  #inTurn<T>(aor: string, job: () => MaybePromise<T>): MaybePromise<T | RegisterRefusal> {
    const failed = (error: unknown): RegisterRefusal => {
      this.counters.failed++;
      logLine('error', 'registrar', 'the location store failed', { aor, error });
      return refuse(503, 'Service Unavailable', [[H.RetryAfter, '10']]);
    };
    try {
      const result = this.#turns.take<T | RegisterRefusal>(aor, job);
      if (result === undefined) return refuse(503, 'Service Unavailable', [[H.RetryAfter, '5']]);
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (error) {
      return failed(error);
    }
  }

  #answer(
    wish: RegisterRequest,
    update: BindingUpdate | RegisterRefusal,
    flow: Flow,
    now: number,
  ): RegisterResult {
    if (!update.ok) return update;
    const { bindings, added, refreshed, removed } = update;
    const headers: HeaderEntry[] = contactHeaders(bindings, now);
    if (wish.supportsPath && wish.kind === 'update') {
      for (const path of wish.path) headers.push([H.Path, path]);
    }
    if (wish.supportsOutbound && wish.contacts.some((contact) => contact.regId > 0)) {
      headers.push([H.Require, 'outbound']);
      const seconds = wish.viaProxy ? undefined : watchFlow(flow, this.#flowTimer);
      if (seconds !== undefined) headers.push(['Flow-Timer', seconds]);
    }
    headers.push([H.Date, new Date(now).toUTCString()]);
    return { ok: true, status: 200, reason: 'OK', headers, bindings, added, refreshed, removed };
  }

  #noteConnections({ added, refreshed }: BindingUpdate): void {
    if (!this.#removeLost) return;
    for (const bindings of [added, refreshed]) {
      for (const binding of bindings) {
        if (!livesByConnection(binding)) continue;
        const { aor, connectionId } = binding;
        this.#byConnection.add(connectionId, aor);
        // It may have closed while credentials were looked up.
        if (!this.#isOpen(connectionId)) this.connectionClosed(connectionId);
      }
    }
  }

  #hangsOn(binding: Binding, connectionId: number): boolean {
    return (
      binding.connectionId === connectionId && binding.bootId === this.#bootId && livesByConnection(binding)
    );
  }

  #publish(aor: string, before: readonly Binding[], update: BindingUpdate): void {
    if (channels.binding.hasSubscribers) {
      for (const event of EVENTS) {
        for (const { contact } of update[event]) channels.binding.publish({ aor, event, contact });
      }
    }
    for (const hear of this.#watchers) hear(aor, before, update);
  }

  #count<R extends { readonly ok: boolean }>(result: R): R {
    this.counters[result.ok ? 'accepted' : 'refused']++;
    return result;
  }

  #armSweep(): void {
    if (this.#closed) return;
    this.#sweeper = this.#clock.setTimer(this.#sweepMs, () => {
      this.#sweep().then(
        () => this.#armSweep(),
        (error: unknown) => {
          logLine('error', 'registrar', 'clearing lapsed bindings failed', { error });
          this.#armSweep();
        },
      );
    });
  }

  async #sweep(): Promise<void> {
    const lapsed = new Set<string>();
    const now = this.#clock.wallNow();
    await walkBindings(this.#store.all(), this.#clock, (binding) => {
      if (binding.expiresAt <= now && this.#isMine(binding.aor)) lapsed.add(binding.aor);
    });
    const removing: MaybePromise<number>[] = [];
    for (const aor of lapsed) {
      if (this.#closed) return;
      removing.push(this.#take(aor, 'expired', (binding) => binding.expiresAt <= this.#clock.wallNow()));
      if (removing.length < REMOVED_AT_ONCE) continue;
      await Promise.all(removing.splice(0));
      await pause(this.#clock);
    }
    await Promise.all(removing);
  }
}

/** What this registrar's settings say to the request, before anything is looked up. */
function admit(
  wish: RegisterRequest | RegisterRefusal,
  limits: RegistrarLimits,
): RegisterRequest | RegisterRefusal {
  if ('ok' in wish) return wish;
  if (wish.contacts.some((it) => it.regId > 0) && wish.supportsOutbound && !firstHopKeepsFlows(wish)) {
    return refuse(439, 'First Hop Lacks Outbound Support');
  }
  if (wish.path.length === 0) return wish;
  if (limits.path === 'ignore') return { ...wish, path: [] };
  if (limits.path === 'strict' && !wish.supportsPath) {
    return refuse(420, 'Bad Extension', [[H.Unsupported, 'path']]);
  }
  return wish;
}

function changesNothing({ added, refreshed, removed }: BindingUpdate): boolean {
  return added.length === 0 && refreshed.length === 0 && removed.length === 0;
}
