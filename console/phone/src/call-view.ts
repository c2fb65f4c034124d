import type { Call } from './call.ts';
import { block, button } from './elements.ts';

/** The call that is under way: who, how it stands, and what can be done with it. */
export class CallView {
  #call: Call | undefined;
  #keysOpen = false;
  /** @param changed called when the view wants the page drawn again */
  constructor(changed: () => void) {
    button('answer').addEventListener('click', () => this.#call?.answer());
    button('decline').addEventListener('click', () => this.#call?.end());
    button('hang-up').addEventListener('click', () => this.#call?.end());
    button('mute').addEventListener('click', () => this.#call?.toggleMute());
    button('hold').addEventListener('click', () => this.#call?.toggleHold());
    button('keys-toggle').addEventListener('click', () => {
      this.#keysOpen = !this.#keysOpen;
      changed();
    });
    setInterval(() => this.#showState(), 500);
  }

  /** Whether the keypad is to be seen beside the call. */
  get keysOpen(): boolean {
    return this.#keysOpen && this.#call?.state === 'talking';
  }

  show(call: Call | undefined): void {
    const fresh = call !== this.#call;
    this.#call = call;
    if (fresh) this.#keysOpen = false;
    block('call').hidden = call === undefined;
    if (call === undefined) return;
    const talking = call.state === 'talking';
    block('call').dataset.state = call.state;
    block('call-initial').textContent = call.peer.slice(0, 1).toUpperCase();
    block('call-peer').textContent = call.peer;
    block('call-address').textContent = call.address;
    block('sent-keys').textContent = call.sentKeys;
    block('incoming-acts').hidden = call.state !== 'incoming';
    block('talking-acts').hidden = call.state === 'incoming';
    press('mute', call.muted, call.muted ? 'Unmute' : 'Mute', talking);
    press('hold', call.held, call.held ? 'Resume' : 'Hold', talking);
    button('keys-toggle').setAttribute('aria-expanded', String(this.keysOpen));
    button('keys-toggle').disabled = !talking;
    this.#showState();
    if (fresh) button(call.incoming ? 'answer' : 'hang-up').focus();
  }

  #showState(): void {
    const call = this.#call;
    if (call === undefined) return;
    const text = stateWords(call);
    const line = block('call-state');
    // The seconds that run are not to be read out one by one.
    line.setAttribute('aria-live', call.state === 'talking' ? 'off' : 'polite');
    if (line.textContent !== text) line.textContent = text;
  }
}

function press(id: string, pressed: boolean, label: string, enabled: boolean): void {
  const target = button(id);
  target.setAttribute('aria-pressed', String(pressed));
  target.disabled = !enabled;
  const words = target.querySelector('span');
  if (words !== null && words.textContent !== label) words.textContent = label;
}

function stateWords(call: Call): string {
  switch (call.state) {
    case 'calling':
      return 'Calling …';
    case 'ringing':
      return 'Ringing …';
    case 'incoming':
      return 'is calling you';
    case 'ended':
      return call.ending;
    case 'talking':
      if (call.held) return 'On hold';
      if (call.heldByPeer) return 'The other side holds the call';
      return duration(call.since);
  }
}

function duration(since: Date | undefined): string {
  const seconds = since === undefined ? 0 : Math.floor((Date.now() - since.getTime()) / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
