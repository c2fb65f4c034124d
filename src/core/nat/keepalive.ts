import { BoundedMap } from '../../base/bounded-map.ts';
import { logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import type { Network } from '../../net/network.ts';
import { isReliable } from '../../net/transport-name.ts';
import type { Binding, LocationStore } from '../registrar/location-store.ts';
import type { Registrar } from '../registrar/registrar.ts';
import { pause } from '../registrar/walk-bindings.ts';

/** Asks a contact whether it is there. */
export interface OptionsSender {
  /**
   * Sends OPTIONS to where the binding was registered from, out of its listener.
   * @returns whether any answer came; rejections count as none
   */
  sendOptions(binding: Binding): Promise<boolean>;
}

export interface KeepAliveSettings {
  /** Every binding is kept alive once in this time, in ms. */
  readonly intervalMs: number;
  /** What a datagram contact gets: OPTIONS, which it answers, or a double CRLF or four zero bytes, which nobody answers. */
  readonly datagrams: 'options' | 'crlf' | 'zeros';
  /** After so many unanswered OPTIONS in a row, or rounds without its connection, a binding is removed. */
  readonly maxLost: number;
  /** Whether contacts that are not behind a NAT are left alone. */
  readonly nattedOnly: boolean;
  /** OPTIONS that may be unanswered at one time; what is more waits for the next round. */
  readonly maxPending: number;
}

export const DEFAULT_KEEP_ALIVE: KeepAliveSettings = {
  intervalMs: 30_000,
  datagrams: 'options',
  maxLost: 3,
  nattedOnly: true,
  maxPending: 2000,
};

/** What one contact gets in a round. */
export type Ping = 'options' | 'crlf' | 'zeros' | 'none';

export interface KeepAliveOptions {
  readonly location: Pick<LocationStore, 'all' | 'count'>;
  readonly registrar: Pick<Registrar, 'drop'>;
  readonly network: Network;
  readonly sender: OptionsSender;
  readonly clock: Clock;
  /** The registrar's; or whether the connection of a binding was made in this run, where there are several of them. */
  readonly bootId: string | ((binding: Binding) => boolean);
  readonly settings?: Partial<KeepAliveSettings>;
  /** Which contacts are kept alive from here; all unless given. */
  readonly isMine?: (binding: Binding) => boolean;
  /** Decides what each contact gets, instead of what the settings say. */
  readonly choose?: (binding: Binding) => Ping;
  /** Which contacts are removed after too many losses; all where nothing is said. */
  readonly removes?: (binding: Binding) => boolean;
}

const STEPS = 30;
/** More of a step go out a while later, so that what phones send gets its turn, and their answers do not come all at once. */
const AT_ONCE = 200;
const CRLF = Buffer.from('\r\n\r\n', 'latin1');
const ZEROS = Buffer.alloc(4);
const LOST_LIMIT = 100_000;

/**
 * Keeps the way to registered contacts open through NATs: double CRLF on connections (RFC 5626 §3.5.1), OPTIONS or
 * zero bytes on datagrams, always from the listener that the contact registered on. Spread evenly over the interval.
 */
export class KeepAlive implements AsyncDisposable {
  readonly #options: KeepAliveOptions;
  readonly #settings: KeepAliveSettings;
  /** Losses in a row, by binding. */
  readonly #lost = new BoundedMap<string, number>(LOST_LIMIT, 'drop-oldest');
  #round: Iterator<Binding> | AsyncIterator<Binding> | undefined;
  /** Bindings in one step of this round. */
  #share = 0;
  #stepsDone = 0;
  #timer: TimerHandle | undefined;
  #pending = 0;
  #closed = false;
  readonly counters = { sent: 0, answered: 0, lost: 0, removed: 0, postponed: 0 };

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#settings = { ...DEFAULT_KEEP_ALIVE, ...options.settings };
    this.#arm();
  }

  /** OPTIONS without an answer yet. */
  get pending(): number {
    return this.#pending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#round?.return?.();
  }

  /** @param tookMs how long the step before took */
  #arm(tookMs = 0): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimer(this.#stepMs - tookMs, () => {
      const began = clock.now();
      const again = (): void => this.#arm(Math.min(clock.now() - began, this.#stepMs));
      this.#step().then(again, (error: unknown) => {
        this.#round = undefined;
        logLine('error', 'keepalive', 'the location store failed', { error });
        again();
      });
    });
  }

  get #stepMs(): number {
    return this.#settings.intervalMs / STEPS;
  }

  /** A thirtieth of all bindings, and with the last step of a round whatever was added since it began. */
  async #step(): Promise<void> {
    const { location } = this.#options;
    if (this.#stepsDone === 0) {
      this.#share = Math.ceil((await location.count()) / STEPS);
      this.#round = iterate(location.all());
    }
    this.#stepsDone = (this.#stepsDone + 1) % STEPS;
    const gapMs = this.#stepMs / (Math.ceil(this.#share / AT_ONCE) + 1);
    let left = this.#stepsDone === 0 ? Number.POSITIVE_INFINITY : this.#share;
    let atOnce = AT_ONCE;
    for (; left > 0 && this.#round !== undefined && !this.#closed; left--) {
      const next = this.#round.next();
      const { done, value } = next instanceof Promise ? await next : next;
      if (done === true) this.#round = undefined;
      else this.#keepAlive(value);
      if (--atOnce > 0) continue;
      atOnce = AT_ONCE;
      await pause(this.#options.clock, gapMs);
    }
  }

  #keepAlive(binding: Binding): void {
    const { clock, network, bootId } = this.#options;
    if (binding.expiresAt <= clock.wallNow() || this.#options.isMine?.(binding) === false) return;
    const ping = this.#options.choose?.(binding) ?? this.#usual(binding);
    if (ping === 'none') return;
    if (ping === 'options') {
      this.#ask(binding);
    } else if (isReliable(binding.received.transport)) {
      const isOurs = typeof bootId === 'string' ? binding.bootId === bootId : bootId(binding);
      const open = isOurs ? network.connection(binding.connectionId) : undefined;
      if (open?.send(CRLF) === true) {
        this.counters.sent++;
        this.#lost.delete(keyOf(binding));
      } else this.#noAnswer(binding);
    } else {
      const listener = network.listeners.find(({ name }) => name === binding.listener);
      const flow = listener && network.flowTo(listener, binding.received);
      if (flow?.send(ping === 'crlf' ? CRLF : ZEROS) === true) this.counters.sent++;
    }
  }

  #usual(binding: Binding): Ping {
    const { nattedOnly, datagrams } = this.#settings;
    // A contact behind an edge proxy is that proxy's to keep alive.
    if (binding.path.length > 0) return 'none';
    if (nattedOnly && !binding.natted && binding.regId === 0) return 'none';
    return isReliable(binding.received.transport) ? 'crlf' : datagrams;
  }

  #ask(binding: Binding): void {
    if (this.#pending >= this.#settings.maxPending) {
      this.counters.postponed++;
      return;
    }
    this.#pending++;
    this.counters.sent++;
    this.#options.sender.sendOptions(binding).then(
      (answered) => {
        this.#pending--;
        if (answered) {
          this.counters.answered++;
          this.#lost.delete(keyOf(binding));
        } else this.#noAnswer(binding);
      },
      () => {
        this.#pending--;
        this.#noAnswer(binding);
      },
    );
  }

  #noAnswer(binding: Binding): void {
    if (this.#closed) return;
    this.counters.lost++;
    const key = keyOf(binding);
    const lost = (this.#lost.get(key) ?? 0) + 1;
    if (lost < this.#settings.maxLost) {
      this.#lost.set(key, lost);
      return;
    }
    this.#lost.delete(key);
    if (this.#options.removes?.(binding) === false) return;
    Promise.resolve(this.#options.registrar.drop(binding)).then((count) => {
      this.counters.removed += count;
    });
  }
}

function keyOf(binding: Binding): string {
  return `${binding.aor} ${binding.contact} ${binding.regId}`;
}

function iterate(
  bindings: Iterable<Binding> | AsyncIterable<Binding>,
): Iterator<Binding> | AsyncIterator<Binding> {
  return Symbol.asyncIterator in bindings ? bindings[Symbol.asyncIterator]() : bindings[Symbol.iterator]();
}
