import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { DialogEvent } from '../../../../core/dialog/dialog-observer.ts';
import type { Dialogs } from '../../../../core/dialog/dialogs.ts';
import type { MaybePromise } from '../../../../core/registrar/location-store.ts';
import { type Database, equal } from '../../db/database.ts';
import { requireTable } from '../../db/table-layout.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { type ColumnName, DIALOG_TABLE, readRow, rowOf } from './dialog-row.ts';
import { KeptOfDialogs } from './kept.ts';

/** `db_mode`: each change at once, now and then, or only at the end. */
export const DbMode = { None: 0, Realtime: 1, Delayed: 2, Shutdown: 3 } as const;

export type DbMode = (typeof DbMode)[keyof typeof DbMode];

/** Keeps the dialogs of a script in OpenSIPS's table. */
export class DialogStore implements AsyncDisposable {
  readonly #context: ModuleContext;
  readonly #dialogs: Dialogs;
  readonly #kept: KeptOfDialogs;
  readonly #database: Database;
  readonly #table: string;
  readonly #name: ColumnName;
  readonly #mode: DbMode;
  /** Those that must be written, or are gone and must be deleted. */
  readonly #changed = new Set<Dialog>();
  #last: Promise<void> | undefined;

  constructor(context: ModuleContext, database: Database, table: string, name: ColumnName, mode: DbMode) {
    this.#context = context;
    this.#dialogs = context.services.dialogs;
    this.#kept = KeptOfDialogs.of(this.#dialogs);
    this.#database = database;
    this.#table = table;
    this.#name = name;
    this.#mode = mode;
  }

  /** Sees that the table is there. @throws ServerError STORE_UNAVAILABLE */
  async open(): Promise<void> {
    const used = DIALOG_TABLE.columns.map((it) => this.#name(it.name));
    await requireTable(this.#database, DIALOG_TABLE, this.#table, used);
  }

  /** Takes up the dialogs of the table that are not known. @returns how many */
  async load(): Promise<number> {
    const rows = await this.#database.select(this.#table);
    let taken = 0;
    for (const row of rows) {
      const read = readRow(row, this.#name);
      if (read === undefined) continue;
      const { snapshot, wishes } = read;
      const flags = wishes.scriptFlags.reduce((bits, it) => bits | this.#kept.flag(it, true), 0);
      taken += this.#dialogs.restore([{ ...this.#bound(snapshot), flags }], (dialog) => {
        const wanted = this.#kept.wishesOf(dialog);
        wanted.flags = wishes.flags;
        for (const it of wishes.numbers) wanted.numbers.add(it);
        Object.assign(wanted.routes, wishes.routes);
      });
    }
    if (this.#mode === DbMode.Shutdown) await this.#database.delete(this.#table);
    return taken;
  }

  /** Sockets are written by their addresses, and known here by their names. */
  #bound<S extends { readonly caller: { listener: string }; readonly callee: { listener: string } }>(
    snapshot: S,
  ): S {
    const named = (text: string) => this.#context.program.socket(text)?.name ?? text;
    const { caller, callee } = snapshot;
    return {
      ...snapshot,
      caller: { ...caller, listener: named(caller.listener) },
      callee: { ...callee, listener: named(callee.listener) },
    };
  }

  heard(dialog: Dialog, kind: DialogEvent['kind']): void {
    if (kind === 'confirmed' || kind === 'acknowledged') this.changed(dialog);
    // One that was never answered has no row.
    else if (kind === 'ended' && dialog.confirmedAt > 0) this.changed(dialog);
  }

  changed(dialog: Dialog): void {
    if (this.#mode === DbMode.Realtime) this.#do(() => this.#write(dialog));
    else if (this.#mode === DbMode.Delayed) this.#changed.add(dialog);
  }

  /** Writes what has changed since the last time. */
  flush(): void {
    const dialogs = [...this.#changed];
    this.#changed.clear();
    if (dialogs.length === 0) return;
    this.#do(() => this.#database.together(() => this.#each(dialogs)));
  }

  /** Writes the table anew from the dialogs that stand. */
  async rewrite(): Promise<void> {
    this.#changed.clear();
    this.#do(() => this.#database.delete(this.#table));
    this.#do(() => this.#database.together(() => this.#each([...this.#dialogs.all()])));
    await this.#last;
  }

  #each(dialogs: readonly Dialog[]): MaybePromise<void> {
    for (let i = 0; i < dialogs.length; i++) {
      const waiting = this.#write(dialogs[i]!);
      if (waiting instanceof Promise) return waiting.then(() => this.#each(dialogs.slice(i + 1)));
    }
    return undefined;
  }

  #write(dialog: Dialog): MaybePromise<void> {
    const { dialogs } = this.#context.services;
    const expiresAt = this.#context.services.clock.wallNow() + dialogs.timeLeft(dialog);
    const flags = this.#kept.flagNames(dialog);
    const row = rowOf(dialog, expiresAt, this.#kept.wishesOf(dialog), flags, this.#name);
    const key = this.#name('dlg_id');
    if (row !== undefined) return this.#database.upsert(this.#table, [key], row);
    const deleted = this.#database.delete(
      this.#table,
      equal({ [key]: dialog.id.entry * 2 ** 32 + dialog.id.number }),
    );
    return deleted instanceof Promise ? deleted.then(() => undefined) : undefined;
  }

  /** One thing after the other; what fails is told, and harms nobody. */
  #do(job: () => MaybePromise<unknown>): void {
    const failed = (fault: unknown) =>
      this.#context.log('error', `dialog: ${fault instanceof Error ? fault.message : String(fault)}`);
    const run = async () => {
      try {
        await job();
      } catch (fault) {
        failed(fault);
      }
    };
    if (this.#last === undefined) {
      try {
        const waiting = job();
        if (!(waiting instanceof Promise)) return;
        this.#last = waiting.then(() => undefined, failed);
      } catch (fault) {
        failed(fault);
        return;
      }
    } else this.#last = this.#last.then(run);
    const last = this.#last;
    void last.then(() => {
      if (this.#last === last) this.#last = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mode === DbMode.Shutdown) await this.rewrite();
    else this.flush();
    await this.#last;
  }
}
