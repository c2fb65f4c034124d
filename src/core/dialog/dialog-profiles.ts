import type { Dialog } from './dialog.ts';
import type { Dialogs } from './dialogs.ts';

/** Of one dialog: how many memberships it may have. */
const MOST_PROFILES = 64;

/** Which dialogs are of which kind, with a value or without: counted for limits, listed for administration. */
export class DialogProfiles {
  readonly #members = new Map<string, Map<string, Set<Dialog>>>();

  /** Members leave when their dialog ends. */
  constructor(dialogs: Pick<Dialogs, 'observe'>) {
    dialogs.observe({
      onEvent: (dialog, { kind }) => {
        if (kind === 'ended') this.#leave(dialog);
        else if (kind === 'restored')
          for (const [name, value] of dialog.profiles) this.#put(dialog, name, value);
      },
    });
  }

  /** @returns false where the dialog has ended, or is in too many */
  add(dialog: Dialog, name: string, value = ''): boolean {
    if (dialog.over || dialog.profiles.length >= MOST_PROFILES) return false;
    if (this.has(dialog, name, value)) return true;
    dialog.profiles.push([name, value]);
    this.#put(dialog, name, value);
    return true;
  }

  /** @returns whether it was in that profile */
  remove(dialog: Dialog, name: string, value = ''): boolean {
    const at = dialog.profiles.findIndex(([known, its]) => known === name && its === value);
    if (at < 0) return false;
    dialog.profiles.splice(at, 1);
    this.#take(dialog, name, value);
    return true;
  }

  /** @param value undefined asks for the profile with any value */
  has(dialog: Dialog, name: string, value?: string): boolean {
    return dialog.profiles.some(([known, its]) => known === name && (value === undefined || its === value));
  }

  /** How many dialogs are in a profile, each value that one has counted. @param value undefined counts all values */
  size(name: string, value?: string): number {
    let size = 0;
    for (const [its, count] of this.values(name)) if (value === undefined || its === value) size += count;
    return size;
  }

  /** The values of a profile, each with the number of its dialogs. */
  *values(name: string): Generator<readonly [value: string, count: number]> {
    for (const [value, dialogs] of this.#members.get(name) ?? []) yield [value, dialogs.size];
  }

  /** @param value undefined lists those of all values */
  *dialogs(name: string, value?: string): Generator<Dialog> {
    for (const [its, dialogs] of this.#members.get(name) ?? []) {
      if (value === undefined || its === value) yield* dialogs;
    }
  }

  #put(dialog: Dialog, name: string, value: string): void {
    const profile = this.#members.get(name) ?? new Map<string, Set<Dialog>>();
    this.#members.set(name, profile);
    const dialogs = profile.get(value) ?? new Set();
    profile.set(value, dialogs.add(dialog));
  }

  #take(dialog: Dialog, name: string, value: string): void {
    const profile = this.#members.get(name);
    const dialogs = profile?.get(value);
    if (!profile || !dialogs?.delete(dialog) || dialogs.size > 0) return;
    profile.delete(value);
    if (profile.size === 0) this.#members.delete(name);
  }

  #leave(dialog: Dialog): void {
    for (const [name, value] of dialog.profiles) this.#take(dialog, name, value);
  }
}
