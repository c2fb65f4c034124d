import { canonicalHost, formatHostPort } from '../../../../base/ip.ts';
import type { Binding, Source } from '../../../../core/registrar/location-store.ts';
import type { Listener } from '../../../../net/listener.ts';
import { defaultPort, transportName } from '../../../../net/transport-name.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { splitRoutes } from '../../core/route-list.ts';
import { type DbInput, numberIn, type Row, textIn } from '../../db/database.ts';
import { column, type TableLayout } from '../../db/table-layout.ts';
import { socketNamed } from '../../runtime/socket-names.ts';

/** OpenSIPS's table `location`. */
export const LOCATION: TableLayout = {
  name: 'location',
  version: 1013,
  columns: [
    column('contact_id', 'id'),
    column('username', 'text', ''),
    column('domain', 'text', null),
    column('contact', 'text'),
    column('received', 'text', null),
    column('path', 'text', null),
    column('expires', 'int'),
    column('q', 'float', 1),
    column('callid', 'text', 'Default-Call-ID'),
    column('cseq', 'int', 13),
    column('last_modified', 'datetime', '1900-01-01 00:00:01'),
    column('flags', 'int', 0),
    column('cflags', 'text', null),
    column('user_agent', 'text', ''),
    column('socket', 'text', null),
    column('methods', 'int', null),
    column('sip_instance', 'text', null),
    column('kv_store', 'text', null),
    column('attr', 'text', null),
  ],
};

/** What each column is called by the script, by its name in {@link LOCATION}. */
export type LocationColumns = Readonly<
  Record<
    | 'contact_id'
    | 'username'
    | 'domain'
    | 'contact'
    | 'received'
    | 'path'
    | 'expires'
    | 'q'
    | 'callid'
    | 'cseq'
    | 'flags'
    | 'cflags'
    | 'user_agent'
    | 'socket'
    | 'methods'
    | 'sip_instance'
    | 'kv_store'
    | 'attr',
    string
  >
>;

/** A binding that never lapses: OpenSIPS writes 0. */
export const PERMANENT = 253_402_300_799_000;

/** Turns bindings into rows and back. */
export class LocationRows {
  readonly columns: LocationColumns;
  readonly #useDomain: boolean;
  readonly #listeners: () => readonly Listener[];
  /** The key of an address-of-record, and the address-of-record of a key. */
  readonly #keyOf: (aor: string) => string;
  readonly #aorOf: (key: string) => string;

  constructor(parts: {
    readonly columns: LocationColumns;
    readonly useDomain: boolean;
    readonly listeners: () => readonly Listener[];
    readonly keyOf: (aor: string) => string;
    readonly aorOf: (key: string) => string;
  }) {
    this.columns = parts.columns;
    this.#useDomain = parts.useDomain;
    this.#listeners = parts.listeners;
    this.#keyOf = parts.keyOf;
    this.#aorOf = parts.aorOf;
  }

  /** The names of all columns that are used. */
  get used(): readonly string[] {
    const { domain, ...others } = this.columns;
    return ['last_modified', ...Object.values(others), ...(this.#useDomain ? [domain] : [])];
  }

  /** The columns that tell one address-of-record. */
  owner(key: string): Record<string, string> {
    const { username, domain } = this.columns;
    const aor = this.#aorOf(key);
    if (!this.#useDomain) return { [username]: aor };
    const at = aor.indexOf('@');
    return { [username]: at < 0 ? '' : aor.slice(0, at), [domain]: aor.slice(at + 1) };
  }

  rowOf(binding: Binding): Record<string, DbInput> {
    const { columns } = this;
    const { notes } = binding;
    return {
      [columns.contact_id]: Number(notes?.id ?? 0),
      ...this.owner(binding.aor),
      [columns.contact]: binding.contact,
      [columns.received]: orNull(notes?.received),
      [columns.path]: orNull(binding.path.join(',')),
      [columns.expires]: binding.expiresAt === PERMANENT ? 0 : Math.floor(binding.expiresAt / 1000),
      [columns.q]: (notes?.q ?? binding.q) < 0 ? -1 : binding.q / 1000,
      [columns.callid]: binding.callId,
      [columns.cseq]: binding.cseq,
      last_modified: new Date(binding.updatedAt),
      [columns.flags]: 0,
      [columns.cflags]: (notes?.flags ?? []).join(' '),
      [columns.user_agent]: binding.userAgent,
      [columns.socket]: this.#socketOf(binding.listener),
      [columns.methods]: notes === undefined || notes.methods < 0 ? null : notes.methods,
      [columns.sip_instance]: binding.instance === '' ? null : `<${binding.instance}>`,
      [columns.kv_store]: notes?.keys === undefined ? null : JSON.stringify(notes.keys),
      [columns.attr]: orNull(notes?.attributes),
    };
  }

  /** @returns undefined for a row that no contact can be made of */
  bindingOf(row: Row): Binding | undefined {
    const { columns } = this;
    const contact = textIn(row, columns.contact);
    const uri = Uri.parse(contact);
    if (uri === undefined) return undefined;
    const user = textIn(row, columns.username);
    const domain = this.#useDomain ? textIn(row, columns.domain) : '';
    const aor = domain === '' ? user : user === '' ? domain : `${user}@${domain}`;
    const received = textIn(row, columns.received);
    const expires = numberIn(row, columns.expires);
    const q = row[columns.q] === null ? -1 : Math.round(numberIn(row, columns.q) * 1000);
    const methods = row[columns.methods];
    return {
      aor: this.#keyOf(aor),
      contact,
      expiresAt: expires === 0 ? PERMANENT : expires * 1000,
      q: q < 0 ? 1000 : Math.min(q, 1000),
      callId: textIn(row, columns.callid),
      cseq: numberIn(row, columns.cseq),
      path: splitRoutes(textIn(row, columns.path)),
      received: sourceOf(received === '' ? uri : (Uri.parse(received) ?? uri)),
      listener: socketNamed(textIn(row, columns.socket), this.#listeners())?.name ?? '',
      connectionId: 0,
      bootId: '',
      natted: received !== '',
      instance: textIn(row, columns.sip_instance).replace(/^<(.*)>$/, '$1'),
      regId: 0,
      userAgent: textIn(row, columns.user_agent),
      updatedAt: numberIn(row, 'last_modified') * 1000,
      notes: {
        id: textIn(row, columns.contact_id),
        flags: textIn(row, columns.cflags)
          .split(' ')
          .filter((flag) => flag !== ''),
        received,
        q,
        methods: methods === null || methods === undefined ? -1 : Number(methods),
        attributes: textIn(row, columns.attr),
        memoryOnly: false,
        keys: readKeys(textIn(row, columns.kv_store)),
      },
    };
  }

  #socketOf(name: string): string | null {
    const listener = this.#listeners().find((it) => it.name === name);
    return listener === undefined ? null : printedSocket(listener);
  }
}

/** A socket as others see it: `udp:99.88.44.33:5060`. */
export function printedSocket({ transport, address, port, advertised }: Listener): string {
  return `${transport}:${formatHostPort(advertised?.host ?? address, advertised?.port ?? port)}`;
}

/** Where a URI leads without asking names; hosts that are names stay as they are. */
export function sourceOf(uri: Uri): Source {
  const transport = transportName((uri.param('transport') ?? 'udp').toLowerCase()) ?? 'udp';
  return { transport, address: canonicalHost(uri.host), port: uri.port ?? defaultPort(transport) };
}

function orNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

function readKeys(text: string): Readonly<Record<string, string>> | undefined {
  if (text === '') return undefined;
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found !== 'object' || found === null) return undefined;
    const entries = Object.entries(found).filter(([, value]) => typeof value === 'string');
    return Object.fromEntries(entries) as Record<string, string>;
  } catch {
    return undefined;
  }
}
