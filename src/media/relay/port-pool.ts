import { logLine } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import type { IdSource } from '../../base/ids.ts';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import type { PacketPath, PortPair } from './packet-path.ts';
import type { RelaySettings } from './relay-settings.ts';

/** How many ports of other programs are tried before a request is refused. */
const MOST_ATTEMPTS = 64;
/** How long a port of another program is not tried again, in ms. */
const OCCUPIED_MS = 60_000;

/** Counted since the start, but for the two that say how it stands. */
export interface PortPoolCounters {
  /** Pairs that sessions hold, and pairs that are read empty. */
  open: number;
  draining: number;
  opened: number;
  /** Requests refused for want of ports. */
  exhausted: number;
  /** Ports passed over, because another program has them. */
  occupied: number;
  /** Requests that the system refused (descriptors, no such address). */
  failed: number;
}

interface Waiting {
  readonly shelf: number[];
  readonly port: number;
  readonly pair: PortPair | undefined;
  readonly until: number;
}

/**
 * Pairs of ports, an even one and its odd neighbour, chosen at random (a stranger cannot tell the next one from the
 * last). A pair that is given back stays bound and is read empty for a while, so that no call inherits the stream of
 * another.
 */
export class PortPool {
  readonly counters: PortPoolCounters = {
    open: 0,
    draining: 0,
    opened: 0,
    exhausted: 0,
    occupied: 0,
    failed: 0,
  };
  readonly #path: PacketPath;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #ids: IdSource;
  readonly #drainMs: number;
  readonly #ports: readonly number[];
  /** Free even ports by address; the order means nothing. */
  readonly #free = new Map<string, number[]>();
  /** Drained pairs and ports of others, both in order of their end. */
  readonly #draining: Waiting[] = [];
  readonly #occupied: Waiting[] = [];
  readonly #timer = new WheelTimer(() => this.#sweep());
  #closed = false;
  #complained = false;

  /** @throws ServerError CFG_INVALID for ports without a pair among them */
  constructor(
    path: PacketPath,
    settings: Pick<RelaySettings, 'ports' | 'drainMs'>,
    clock: Clock,
    wheel: TimerWheel,
    ids: IdSource,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#wheel = wheel;
    this.#ids = ids;
    this.#drainMs = settings.drainMs;
    this.#ports = evenPorts(settings.ports);
    if (this.#ports.length === 0) {
      throw new ServerError('CFG_INVALID', 'the media ports hold no even port with its odd neighbour');
    }
  }

  /** @returns undefined where no pair can be had now */
  async take(address: string): Promise<PortPair | undefined> {
    let free = this.#free.get(address);
    if (!free) this.#free.set(address, (free = [...this.#ports]));
    for (let attempts = 0; attempts < MOST_ATTEMPTS && !this.#closed; attempts++) {
      const port = this.#draw(free);
      if (port === undefined) break;
      try {
        const pair = await this.#path.openPair(address, port);
        if (this.#closed) closePair(pair);
        else {
          this.counters.open++;
          this.counters.opened++;
          this.#complained = false;
          return pair;
        }
      } catch (error) {
        const { code = String(error) } = error as NodeJS.ErrnoException;
        if (code !== 'EADDRINUSE') {
          free.push(port);
          // A shelf for every address that is asked for by mistake would be too much.
          if (free.length === this.#ports.length) this.#free.delete(address);
          this.counters.failed++;
          return this.#complain(address, code);
        }
        this.counters.occupied++;
        this.#occupied.push({ shelf: free, port, pair: undefined, until: this.#clock.now() + OCCUPIED_MS });
      }
    }
    this.counters.exhausted++;
    return this.#closed ? undefined : this.#complain(address, 'all are in use');
  }

  /** The pair has to be without user and rule by now. */
  giveBack(address: string, pair: PortPair): void {
    this.counters.open--;
    const shelf = this.#free.get(address);
    if (this.#closed || !shelf) {
      closePair(pair);
      return;
    }
    this.counters.draining++;
    this.#draining.push({ shelf, port: pair.rtp.port, pair, until: this.#clock.now() + this.#drainMs });
    this.#wheel.armBy(this.#timer, this.#draining[0]!.until);
  }

  /** Closes what is being drained; pairs that are held are closed when they come back. */
  close(): void {
    this.#closed = true;
    this.#wheel.cancel(this.#timer);
    for (const { pair } of this.#draining.splice(0)) closePair(pair!);
    this.counters.draining = 0;
  }

  /** Once until there are ports again, however many calls go without. */
  #complain(address: string, why: string): undefined {
    if (!this.#complained) logLine('error', 'relay', `no media port at ${address}: ${why}`);
    this.#complained = true;
  }

  #draw(free: number[]): number | undefined {
    if (free.length === 0) this.#reclaim(this.#occupied);
    if (free.length === 0) return undefined;
    const at = this.#ids.uint32() % free.length;
    const port = free[at]!;
    free[at] = free.at(-1)!;
    free.length--;
    return port;
  }

  #sweep(): void {
    this.#reclaim(this.#draining);
    this.#reclaim(this.#occupied);
    if (this.#draining.length > 0) this.#wheel.armBy(this.#timer, this.#draining[0]!.until);
  }

  #reclaim(list: Waiting[]): void {
    const now = this.#clock.now();
    let over = 0;
    for (const { until, pair, shelf, port } of list) {
      if (until > now) break;
      over++;
      if (pair) {
        this.counters.draining--;
        closePair(pair);
      }
      shelf.push(port);
    }
    list.splice(0, over);
  }
}

function closePair({ rtp, rtcp }: PortPair): void {
  rtp.close();
  rtcp.close();
}

function evenPorts(ports: RelaySettings['ports']): number[] {
  if ('min' in ports) {
    const first = ports.min + (ports.min % 2);
    return Array.from({ length: Math.max(0, (ports.max + 1 - first) >> 1) }, (_, i) => first + 2 * i);
  }
  const all = new Set(ports);
  return [...all].filter((port) => port % 2 === 0 && all.has(port + 1));
}
