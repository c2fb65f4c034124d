import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { RequestOutcome } from '../ua/user-agent-client.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg, DialogSide } from './dialog-leg.ts';
import type { DialogEvent, DialogObserver } from './dialog-observer.ts';
import type { DialogRequest } from './dialog-requests.ts';

export interface PingOptions {
  /** A re-INVITE offers what the party was sent last, where the dialog keeps that; without it goes an OPTIONS. */
  readonly method: 'OPTIONS' | 'INVITE';
  readonly everyMs: number;
  readonly sides: readonly DialogSide[];
}

/** What pings are sent with: `Dialogs`. */
export interface PingSender {
  send(dialog: Dialog, to: DialogSide, request: DialogRequest): Promise<RequestOutcome>;
  end(dialog: Dialog, reason: string): Promise<void>;
}

/** Asks the parties of a dialog now and then whether they are still there, and ends it where one is not. */
export class DialogPing implements DialogObserver {
  readonly #dialog: Dialog;
  readonly #dialogs: PingSender;
  readonly #options: PingOptions;
  readonly #wheel: TimerWheel;
  readonly #timer: WheelTimer = new WheelTimer(() => this.#due());
  /** Parties that have not answered the last one yet. */
  readonly #waiting = new Set<DialogSide>();

  constructor(dialog: Dialog, options: PingOptions, dialogs: PingSender, wheel: TimerWheel) {
    this.#dialog = dialog;
    this.#options = options;
    this.#dialogs = dialogs;
    this.#wheel = wheel;
    if (dialog.established) this.#arm();
  }

  onEvent(_dialog: Dialog, { kind }: DialogEvent): void {
    if (kind === 'confirmed') this.#arm();
    else if (kind === 'ended') this.stop();
  }

  stop(): void {
    this.#wheel.cancel(this.#timer);
  }

  #arm(): void {
    this.#wheel.arm(this.#timer, this.#options.everyMs);
  }

  #due(): void {
    this.#arm();
    const { caller, callee } = this.#dialog;
    for (const side of this.#options.sides) {
      const leg = side === 'caller' ? caller : callee;
      if (leg && !this.#waiting.has(side)) void this.#ping(leg);
    }
  }

  async #ping(leg: DialogLeg): Promise<void> {
    this.#waiting.add(leg.side);
    const { status, response } = await this.#dialogs.send(this.#dialog, leg.side, this.#request(leg));
    this.#waiting.delete(leg.side);
    // RFC 3261 §12.2.1.2: these two say that the dialog is no more; any other answer comes from somebody.
    if (response && status !== 408 && status !== 481) return;
    void this.#dialogs.end(
      this.#dialog,
      this.#options.method === 'INVITE' ? 'ReINVITE Ping Timeout' : 'Ping Timeout',
    );
  }

  #request({ shownSdp }: DialogLeg): DialogRequest {
    if (this.#options.method === 'OPTIONS' || !shownSdp) return { method: 'OPTIONS' };
    return { method: 'INVITE', headers: [[H.ContentType, 'application/sdp']], body: shownSdp };
  }
}
