import { block, button, element } from './elements.ts';

const KEYS: readonly (readonly [key: string, letters: string])[] = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
];

export interface DialerEvents {
  /** @returns false where nobody can be called so */
  dial(target: string): boolean;
  /** A key while a call is under way. @returns false where there is none */
  press(key: string): boolean;
}

/** Where one says whom to call, with keys that also serve a call under way. */
export class Dialer {
  readonly #target: HTMLInputElement = element('target', HTMLInputElement);
  readonly #events: DialerEvents;

  constructor(events: DialerEvents) {
    this.#events = events;
    for (const [key, letters] of KEYS) block('keypad').append(this.#key(key, letters));
    element('dialer', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#dial();
    });
    this.#target.addEventListener('input', () => this.#typed());
    button('erase').addEventListener('click', () => {
      this.#target.value = this.#target.value.slice(0, -1);
      this.#typed();
    });
    addEventListener('keydown', (event) => {
      const typing = event.target instanceof HTMLInputElement;
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
      if (this.#events.press(event.key)) event.preventDefault();
    });
    this.#typed();
  }

  /** @param ending how the last call ended; empty for none */
  show(state: {
    readonly dialing: boolean;
    readonly keys: boolean;
    readonly ready: boolean;
    readonly ending: string;
  }): void {
    element('dialer', HTMLFormElement).hidden = !state.dialing;
    block('dial-acts').hidden = !state.dialing;
    block('keypad').hidden = !state.dialing && !state.keys;
    block('last-call').textContent = state.ending;
    this.#target.disabled = !state.ready;
    button('dial').disabled = !state.ready;
  }

  #dial(): void {
    if (this.#events.dial(this.#target.value)) return;
    block('last-call').textContent = 'Type a name, a number or a whole address.';
    this.#target.focus();
  }

  #typed(): void {
    button('erase').hidden = this.#target.value === '';
  }

  #key(key: string, letters: string): HTMLButtonElement {
    const made = document.createElement('button');
    made.type = 'button';
    made.setAttribute('aria-label', key);
    const digit = document.createElement('b');
    digit.textContent = key;
    const small = document.createElement('small');
    small.textContent = letters;
    made.append(digit, small);
    made.addEventListener('click', () => {
      if (this.#events.press(key)) return;
      this.#target.value += key;
      this.#typed();
    });
    return made;
  }
}
