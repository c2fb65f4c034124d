import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import { WheelTimer } from '../../base/timer-wheel.ts';
import type { Flow } from '../../net/flow.ts';
import { ownCallId } from '../../net/worker-place.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { ForkOptions, StatelessOptions } from '../proxy/fork-options.ts';
import type { ForwardingWatch } from '../proxy/forwarding-watch.ts';
import type { ProxyEnvironment } from '../proxy/proxy-environment.ts';
import type { RequestOutcome, UserAgentClient } from '../ua/user-agent-client.ts';
import { Dialog, type DialogId, type DialogOptions } from './dialog.ts';
import type { DialogSide } from './dialog-leg.ts';
import { type DialogCounters, DialogLife } from './dialog-life.ts';
import type { DialogObserver } from './dialog-observer.ts';
import { DialogPing, type PingOptions } from './dialog-ping.ts';
import { type DialogRequest, DialogRequests } from './dialog-requests.ts';
import { type DialogSnapshot, restoredDialog, snapshotOf } from './dialog-snapshot.ts';
import { type DialogMatch, DialogTable } from './dialog-table.ts';
import { InitialPassage } from './initial-passage.ts';
import { callerLeg } from './leg-of.ts';
import { SequentialPassage } from './sequential-passage.ts';

/** What can be configured about dialogs. */
export interface DialogSettings {
  /** Dialogs kept at once. */
  readonly most: number;
  /** How long a dialog may last where nobody says, in ms. */
  readonly lifetimeMs: number;
  /** How long one that has ended is still known, in ms: for what is on its way. */
  readonly lingerMs: number;
  /**
   * The Record-Route parameter that bears a dialog's id; '' prints none, and what passes here twice in one call cannot be
   * told apart.
   */
  readonly routeParam: string;
}

export const DEFAULT_DIALOG_SETTINGS: DialogSettings = {
  most: 100_000,
  lifetimeMs: 12 * 3_600_000,
  lingerMs: 5000,
  routeParam: 'did',
};

export interface DialogsOptions {
  readonly environment: ProxyEnvironment;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly client: Pick<UserAgentClient, 'request'>;
  readonly settings?: Partial<DialogSettings>;
}

const ENTRIES = 4096;
const MOST_TRIES = 4;

/**
 * The calls that somebody wants to know of: made by {@link create} for an INVITE, and fed by what the proxy forwards.
 * Calls that nobody asks for cost nothing.
 */
export class Dialogs implements ForwardingWatch, AsyncDisposable {
  readonly settings: DialogSettings;
  readonly #environment: ProxyEnvironment;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #table: DialogTable;
  readonly #requests: DialogRequests;
  readonly #life: DialogLife;
  /** The INVITEs that have no final answer yet. */
  readonly #initial = new Map<ServerTransaction, InitialPassage>();

  constructor(options: DialogsOptions) {
    const { environment, clock, ids, client } = options;
    this.settings = { ...DEFAULT_DIALOG_SETTINGS, ...options.settings };
    this.#environment = environment;
    this.#clock = clock;
    this.#ids = ids;
    this.#table = new DialogTable(this.settings.most, this.settings.routeParam);
    this.#requests = new DialogRequests(client);
    this.#life = new DialogLife({
      table: this.#table,
      requests: this.#requests,
      wheel: environment.wheel,
      clock,
      faults: environment.layer.counters,
      lingerMs: this.settings.lingerMs,
    });
  }

  get counters(): DialogCounters {
    return this.#life.counters;
  }

  /** How many are known, those that have just ended included. */
  get size(): number {
    return this.#table.size;
  }

  all(): Iterable<Dialog> {
    return this.#table.all();
  }

  /** Tells of every dialog. @returns a function that takes the observer away again */
  observe(observer: Pick<DialogObserver, 'onEvent'>): () => void {
    const { observers } = this.#life;
    observers.push(observer);
    return () => {
      const at = observers.indexOf(observer);
      if (at >= 0) observers.splice(at, 1);
    };
  }

  /**
   * The dialog that an INVITE is going to make; made where there is none. To be called before the INVITE is forwarded.
   * @returns undefined for any other request, for one without a From tag or with its final answer, and where there is no room
   */
  create(transaction: ServerTransaction, options: DialogOptions = {}): Dialog | undefined {
    const known = this.#initial.get(transaction)?.dialog;
    if (known) {
      known.want(options);
      return known;
    }
    const { request } = transaction;
    if (request.method !== 'INVITE' || request.hasToTag || transaction.state !== 'proceeding') {
      return undefined;
    }
    const caller = callerLeg(transaction);
    const dialog =
      caller && this.#add(request.callId, (id) => this.#dialog(id, caller, transaction, options));
    if (!dialog) {
      this.counters.refused++;
      return undefined;
    }
    this.#initial.set(transaction, new InitialPassage(dialog, transaction, this.#life));
    this.#life.created(dialog, transaction, () => this.#initial.delete(transaction));
    return dialog;
  }

  /** The dialog of a request: of the INVITE that makes it, or of one inside it. */
  of(transaction: ServerTransaction): Dialog | undefined {
    const initial = this.#initial.get(transaction);
    return initial ? initial.dialog : this.match(transaction.request)?.dialog;
  }

  /** The dialog that a message inside one belongs to, a request or an answer; its tags and Call-ID must be those. */
  match(message: SipMessage): DialogMatch | undefined {
    return this.#table.size === 0 ? undefined : this.#table.match(message);
  }

  /** @param did `h_entry.h_id` as {@link Dialog.did} */
  find(did: string): Dialog | undefined {
    return this.#table.get(did);
  }

  /**
   * Notes the Call-ID that a dialog's callee is shown; who shows it changes the messages. It may have to end in more
   * characters than were asked for.
   * @returns false where too many have it
   */
  hideCallId(dialog: Dialog, calleeCallId: string): boolean {
    return this.#table.rename(dialog, ownCallId(this.#environment.place, calleeCallId, ''));
  }

  /** The dialogs of a Call-ID, oldest first. */
  ofCall(callId: string): readonly Dialog[] {
    return this.#table.ofCall(callId);
  }

  /**
   * Ends a dialog: a BYE to both parties in the name of the other, or a CANCEL where it still rings.
   * @param reason what observers are told
   * @param headers of the BYEs
   * @returns when the BYEs are answered, or nobody will answer them; at once where they have to wait for an answer or an
   *   ACK on its way
   */
  end(dialog: Dialog, reason: string, headers: readonly HeaderEntry[] = []): Promise<void> {
    return this.#life.end(dialog, { cause: 'server', by: 'server', reason }, headers);
  }

  /** How long a dialog may still last, in ms; all of its lifetime before the 2xx, 0 after its end. */
  timeLeft(dialog: Dialog): number {
    if (!dialog.established) return dialog.ended ? 0 : dialog.lifetimeMs;
    return Math.max(0, dialog.timer.due - this.#clock.now());
  }

  /** Sets how long a dialog may last, from now on. */
  extend(dialog: Dialog, lifetimeMs: number): void {
    this.#life.extend(dialog, lifetimeMs);
  }

  /**
   * Sends a request of this server's own to one party, in the name of the other; later requests of that one are numbered
   * accordingly.
   * @returns how it ended: 481 without being sent where the dialog does not stand
   */
  async send(dialog: Dialog, to: DialogSide, request: DialogRequest): Promise<RequestOutcome> {
    const leg = to === 'caller' ? dialog.caller : dialog.callee;
    if (!leg || dialog.ended) return { status: 481, response: undefined };
    return this.#requests.send(dialog, leg, request);
  }

  /** Asks its parties now and then whether they are there; ends it where one is not. @returns a function that stops it */
  ping(dialog: Dialog, options: PingOptions): () => void {
    const ping = new DialogPing(dialog, options, this, this.#environment.wheel);
    const leave = dialog.observe(ping);
    return () => {
      leave();
      ping.stop();
    };
  }

  /** The dialogs that stand, as plain data. */
  snapshot(): DialogSnapshot[] {
    const snapshots: DialogSnapshot[] = [];
    for (const dialog of this.#table.all()) {
      const snapshot = snapshotOf(dialog, this.#clock.wallNow() + this.timeLeft(dialog));
      if (snapshot) snapshots.push(snapshot);
    }
    return snapshots;
  }

  /**
   * Takes up dialogs of an earlier run.
   * @param taken sees each before anybody is told of it
   * @returns how many there was room for
   */
  restore(snapshots: Iterable<DialogSnapshot>, taken?: (dialog: Dialog) => void): number {
    let restored = 0;
    for (const snapshot of snapshots) {
      const timer = new WheelTimer(() => this.#life.expired(dialog));
      const dialog: Dialog = restoredDialog(snapshot, timer, this.#clock.wallNow());
      if (!this.#table.add(dialog)) continue;
      restored++;
      taken?.(dialog);
      this.#life.restored(dialog);
    }
    return restored;
  }

  request(transaction: ServerTransaction, options: ForkOptions): ForkOptions {
    if (this.#table.size === 0) return options;
    const initial = this.#initial.get(transaction);
    if (initial) {
      const { routeParam } = this.settings;
      return initial.options(options, routeParam && `;${routeParam}=${initial.dialog.did}`);
    }
    const { request, flow } = transaction;
    const match = this.#table.match(request);
    if (!match) return options;
    const passage = new SequentialPassage(match, request, flow, transaction, this.#life.faults);
    const { dialog, sender, receiver, direction } = match;
    if (request.method === 'BYE') {
      this.#life.bye(dialog, sender, direction === 'downstream' ? receiver : sender, transaction);
    }
    this.#life.show(passage);
    return passage.options(options);
  }

  ack(message: SipMessage, flow: Flow, options: StatelessOptions): StatelessOptions {
    const match = this.match(message);
    if (!match) return options;
    const passage = new SequentialPassage(match, message, flow, undefined, this.#life.faults);
    this.#life.show(passage);
    if (match.direction === 'downstream') this.#life.acknowledged(match.dialog, match.receiver);
    return passage.ackOptions(options);
  }

  /** Forgets every dialog without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { timer } of this.#table.all()) this.#environment.wheel.cancel(timer);
    this.#table.clear();
    this.#initial.clear();
  }

  #dialog(
    id: DialogId,
    caller: Dialog['caller'],
    transaction: ServerTransaction,
    options: DialogOptions,
  ): Dialog {
    const timer = new WheelTimer(() => this.#life.expired(dialog));
    const dialog: Dialog = new Dialog(
      id,
      transaction.request.callId,
      caller,
      transaction,
      timer,
      this.#clock.wallNow(),
      { lifetimeMs: this.settings.lifetimeMs, ...options },
    );
    return dialog;
  }

  #add(callId: string, make: (id: DialogId) => Dialog): Dialog | undefined {
    const entry = entryOf(callId);
    for (let i = 0; i < MOST_TRIES && !this.#table.full; i++) {
      const dialog = make({ entry, number: this.#ids.uint32() });
      if (this.#table.add(dialog)) return dialog;
    }
    return undefined;
  }
}

/** FNV-1a, down to what OpenSIPS has for entries of its table by default. */
function entryOf(callId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < callId.length; i++) hash = Math.imul(hash ^ callId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % ENTRIES;
}
