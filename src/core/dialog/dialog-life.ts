import type { Clock } from '../../base/clock.ts';
import type { TimerWheel } from '../../base/timer-wheel.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import { userFault } from '../../transaction/user-fault.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import { reasonPhrase } from '../../wire/sip/reason-phrase.ts';
import { runHook } from '../proxy/hook.ts';
import { latestFork } from '../proxy/response-context.ts';
import { type Dialog, DialogState } from './dialog.ts';
import type { DialogLeg } from './dialog-leg.ts';
import type { DialogEnd, DialogEvent, DialogObserver, DialogPassage } from './dialog-observer.ts';
import type { DialogRequests } from './dialog-requests.ts';
import type { DialogTable } from './dialog-table.ts';
import type { PassageOwner } from './passage-owner.ts';

/** What became of dialogs since the start. */
export interface DialogCounters {
  created: number;
  confirmed: number;
  /** Never answered with a 2xx. */
  failed: number;
  /** Ended after their 2xx, expired ones included. */
  ended: number;
  expired: number;
  /** Not made, for there was no room. */
  refused: number;
}

/** RFC 3261 §13.3.1.4: after 64*T1 the callee no longer waits for the ACK. */
const ACK_WAIT_MS = 32_000;

export interface DialogLifeOptions {
  readonly table: DialogTable;
  readonly requests: DialogRequests;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly faults: TransactionCounters;
  /** How long a dialog that has ended is still known, in ms. */
  readonly lingerMs: number;
}

/** The states of dialogs: what leads from one to the next, and who is told. */
export class DialogLife implements PassageOwner {
  readonly faults: TransactionCounters;
  readonly counters: DialogCounters = {
    created: 0,
    confirmed: 0,
    failed: 0,
    ended: 0,
    expired: 0,
    refused: 0,
  };
  /** They hear of every dialog. */
  readonly observers: DialogObserver[] = [];
  readonly #options: DialogLifeOptions;

  constructor(options: DialogLifeOptions) {
    this.#options = options;
    this.faults = options.faults;
  }

  /** @param settled called when the INVITE has its final answer, or will have none */
  created(dialog: Dialog, transaction: ServerTransaction, settled: () => void): void {
    this.counters.created++;
    whenSettled(transaction, (status) => {
      settled();
      this.#answered(dialog, status);
    });
    this.#tell(dialog, { kind: 'created' });
  }

  /** A dialog of an earlier run stands again. */
  restored(dialog: Dialog): void {
    this.#arm(dialog, dialog.lifetimeMs);
    this.#tell(dialog, { kind: 'restored' });
  }

  early(dialog: Dialog, callee: DialogLeg): void {
    if (!dialog.confirmedAt) dialog.callee = callee;
    if (dialog.state !== DialogState.Unconfirmed) return;
    dialog.state = DialogState.Early;
    this.#tell(dialog, { kind: 'early' });
  }

  confirmed(dialog: Dialog, callee: DialogLeg): void {
    dialog.callee = callee;
    dialog.state = DialogState.Answered;
    dialog.confirmedAt = this.#options.clock.wallNow();
    this.counters.confirmed++;
    this.#arm(dialog, dialog.ending ? ACK_WAIT_MS : dialog.lifetimeMs);
    this.#tell(dialog, { kind: 'confirmed' });
  }

  /** The ACK of a 2xx has come for that callee. */
  acknowledged(dialog: Dialog, callee: DialogLeg): void {
    if (dialog.state !== DialogState.Answered || callee !== dialog.callee) return;
    dialog.state = DialogState.Confirmed;
    this.#tell(dialog, { kind: 'acknowledged' });
    if (dialog.ending) void this.#hangUp(dialog, dialog.ending);
  }

  /** A party hangs up. The other may still want credentials for its BYE: then nothing has ended. */
  bye(dialog: Dialog, sender: DialogLeg, callee: DialogLeg, transaction: ServerTransaction): void {
    if (!dialog.established || callee !== dialog.callee) return;
    const before = dialog.state;
    const by = sender.side;
    const end: DialogEnd = { cause: 'bye', by, reason: by === 'caller' ? 'Downstream BYE' : 'Upstream BYE' };
    dialog.state = DialogState.Ended;
    dialog.end = end;
    whenSettled(transaction, (status) => {
      if (dialog.end !== end) return;
      if (status !== 401 && status !== 407) {
        this.finish(dialog, end);
        return;
      }
      dialog.state = before;
      dialog.end = undefined;
    });
  }

  /**
   * Ends a dialog from here: with a BYE to both parties, or by cancelling what still rings. After a 2xx it waits for the
   * ACK, for before it the caller may not know of any dialog.
   */
  async end(dialog: Dialog, end: DialogEnd, headers: readonly HeaderEntry[]): Promise<void> {
    if (dialog.ended || dialog.ending) return;
    const ending = { end, headers };
    if (dialog.state === DialogState.Confirmed) {
      await this.#hangUp(dialog, ending);
      return;
    }
    dialog.ending = ending;
    if (dialog.state === DialogState.Answered) this.#arm(dialog, ACK_WAIT_MS);
    else this.#giveUp(dialog);
  }

  /** The dialog is over: everybody is told, once. */
  finish(dialog: Dialog, end: DialogEnd): void {
    if (dialog.over) return;
    dialog.over = true;
    dialog.state = DialogState.Ended;
    dialog.end = end;
    dialog.transaction = undefined;
    if (dialog.confirmedAt) this.counters.ended++;
    else this.counters.failed++;
    this.#arm(dialog, dialog.lingerMs ?? this.#options.lingerMs);
    this.#tell(dialog, { kind: 'ended', end });
  }

  /** The timer of a dialog: its lifetime is over, or the time that one is kept which has ended. */
  expired(dialog: Dialog): void {
    if (dialog.over) {
      this.#options.table.delete(dialog);
      return;
    }
    if (dialog.end) {
      this.finish(dialog, dialog.end);
      return;
    }
    if (dialog.ending) {
      void this.#hangUp(dialog, dialog.ending);
      return;
    }
    const waiting = runHook(dialog.beforeExpiry, dialog, this.faults);
    if (waiting) void waiting.then(() => this.#expire(dialog));
    else this.#expire(dialog);
  }

  #expire(dialog: Dialog): void {
    // Whoever was asked may have prolonged it, or ended it.
    if (dialog.timer.armed || dialog.ended) return;
    this.counters.expired++;
    const end: DialogEnd = { cause: 'expired', by: 'server', reason: 'Lifetime Timeout' };
    if (dialog.onExpiry === 'forget') this.finish(dialog, end);
    else void this.#hangUp(dialog, { end, headers: [] });
  }

  /** Sets how long a dialog may last, from now on. */
  extend(dialog: Dialog, lifetimeMs: number): void {
    dialog.lifetimeMs = lifetimeMs;
    if (dialog.established && !dialog.ending) this.#arm(dialog, lifetimeMs);
  }

  /** The INVITE has its final answer, or will have none. */
  #answered(dialog: Dialog, status: number | undefined): void {
    const { transaction } = dialog;
    dialog.transaction = undefined;
    if (dialog.confirmedAt || dialog.ended) return;
    // A 2xx that no callee has given is a script's own: nobody to stand between.
    const text = status === undefined ? 'no answer' : `${status} ${reasonPhrase(status)}`;
    const cancelled = status === 487 || (transaction && latestFork(transaction)?.cancelled);
    this.finish(
      dialog,
      dialog.ending?.end ?? {
        cause: cancelled ? 'cancelled' : 'failed',
        by: cancelled ? 'caller' : status === undefined ? 'server' : 'callee',
        reason: text,
        status,
      },
    );
  }

  /** Cancels what rings; who answers in spite of it is hung up on. */
  #giveUp({ transaction }: Dialog): void {
    if (!transaction) return;
    const fork = latestFork(transaction);
    if (fork?.branches.some((branch) => !branch.done)) fork.cancel();
    else transaction.reply({ status: 480 });
  }

  async #hangUp(dialog: Dialog, { end, headers }: NonNullable<Dialog['ending']>): Promise<void> {
    const { caller, callee } = dialog;
    this.finish(dialog, end);
    const legs = callee ? [callee, caller] : [caller];
    await Promise.all(
      legs.map((leg) => this.#options.requests.send(dialog, leg, { method: 'BYE', headers })),
    );
  }

  #arm({ timer }: Dialog, delayMs: number): void {
    this.#options.wheel.arm(timer, delayMs);
  }

  /** Shows a request inside a dialog to those who observe it. */
  show(passage: DialogPassage): void {
    for (const observer of [...passage.dialog.observers]) {
      this.#guard(() => observer.onRequest?.(passage));
    }
  }

  #tell(dialog: Dialog, event: DialogEvent): void {
    for (const observer of [...this.observers, ...dialog.observers]) {
      this.#guard(() => observer.onEvent?.(dialog, event));
    }
  }

  #guard(tell: () => void): void {
    try {
      tell();
    } catch (fault) {
      userFault(this.faults, fault);
    }
  }
}

/** Others may wait for the same. */
function whenSettled(transaction: ServerTransaction, told: (status: number | undefined) => void): void {
  const { onSettled } = transaction;
  transaction.onSettled = (status) => {
    onSettled?.(status);
    told(status);
  };
}
