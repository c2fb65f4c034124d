import type { Target } from '../../../core/proxy/target.ts';
import type { Listener } from '../../../net/listener.ts';
import { NameAddr } from '../../../wire/sip/name-addr.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import type { Value } from '../value.ts';

/** q where none was given: the branches of a request are then tried together. */
export const NO_Q = -1;

/** Where a request goes: the Request-URI branch (index 0), and each branch that a script or a look-up adds. */
export class BranchTarget {
  /** `$du`: the next hop; null where the Request-URI says it. */
  du: string | null = null;
  /** In thousandths, {@link NO_Q} where none was given. */
  q: number = NO_Q;
  /** Path values with commas between, to become Routes; null for none. */
  path: string | null = null;
  /** The socket to send from. */
  socket: Listener | undefined;
  /** `$msg.branch.attr(…)` */
  attributes: Map<string, Value> | undefined;
  /** The binding that it was made from; it holds as long as neither URI nor next hop nor socket is written. */
  #found: Target | undefined;
  #flags: Set<string> | undefined;
  #uri: string;
  #parsed: Uri | undefined | null = null;

  constructor(uri: string, flags?: Iterable<string>) {
    this.#uri = uri;
    if (flags !== undefined) this.#flags = new Set(flags);
  }

  static found(target: Target, flags?: Iterable<string>): BranchTarget {
    const branch = new BranchTarget(target.uri, flags);
    branch.take(target);
    return branch;
  }

  /** Flags by name (`setbflag`). */
  get flags(): Set<string> {
    this.#flags ??= new Set();
    return this.#flags;
  }

  get uri(): string {
    return this.#uri;
  }

  set uri(uri: string) {
    if (uri === this.#uri) return;
    this.#uri = uri;
    this.#parsed = null;
    this.#found = undefined;
  }

  /** The URI taken apart; undefined where it cannot be read. */
  get parsed(): Uri | undefined {
    if (this.#parsed === null) this.#parsed = Uri.parse(this.#uri);
    return this.#parsed;
  }

  /** Whether the next hop can be read, where there is one. */
  get leadsSomewhere(): boolean {
    return this.du === null || Uri.parse(this.du) !== undefined;
  }

  /** What the location service found, with all that it knows of the way there. */
  get found(): Target | undefined {
    return this.#found;
  }

  /** Whether nothing of the way there was written since. */
  get isAsFound(): boolean {
    return this.#found !== undefined && this.du === duOf(this.#found) && this.path === pathOf(this.#found);
  }

  /** Takes over what the location service found; `$du` shows where it leads. */
  take(target: Target): void {
    this.uri = target.uri;
    this.#found = target;
    this.q = target.q;
    this.path = pathOf(target);
    this.du = duOf(target);
  }

  /** Takes over everything of another one. */
  become(other: BranchTarget): void {
    if (other === this) return;
    this.uri = other.uri;
    this.du = other.du;
    this.q = other.q;
    this.path = other.path;
    this.socket = other.socket;
    this.attributes = other.attributes && new Map(other.attributes);
    this.#found = other.#found;
    this.#flags = other.#flags && new Set(other.#flags);
  }

  copy(): BranchTarget {
    const copy = new BranchTarget(this.#uri);
    copy.become(this);
    return copy;
  }
}

function pathOf({ route }: Target): string | null {
  return route.length > 0 ? route.join(',') : null;
}

function duOf({ source, nextHop, route }: Target): string | null {
  if (nextHop !== undefined) return nextHop;
  if (route[0] !== undefined) return NameAddr.parse(route[0])?.uriText ?? null;
  if (source === undefined) return null;
  const transport = source.transport === 'udp' ? '' : `;transport=${source.transport}`;
  return `sip:${bracketed(source.address)}:${source.port}${transport}`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
