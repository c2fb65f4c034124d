import type { TransportName } from '../../net/transport-name.ts';

/** A value that may be there at once, so that nothing waits where nothing has to. */
export type MaybePromise<T> = T | Promise<T>;

/** Where a registration came from, as this server saw it. */
export interface Source {
  readonly transport: TransportName;
  /** Canonical IP address without brackets. */
  readonly address: string;
  readonly port: number;
}

/** One contact of an address-of-record (RFC 3261 §10). Plain data: stores write it as it is. */
export interface Binding {
  /** The address-of-record in canonical form, as `sip:alice@example.com`. */
  readonly aor: string;
  /** The contact URI as it was registered. */
  readonly contact: string;
  /** When it lapses, in ms since 1970. */
  readonly expiresAt: number;
  /** Preference in thousandths, 0 to 1000. */
  readonly q: number;
  readonly callId: string;
  readonly cseq: number;
  /** The values of Path, topmost first (RFC 3327). */
  readonly path: readonly string[];
  readonly received: Source;
  /** The symbolic name of the listener that received it. */
  readonly listener: string;
  /** The connection that it came in on, 0 for datagrams; means something only under the same {@link bootId}. */
  readonly connectionId: number;
  /** Which run of the server wrote {@link connectionId}. */
  readonly bootId: string;
  /** Whether the contact lies behind a NAT, so that it is reached at {@link received}. */
  readonly natted: boolean;
  /** `+sip.instance` (RFC 5626), quotes and brackets taken off; '' where there is none. */
  readonly instance: string;
  /** `reg-id` (RFC 5626); 0 where there is none. */
  readonly regId: number;
  readonly userAgent: string;
  /** When it was last written, in ms since 1970. */
  readonly updatedAt: number;
  /** What a script keeps with it. */
  readonly notes?: BindingNotes | undefined;
}

/** What a script knows of a contact besides. */
export interface BindingNotes {
  readonly id: string;
  /** Flags of the branch that it becomes, by name. */
  readonly flags: readonly string[];
  /** The URI that it is said to have come from; '' where nothing is said. */
  readonly received: string;
  /** q in thousandths as it was given; -1 where it was not. */
  readonly q: number;
  /** A bit for each method that it takes; -1 for all. */
  readonly methods: number;
  readonly attributes: string;
  /** Kept out of any database. */
  readonly memoryOnly: boolean;
  /** Texts by name. */
  readonly keys?: Readonly<Record<string, string>> | undefined;
}

/** The location service: all bindings by address-of-record. What `save` has answered for is not lost by a kill. */
export interface LocationStore extends AsyncDisposable {
  /** The bindings of an address-of-record, lapsed ones included; empty where there are none. */
  find(aor: string): MaybePromise<readonly Binding[]>;
  /** As {@link find}, for whoever is about to change them, where somebody else may have done so meanwhile. */
  findToChange?(aor: string): MaybePromise<readonly Binding[]>;
  /** Puts all bindings of an address-of-record in place of the old ones; an empty list removes it. */
  save(aor: string, bindings: readonly Binding[]): MaybePromise<void>;
  /** Every binding, for keep-alives, expiry and administration, in no order. */
  all(): Iterable<Binding> | AsyncIterable<Binding>;
  /** How many bindings there are. */
  count(): MaybePromise<number>;
}
