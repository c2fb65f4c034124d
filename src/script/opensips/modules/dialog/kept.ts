import type { Dialog } from '../../../../core/dialog/dialog.ts';
import { DialogProfiles } from '../../../../core/dialog/dialog-profiles.ts';
import type { Dialogs } from '../../../../core/dialog/dialogs.ts';
import type { DialogWishes } from './wishes.ts';

/** OpenSIPS has as many. */
const MOST_FLAGS = 32;

/** What scripts keep of the server's dialogs; it outlives each single script, as dialogs do. */
export class KeptOfDialogs {
  readonly profiles: DialogProfiles;
  readonly #flags: string[] = [];
  readonly #wishes = new WeakMap<Dialog, DialogWishes>();

  private constructor(dialogs: Dialogs) {
    this.profiles = new DialogProfiles(dialogs);
  }

  static readonly #made = new WeakMap<Dialogs, KeptOfDialogs>();

  static of(dialogs: Dialogs): KeptOfDialogs {
    const known = KeptOfDialogs.#made.get(dialogs);
    if (known !== undefined) return known;
    const made = new KeptOfDialogs(dialogs);
    KeptOfDialogs.#made.set(dialogs, made);
    return made;
  }

  /** What was wanted of one dialog. */
  wishesOf(dialog: Dialog): DialogWishes {
    const known = this.#wishes.get(dialog);
    if (known !== undefined) return known;
    const made: DialogWishes = { flags: 0, routes: {}, numbers: new Set(), pings: {} };
    this.#wishes.set(dialog, made);
    return made;
  }

  /** The bit of a flag; 0 where there are too many names. @param make whether a name that is new gets one */
  flag(name: string, make: boolean): number {
    let at = this.#flags.indexOf(name);
    if (at < 0 && make && this.#flags.length < MOST_FLAGS) at = this.#flags.push(name) - 1;
    return at < 0 ? 0 : 1 << at;
  }

  /** The names of the flags that are set, with blanks between. */
  flagNames({ flags }: Pick<Dialog, 'flags'>): string {
    return this.#flags.filter((_, bit) => (flags & (1 << bit)) !== 0).join(' ');
  }
}
