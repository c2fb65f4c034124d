import type { NetworkInterfaceInfo } from 'node:os';
import { BoundedMap } from '../base/bounded-map.ts';
import { Cidr, LOOPBACK_NETWORKS, PRIVATE_NETWORKS } from '../base/ip.ts';
import type { AddressParts } from '../net/listener.ts';

/** What is printed to the hosts of a network; `bound` prints the listener's own address. */
export interface DestinationRule {
  readonly network: Cidr;
  readonly as: AddressParts | 'bound';
}

/** As `os.networkInterfaces()` gives it. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

export interface NetworkSettings {
  /** The networks that see bound addresses; undefined for the default, an empty list for none. */
  readonly inside?: readonly Cidr[] | undefined;
  readonly rules?: readonly DestinationRule[] | undefined;
  /** The machine's interfaces, of which the default inside takes the subnets. */
  readonly interfaces?: Interfaces | undefined;
}

/** All destinations that are treated alike; one object per class, so that answers can be kept by identity. */
export interface DestinationClass {
  readonly rule: DestinationRule | undefined;
  /** The inside network that the destination lies in. */
  readonly inside: Cidr | undefined;
  /**
   * The destination is inside only as a neighbour on a subnet with public addresses. A listener on a private address of
   * the same machine cannot be reached from there by that address, so this alone does not make it print it.
   */
  readonly publicNeighbour: boolean;
  /** The Internet does not route to it. */
  readonly unrouted: boolean;
}

const OUTSIDE: DestinationClass = Object.freeze({
  rule: undefined,
  inside: undefined,
  publicNeighbour: false,
  unrouted: false,
});

const CACHED_DESTINATIONS = 16_384;

const UNROUTED: readonly Cidr[] = parsed([...PRIVATE_NETWORKS, ...LOOPBACK_NETWORKS]);
const LOOPBACK: readonly Cidr[] = parsed(LOOPBACK_NETWORKS);

/** Which destinations are inside, and which rule speaks for each. Immutable but for its cache. */
export class Networks {
  readonly inside: readonly Cidr[];
  readonly rules: readonly DestinationRule[];
  readonly #subnets: readonly Cidr[];
  readonly #configured: boolean;
  readonly #classes: DestinationClass[] = [OUTSIDE];
  readonly #byAddress = new BoundedMap<string, DestinationClass>(CACHED_DESTINATIONS, 'drop-oldest');

  constructor(settings: NetworkSettings = {}) {
    this.#configured = settings.inside !== undefined;
    this.inside = settings.inside ?? UNROUTED;
    this.#subnets = this.#configured ? [] : ownSubnets(settings.interfaces ?? {});
    // A stable sort: of two rules for equally long prefixes the one written first wins.
    this.rules = [...(settings.rules ?? [])].sort((a, b) => b.network.prefix - a.network.prefix);
  }

  /** @param address an IP address, brackets allowed; a name is never inside */
  isInside(address: string): boolean {
    return this.classOf(address).inside !== undefined;
  }

  /** Whether strangers cannot reach an address by themselves: it is inside, private, or loopback. */
  isSheltered(address: string): boolean {
    const found = this.classOf(address);
    return found.inside !== undefined || found.unrouted;
  }

  /**
   * Whether a listener bound to this address has an inside at all. One on loopback has none: all its peers are on
   * loopback, and whoever gives it an `as` wants it printed. Neither has one on a public address, for everybody can
   * reach that; unless the configuration names its network as inside.
   */
  hasInside(bound: string): boolean {
    if (LOOPBACK.some((network) => network.contains(bound))) return false;
    return (this.#configured ? [...UNROUTED, ...this.inside] : UNROUTED).some((network) =>
      network.contains(bound),
    );
  }

  /** @param address the IP address of the next hop; undefined (not known) counts as outside */
  classOf(address: string | undefined): DestinationClass {
    if (address === undefined) return OUTSIDE;
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    const found = this.#classify(address);
    this.#byAddress.set(address, found);
    return found;
  }

  #classify(address: string): DestinationClass {
    const rule = this.rules.find((candidate) => candidate.network.contains(address));
    const named = this.inside.find((network) => network.contains(address));
    const inside = named ?? this.#subnets.find((network) => network.contains(address));
    const publicNeighbour = inside !== undefined && named === undefined;
    const unrouted =
      this.inside === UNROUTED ? named !== undefined : UNROUTED.some((network) => network.contains(address));
    const same = this.#classes.find(
      (it) =>
        it.rule === rule &&
        it.inside === inside &&
        it.publicNeighbour === publicNeighbour &&
        it.unrouted === unrouted,
    );
    if (same !== undefined) return same;
    const created: DestinationClass = Object.freeze({ rule, inside, publicNeighbour, unrouted });
    this.#classes.push(created);
    return created;
  }
}

function parsed(texts: readonly string[]): readonly Cidr[] {
  return texts.map((text) => Cidr.parse(text)).filter((network) => network !== undefined);
}

function ownSubnets(interfaces: Interfaces): readonly Cidr[] {
  const texts = Object.values(interfaces).flatMap((addresses) =>
    (addresses ?? []).map((it) => it.cidr ?? ''),
  );
  return parsed(texts);
}
