import type { Clock } from '../../base/clock.ts';
import { DEFAULT_DISABLE_MS, DEFAULT_PATIENCE, type FleetSettings } from './fleet-settings.ts';
import type {
  MediaDone,
  MediaFailure,
  MediaKey,
  MediaListener,
  RelayState,
  RelaySwitch,
} from './media-control.ts';
import { type LinkEnvironment, makeLink } from './node-link.ts';
import type { NodeSetSpec, NodeSpec } from './node-spec.ts';
import { RelayFleet } from './relay-fleet.ts';
import { type AskNode, type ProbeResult, RelayNode } from './relay-node.ts';

export interface FleetControlOptions extends LinkEnvironment {
  readonly settings: FleetSettings;
  readonly clock: Clock;
}

export type Done = MediaDone & { readonly ok: true };

/** The embedded relay is started again at once. */
const EMBEDDED_DISABLE_MS = 1000;
/** Most commands that may wait for one relay. */
const MOST_PENDING = 4096;

/** What a control's protocol has of its own. */
export interface FleetProtocol {
  /** Asks whether a relay is there, and what it can do. */
  probe(ask: AskNode): Promise<ProbeResult>;
  /** A line came over the port of the embedded relay. */
  notified(line: string, node: string, listener: MediaListener | undefined): void;
}

/** What controls of both protocols have alike: their relays. */
export abstract class FleetControl implements AsyncDisposable {
  listener: MediaListener | undefined;
  protected readonly fleet: RelayFleet;
  readonly #options: FleetControlOptions;
  readonly #protocol: FleetProtocol;

  protected constructor(options: FleetControlOptions, protocol: FleetProtocol) {
    this.#options = options;
    this.#protocol = protocol;
    const { sets, defaultSet } = options.settings;
    this.fleet = new RelayFleet({ sets, defaultSet, makeNode: (spec, set) => this.#makeNode(spec, set) });
  }

  relays(): RelayState[] {
    return this.fleet.relays();
  }

  switch(node: string, to: RelaySwitch, set?: number): boolean {
    return this.fleet.switch(node, to, set);
  }

  /** Takes other sets of relays. Those that stay keep their calls; others end with their last command. */
  configure(sets: readonly NodeSetSpec[]): void {
    this.fleet.configure(sets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
  }

  /** Ends a call. What the relay does not know any more is gone, as it was to be. */
  protected async end(
    key: MediaKey,
    ask: (node: RelayNode) => Promise<{ readonly ok: true } | MediaFailure>,
  ): Promise<MediaDone> {
    const done = await this.fleet.run<Done>(key, false, async (node) => {
      const answer = await ask(node);
      const gone = answer.ok || answer.fault === 'unknown-call';
      return { result: gone ? { ok: true, node: node.name } : answer, elsewhere: false };
    });
    this.fleet.forget(key);
    return done;
  }

  #makeNode(spec: NodeSpec, set: number): RelayNode {
    const { settings, clock, wheel } = this.#options;
    const { timeoutMs, tries } = { ...DEFAULT_PATIENCE, ...settings };
    const notified = (line: string) => this.#protocol.notified(line, spec.name, this.listener);
    const node = new RelayNode({
      spec,
      set,
      link: makeLink(spec, this.#options, { timeoutMs, tries }, notified),
      clock,
      wheel,
      disableMs: disableMs(spec, settings),
      limit: MOST_PENDING,
      probe: (ask) => this.#protocol.probe(ask),
    });
    void node.test();
    return node;
  }
}

function disableMs(
  { address }: NodeSpec,
  { disableMs: wanted = DEFAULT_DISABLE_MS }: FleetSettings,
): number | undefined {
  if (wanted === 'never') return undefined;
  return address.transport === 'embedded' ? Math.min(wanted, EMBEDDED_DISABLE_MS) : wanted;
}
