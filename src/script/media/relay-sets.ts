import type { MediaControl, RelayState, RelaySwitch } from '../../media/control/media-control.ts';

/** Relays that a call may choose by name. */
export interface RelaySet {
  readonly name: string;
  readonly control: MediaControl;
  /** Its number there. */
  readonly set: number;
}

/** A relay in a list for people. */
export interface RelayRow extends RelayState {
  readonly name: string;
}

/** All relays that are configured; the first set is the one that serves where nobody names another. */
export class RelaySets {
  readonly #sets: readonly RelaySet[];

  constructor(sets: readonly RelaySet[]) {
    this.#sets = sets;
  }

  get names(): readonly string[] {
    return this.#sets.map(({ name }) => name);
  }

  /** @param name the first set's where left out. @returns undefined where there is none of that name */
  find(name: string | undefined): RelaySet | undefined {
    return name === undefined ? this.#sets[0] : this.#sets.find((it) => it.name === name);
  }

  rows(): RelayRow[] {
    return this.#sets.flatMap(({ name, control, set }) =>
      control
        .relays()
        .filter((state) => state.set === set)
        .map((state) => ({ name, ...state })),
    );
  }

  /** @returns false where no relay has that name */
  switch(node: string, to: RelaySwitch, name?: string): boolean {
    const sets = this.#sets.filter((it) => name === undefined || it.name === name);
    return sets.map(({ control, set }) => control.switch(node, to, set)).includes(true);
  }
}
