import type { WheelTimer } from '../../base/timer-wheel.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import type { DialogLeg } from './dialog-leg.ts';
import type { DialogDirection, DialogEnd, DialogObserver } from './dialog-observer.ts';

/** The numbers that OpenSIPS prints (`$DLG_status`). */
export const DialogState = {
  /** Made, and nothing answered. */
  Unconfirmed: 1,
  /** Provisionally answered. */
  Early: 2,
  /** A 2xx was passed on, its ACK has not come. */
  Answered: 3,
  Confirmed: 4,
  /** Ended; it is kept a little longer for what is still on its way. */
  Ended: 5,
} as const;

export type DialogState = (typeof DialogState)[keyof typeof DialogState];

/** What is wanted of a dialog. */
export interface DialogOptions {
  /** How long it may last after its 2xx, in ms; default 12 hours. */
  readonly lifetimeMs?: number;
  /** What happens then: both parties get a BYE (default), or it is forgotten without a word. */
  readonly onExpiry?: 'bye' | 'forget';
  /** Keeps the session descriptions that both parties were sent last, to ping them by re-INVITE. */
  readonly keepSdp?: boolean;
}

/** What is printed of a dialog in Record-Route, and found again: two numbers, as OpenSIPS has them. */
export interface DialogId {
  /** Of the hash of its Call-ID, 0 to 4095. */
  readonly entry: number;
  /** 32 bits. */
  readonly number: number;
}

/** Names and values of one dialog. */
const MOST_VALUES = 256;
/** To tags of one INVITE that are kept apart. */
const MOST_CALLEES = 16;

/** A call between two parties, from its INVITE to the end (RFC 3261 §12, §13), as this server that stands between sees it. */
export class Dialog {
  readonly id: DialogId;
  /** `h_entry.h_id` as it stands in Record-Route: both in hexadecimal, last digit first. */
  readonly did: string;
  readonly callId: string;
  /** The Call-ID that the callee knows, where a script has it hidden from them. */
  calleeCallId: string | undefined = undefined;
  readonly caller: DialogLeg;
  /** Whoever has answered, each To tag apart; of several the confirmed one is {@link callee}. */
  readonly callees: DialogLeg[] = [];
  /** The callee that has answered with 2xx, before that the one heard of last. */
  callee: DialogLeg | undefined = undefined;
  state: DialogState = DialogState.Unconfirmed;
  /** In ms since 1970. */
  readonly createdAt: number;
  /** When the 2xx was passed on, in ms since 1970; 0 before. */
  confirmedAt = 0;
  /** How it ended. */
  end: DialogEnd | undefined = undefined;
  lifetimeMs: number;
  onExpiry: 'bye' | 'forget';
  keepSdp: boolean;
  /** How long it is still known after its end, in ms; undefined for what is configured. */
  lingerMs: number | undefined = undefined;
  /** Runs when its lifetime is over, before it is ended; who extends the dialog meanwhile keeps it. */
  beforeExpiry: ((dialog: Dialog) => MaybePromise<void>) | undefined = undefined;
  /** 32 flags of scripts. */
  flags = 0;
  /** Whether its Record-Route bears its {@link did}. */
  printed = false;
  /** Of the INVITE, until that has its final answer. */
  transaction: ServerTransaction | undefined;
  /** @internal Whether its end was told; before that a BYE of its parties may still be refused. */
  over = false;
  /** @internal How it is to end, once what is on its way has come: an answer to the CANCEL, or the ACK of the 2xx. */
  ending: { readonly end: DialogEnd; readonly headers: readonly HeaderEntry[] } | undefined = undefined;
  readonly observers: DialogObserver[] = [];
  /** Names and values; `DialogProfiles` counts them. */
  readonly profiles: (readonly [name: string, value: string])[] = [];
  /** @internal Its lifetime, then the time that it is kept after its end. */
  readonly timer: WheelTimer;
  readonly #values = new Map<string, string>();

  /** @internal made by `Dialogs` */
  constructor(
    id: DialogId,
    callId: string,
    caller: DialogLeg,
    transaction: ServerTransaction | undefined,
    timer: WheelTimer,
    createdAt: number,
    options: DialogOptions & { readonly lifetimeMs: number },
  ) {
    this.id = id;
    this.did = didText(id);
    this.callId = callId;
    this.caller = caller;
    this.transaction = transaction;
    this.timer = timer;
    this.createdAt = createdAt;
    this.lifetimeMs = options.lifetimeMs;
    this.onExpiry = options.onExpiry ?? 'bye';
    this.keepSdp = options.keepSdp ?? false;
  }

  /** @internal Takes what somebody else wants of it, too. */
  want({ lifetimeMs, onExpiry, keepSdp }: DialogOptions): void {
    this.lifetimeMs = lifetimeMs ?? this.lifetimeMs;
    this.onExpiry = onExpiry ?? this.onExpiry;
    this.keepSdp ||= keepSdp ?? false;
  }

  get ended(): boolean {
    return this.state === DialogState.Ended;
  }

  /** Whether a 2xx was passed on, and it has not ended. */
  get established(): boolean {
    return this.state === DialogState.Answered || this.state === DialogState.Confirmed;
  }

  /** @returns a function that takes the observer away again */
  observe(observer: DialogObserver): () => void {
    this.observers.push(observer);
    return () => {
      const at = this.observers.indexOf(observer);
      if (at >= 0) this.observers.splice(at, 1);
    };
  }

  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  value(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** @param value undefined takes it away @returns false where there are too many */
  setValue(name: string, value: string | undefined): boolean {
    if (value === undefined) return this.#values.delete(name);
    if (this.#values.size >= MOST_VALUES && !this.#values.has(name)) return false;
    this.#values.set(name, value);
    return true;
  }

  /** The leg of a callee by its To tag. */
  calleeOf(tag: string): DialogLeg | undefined {
    return this.callees.find((leg) => leg.tag === tag);
  }

  /** @internal @returns false where there are too many */
  addCallee(leg: DialogLeg): boolean {
    if (this.callees.length >= MOST_CALLEES) return false;
    this.callees.push(leg);
    if (!this.established) this.callee = leg;
    return true;
  }

  /** @returns the callee's leg and the way of a message with these tags; undefined where they are not of this dialog */
  tagged(
    fromTag: string,
    toTag: string,
  ): { readonly callee: DialogLeg; readonly direction: DialogDirection } | undefined {
    const direction = fromTag === this.caller.tag ? 'downstream' : 'upstream';
    if (direction === 'upstream' && toTag !== this.caller.tag) return undefined;
    const callee = this.calleeOf(direction === 'downstream' ? toTag : fromTag);
    return callee && { callee, direction };
  }
}

export function didText({ entry, number }: DialogId): string {
  return `${reversedHex(entry)}.${reversedHex(number)}`;
}

function reversedHex(value: number): string {
  const digits = value.toString(16);
  let text = '';
  for (let i = digits.length - 1; i >= 0; i--) text += digits[i];
  return text;
}
