import type { Clock } from '../../../../base/clock.ts';
import { type TimerWheel, WheelTimer } from '../../../../base/timer-wheel.ts';
import { type Dialog, DialogState } from '../../../../core/dialog/dialog.ts';
import type { DialogEvent, DialogObserver, DialogPassage } from '../../../../core/dialog/dialog-observer.ts';
import type { Dialogs } from '../../../../core/dialog/dialogs.ts';
import type { ReplyView } from '../../../../core/proxy/fork-options.ts';
import { latestFork } from '../../../../core/proxy/response-context.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { LOADED } from './current.ts';
import type { DialogStore } from './dialog-store.ts';
import { KeptOfDialogs } from './kept.ts';
import { rackOf, sendPrack } from './prack.ts';
import { CREATE_FLAGS, type DialogMoment, type PingMethod } from './wishes.ts';

/** What the module was told. */
export interface DialogParameters {
  readonly lifetimeMs: number;
  readonly deleteDelay: number;
  readonly matchByIdAlone: boolean;
  readonly pingMs: Readonly<Record<PingMethod, number>>;
  readonly raceMs: number;
  readonly extraHeaders: string | undefined;
  readonly prack: { readonly timeoutMs: number; readonly hangUp: boolean };
  /** Names of the profiles, each with whether it has values. */
  readonly profiles: ReadonlyMap<string, boolean>;
}

/** The dialogs as a script works on them. */
export class ScriptDialogs implements AsyncDisposable {
  readonly dialogs: Dialogs;
  readonly kept: KeptOfDialogs;
  readonly context: ModuleContext;
  readonly clock: Clock;
  readonly params: DialogParameters;
  readonly store: DialogStore | undefined;
  readonly #wheel: TimerWheel;
  readonly #states = new WeakMap<Dialog, number>();
  readonly #leave: () => void;

  constructor(context: ModuleContext, params: DialogParameters, store: DialogStore | undefined) {
    const { dialogs, clock, wheel } = context.services;
    this.dialogs = dialogs;
    this.kept = KeptOfDialogs.of(dialogs);
    this.context = context;
    this.clock = clock;
    this.params = params;
    this.store = store;
    this.#wheel = wheel;
    this.#leave = dialogs.observe({ onEvent: (dialog, event) => this.#hear(dialog, event) });
  }

  /** Takes a dialog under the wishes of `create_dialog`. @param flags bits of `CREATE_FLAGS` */
  want(dialog: Dialog, flags: number): void {
    const wishes = this.kept.wishesOf(dialog);
    const added = flags & ~wishes.flags;
    wishes.flags |= flags;
    this.#ping(dialog, 'OPTIONS');
    this.#ping(dialog, 'INVITE');
    if (added & CREATE_FLAGS['auto-prack']) dialog.observe(new Pracks(this));
    if (dialog.lingerMs === undefined && this.params.deleteDelay > 0) {
      dialog.lingerMs = this.params.deleteDelay * 1000;
    }
  }

  /** Sets how often the parties are asked, in seconds. @returns false where they are not */
  setPing(dialog: Dialog, method: PingMethod, everyMs: number): boolean {
    const wishes = this.kept.wishesOf(dialog);
    if (sidesOf(wishes.flags, method).length === 0) return false;
    const ping = (wishes.pings[method] ??= {});
    ping.everyMs = everyMs;
    ping.stop?.();
    delete ping.stop;
    this.#ping(dialog, method);
    return true;
  }

  /** How often the parties are asked, in ms; undefined where they are not. */
  pingEvery(dialog: Dialog, method: PingMethod): number | undefined {
    const { flags, pings } = this.kept.wishesOf(dialog);
    if (sidesOf(flags, method).length === 0) return undefined;
    return pings[method]?.everyMs ?? this.params.pingMs[method];
  }

  /** A dialog has other values, flags or a time: what is kept of it is written when its time comes. */
  changed(dialog: Dialog): void {
    if (dialog.established) this.store?.changed(dialog);
  }

  /** Arms a route, or none. */
  arm(dialog: Dialog, moment: DialogMoment, route: string | undefined): void {
    const { routes } = this.kept.wishesOf(dialog);
    if (route === undefined) delete routes[moment];
    else routes[moment] = route;
    if (moment !== 'timeout') return;
    dialog.beforeExpiry = route === undefined ? undefined : () => this.runRoute(dialog, 'timeout');
  }

  /** Runs the route of a dialog, where one is armed. */
  async runRoute(dialog: Dialog, moment: DialogMoment): Promise<void> {
    const name = this.kept.wishesOf(dialog).routes[moment];
    if (name === undefined) return;
    const context = this.context.program.emptyContext();
    context.set(LOADED, dialog);
    await this.context.runRoute(name, context);
  }

  #ping(dialog: Dialog, method: PingMethod): void {
    const { flags, pings } = this.kept.wishesOf(dialog);
    const sides = sidesOf(flags, method);
    if (sides.length === 0 || pings[method]?.stop) return;
    const ping = (pings[method] ??= {});
    if (method === 'INVITE') dialog.keepSdp = true;
    ping.stop = this.dialogs.ping(dialog, {
      method,
      everyMs: ping.everyMs ?? this.params.pingMs[method],
      sides,
    });
  }

  #hear(dialog: Dialog, event: DialogEvent): void {
    const old = this.#states.get(dialog);
    this.#states.set(dialog, dialog.state);
    this.store?.heard(dialog, event.kind);
    if (event.kind === 'restored') {
      const { flags } = this.kept.wishesOf(dialog);
      this.want(dialog, flags);
      if (this.kept.wishesOf(dialog).routes.timeout !== undefined) {
        dialog.beforeExpiry = () => this.runRoute(dialog, 'timeout');
      }
      return;
    }
    if (event.kind === 'confirmed') {
      void this.runRoute(dialog, 'answer');
      this.#lookForRace(dialog);
    }
    if (event.kind === 'ended') void this.runRoute(dialog, 'hangup');
    if (old !== undefined && old !== dialog.state) this.#raise(dialog, old);
  }

  /** RFC 5407 §3.1.2: the callee has answered what the caller gave up. */
  #lookForRace(dialog: Dialog): void {
    const { flags } = this.kept.wishesOf(dialog);
    if (!(flags & CREATE_FLAGS['end-on-race-condition'])) return;
    if (!dialog.transaction || !latestFork(dialog.transaction)?.cancelled) return;
    const timer = new WheelTimer(() => void this.dialogs.end(dialog, 'SIP Race Condition'));
    this.#wheel.arm(timer, this.params.raceMs);
  }

  #raise(dialog: Dialog, old: number): void {
    this.context.raise('E_DLG_STATE_CHANGED', {
      id: dialog.did,
      db_id: databaseId(dialog),
      callid: dialog.callId,
      from_tag: dialog.caller.tag,
      to_tag: dialog.callee?.tag ?? '',
      old_state: old,
      new_state: dialog.state,
    });
  }

  /** How many have not ended. */
  get active(): number {
    let count = 0;
    for (const dialog of this.dialogs.all()) if (!dialog.ended) count++;
    return count;
  }

  get early(): number {
    let count = 0;
    for (const { state } of this.dialogs.all()) if (state === DialogState.Early) count++;
    return count;
  }

  /** By `$DLG_did`, else by Call-ID; one that has not ended before others. */
  find(id: string, how?: 'did' | 'callid'): Dialog | undefined {
    const byId = how === 'callid' ? undefined : this.dialogs.find(id);
    if (byId !== undefined || how === 'did') return byId;
    const ofCall = this.dialogs.ofCall(id);
    return ofCall.findLast((dialog) => !dialog.ended) ?? ofCall.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    await this.store?.[Symbol.asyncDispose]();
  }
}

function sidesOf(flags: number, method: PingMethod): ('caller' | 'callee')[] {
  const has = (side: 'caller' | 'callee', of: PingMethod) =>
    (flags & CREATE_FLAGS[`${of === 'OPTIONS' ? 'options' : 'reinvite'}-ping-${side}` as const]) !== 0;
  const sides = (['caller', 'callee'] as const).filter((side) => has(side, method));
  // Of both kinds for one party only the re-INVITE is sent.
  return method === 'INVITE' ? sides : sides.filter((side) => !has(side, 'INVITE'));
}

/** The number of a dialog in the table `dialog`. */
export function databaseId({ id }: Pick<Dialog, 'id'>): string {
  return String(id.entry * 2 ** 32 + id.number);
}

/** Acknowledges reliable provisional answers in the place of a caller that cannot. */
class Pracks implements DialogObserver {
  readonly #state: ScriptDialogs;
  #last = '';

  constructor(state: ScriptDialogs) {
    this.#state = state;
  }

  onReply({ response }: ReplyView, passage: DialogPassage): void {
    const rack = passage.initial ? rackOf(response) : undefined;
    const name = `${response.to?.tag} ${rack}`;
    if (rack === undefined || name === this.#last) return;
    this.#last = name;
    void sendPrack(this.#state, passage, response, rack);
  }
}
