import { channels, logLine } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import type { ControlLink, LinkAnswer } from './control-link.ts';
import { ControlQueue, isAway, type QueueFull } from './control-queue.ts';
import type { RelayState, RelaySwitch } from './media-control.ts';
import type { NodeSpec } from './node-spec.ts';

export type NodeAnswer = LinkAnswer | QueueFull;
export type AskNode = (text: string) => Promise<NodeAnswer>;

export type ProbeResult =
  | { readonly ok: true; readonly capabilities: ReadonlySet<string> }
  | { readonly ok: false; readonly reason: string };

export interface RelayNodeOptions {
  readonly spec: NodeSpec;
  readonly set: number;
  readonly link: ControlLink;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** How long a relay that failed is left alone, in milliseconds; undefined: until none other is left. */
  readonly disableMs: number | undefined;
  /** Most commands that may wait or be under way. */
  readonly limit: number;
  /** Asks whether the relay is there, and what it can do. */
  readonly probe: (ask: AskNode) => Promise<ProbeResult>;
}

/** Behind a NUL, so that no Call-ID is the same. */
const PROBE_CALL = '\0probe';

/** A relay of a set: whether it answers, what it can do, and the queue of its commands. */
export class RelayNode implements AsyncDisposable {
  readonly set: number;
  readonly capabilities: Set<string> = new Set();
  #spec: NodeSpec;
  #state: RelayState['state'] = 'active';
  #testing: Promise<boolean> | undefined;
  /** Whether it has ever passed a test. */
  #known = false;
  /** Until when it gets no new calls, though it answers: it has no room. */
  #restsUntil = 0;
  #retryAt: number | undefined;
  #commands = 0;
  #failures = 0;
  #probes = 0;
  readonly #options: RelayNodeOptions;
  readonly #queue: ControlQueue;
  readonly #timer: WheelTimer;

  constructor(options: RelayNodeOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.set = options.set;
    this.#queue = new ControlQueue(options.link, options.limit);
    this.#timer = new WheelTimer(() => void this.test());
  }

  get name(): string {
    return this.#spec.name;
  }

  get spec(): NodeSpec {
    return this.#spec;
  }

  /** The same relay, configured anew. */
  set spec(spec: NodeSpec) {
    this.#spec = spec;
  }

  get weight(): number {
    return this.#spec.weight;
  }

  get usable(): boolean {
    return this.#state === 'active';
  }

  /** Whether new calls had better go elsewhere. */
  get resting(): boolean {
    return this.#restsUntil > this.#options.clock.now();
  }

  get state(): RelayState {
    const now = this.#options.clock.now();
    return {
      set: this.set,
      node: this.name,
      weight: this.weight,
      advertised: this.#spec.advertised,
      state: this.#state,
      retryIn: this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - now) / 1000,
      capabilities: [...this.capabilities],
      commands: this.#commands,
      failures: this.#failures,
      pending: this.#queue.pending,
    };
  }

  /** @returns whether it may be asked; waits for the first test, without which nobody knows what it can do */
  async ready(): Promise<boolean> {
    if (this.#state === 'active' && !this.#known) await this.test();
    return this.usable;
  }

  /** Sends a command of a call. A relay that does not answer is left alone for a while. */
  async ask(callId: string, text: string): Promise<NodeAnswer> {
    this.#commands++;
    const answer = await this.#queue.ask(callId, text);
    if (!answer.ok) {
      this.#failures++;
      if (isAway(answer.fault)) this.#disable(answer.reason);
    }
    return answer;
  }

  /** Asks whether it is there; several who want to know wait for one test. */
  test(): Promise<boolean> {
    this.#testing ??= this.#test().finally(() => {
      this.#testing = undefined;
    });
    return this.#testing;
  }

  /** It answers, but has no room: new calls go elsewhere for a while. */
  rest(reason: string): void {
    const { clock, disableMs } = this.#options;
    if (!this.resting) logLine('warn', 'media', `relay ${this.name} takes no new calls: ${reason}`);
    this.#restsUntil = clock.now() + (disableMs ?? 0);
  }

  switch(to: RelaySwitch): void {
    if (to === 'on') {
      this.#enter('active', 'by hand');
      this.#known = false;
      void this.test();
    } else if (to === 'off') this.#enter('off', 'by hand');
    else {
      this.#enter('inactive', 'by hand');
      this.#retryLater();
    }
  }

  /** Lets what is under way come to its end, and closes. */
  async retire(): Promise<void> {
    await this.#queue.whenIdle();
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = 'off';
    this.#options.wheel.cancel(this.#timer);
    this.#queue.flush({ ok: false, fault: 'closed', reason: 'the relay was taken out' });
    await this.#options.link[Symbol.asyncDispose]();
  }

  async #test(): Promise<boolean> {
    if (this.#state === 'off') return false;
    this.#options.wheel.cancel(this.#timer);
    // Each with a name of its own: they need not wait for each other.
    const result = await this.#options.probe((text) =>
      this.#queue.ask(`${PROBE_CALL}${this.#probes++}`, text),
    );
    // A person may have switched it off meanwhile.
    if ((this.#state as RelayState['state']) === 'off') return false;
    if (!result.ok) {
      this.#disable(result.reason);
      return false;
    }
    this.capabilities.clear();
    for (const capability of result.capabilities) this.capabilities.add(capability);
    this.#known = true;
    this.#retryAt = undefined;
    this.#enter('active', 'it answers');
    return true;
  }

  #disable(reason: string): void {
    if (this.#state === 'off') return;
    this.#enter('inactive', reason);
    this.#retryLater();
  }

  #retryLater(): void {
    const { wheel, clock, disableMs } = this.#options;
    if (disableMs === undefined || this.#timer.armed) return;
    this.#retryAt = clock.now() + disableMs;
    wheel.arm(this.#timer, disableMs);
  }

  #enter(state: RelayState['state'], reason: string): void {
    if (state === 'off') {
      this.#retryAt = undefined;
      this.#options.wheel.cancel(this.#timer);
    }
    const changed = this.#state !== state;
    this.#state = state;
    if (!changed) return;
    const { name, set } = this;
    const level = state === 'inactive' ? 'warn' : 'info';
    logLine(level, 'media', `relay ${name} of set ${set} is ${state}: ${reason}`, { relay: name, set });
    if (channels.relay.hasSubscribers) channels.relay.publish({ event: state, relay: name, set, reason });
  }
}
