import { addressBytes, canonicalHost, ipFamily } from '../../../../base/ip.ts';
import type { Row } from '../../db/database.ts';
import { numberIn, textIn } from '../../db/database.ts';
import { column, type TableLayout } from '../../db/table-layout.ts';
import { globMatcher } from '../cachedb_local/glob.ts';

/** OpenSIPS's table `address`. */
export const ADDRESS: TableLayout = {
  name: 'address',
  version: 5,
  columns: [
    column('id', 'id'),
    column('grp', 'int', 0),
    column('ip', 'text'),
    column('mask', 'int', 32),
    column('port', 'int', 0),
    column('proto', 'text', 'any'),
    column('pattern', 'text', null),
    column('context_info', 'text', null),
  ],
};

/** What the columns are called. */
export interface AddressColumns {
  readonly grp: string;
  readonly ip: string;
  readonly mask: string;
  readonly port: string;
  readonly proto: string;
  readonly pattern: string;
  readonly info: string;
}

/** One row that counts. */
export interface AddressEntry {
  readonly group: number;
  /** Canonical. */
  readonly ip: string;
  readonly mask: number;
  /** 0 for any. */
  readonly port: number;
  /** `any`, or a transport in lower case. */
  readonly proto: string;
  readonly pattern: string;
  readonly info: string;
  readonly matches: ((text: string) => boolean) | undefined;
}

/** What is looked for. */
export interface AddressQuestion {
  /** 0 for any. */
  readonly group: number;
  readonly ip: string;
  readonly port: number;
  readonly proto: string;
  readonly pattern: string | undefined;
}

/** Of the lengths of a group's masks, the longest first. */
class Group {
  readonly #byNetwork = new Map<string, AddressEntry[]>();
  readonly #masks = new Set<number>();
  #sorted: readonly number[] = [];

  add(entry: AddressEntry, bytes: readonly number[]): void {
    const key = networkKey(bytes, entry.mask);
    const known = this.#byNetwork.get(key);
    if (known === undefined) this.#byNetwork.set(key, [entry]);
    else known.push(entry);
    this.#masks.add(entry.mask);
    this.#sorted = [...this.#masks].sort((a, b) => b - a);
  }

  find(bytes: readonly number[], wanted: (entry: AddressEntry) => boolean): AddressEntry | undefined {
    for (const mask of this.#sorted) {
      if (mask > bytes.length * 8) continue;
      const found = this.#byNetwork.get(networkKey(bytes, mask))?.find(wanted);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The addresses of a partition, by their groups. */
export class AddressTable {
  readonly entries: AddressEntry[] = [];
  readonly #groups = new Map<number, Group>();
  /** Rows that cannot be used. */
  skipped = 0;

  constructor(rows: readonly Row[], columns: AddressColumns) {
    for (const row of rows) {
      const entry = entryOf(row, columns);
      if (entry === undefined) {
        this.skipped++;
        continue;
      }
      const group = this.#groups.get(entry.group) ?? new Group();
      this.#groups.set(entry.group, group);
      group.add(entry, addressBytes(entry.ip));
      this.entries.push(entry);
    }
  }

  /** @returns -2 where there is no such group, -1 where nothing matches */
  find({ group, ip, port, proto, pattern }: AddressQuestion): AddressEntry | -1 | -2 {
    const bytes = addressBytes(ip);
    const wanted = (it: AddressEntry): boolean =>
      (it.proto === 'any' || proto === 'any' || it.proto === proto) &&
      (it.port === 0 || port === 0 || it.port === port) &&
      (it.matches === undefined || pattern === undefined || it.matches(pattern));
    if (group !== 0) {
      const meant = this.#groups.get(group);
      return meant === undefined ? -2 : (meant.find(bytes, wanted) ?? -1);
    }
    for (const each of this.#groups.values()) {
      const found = each.find(bytes, wanted);
      if (found !== undefined) return found;
    }
    return -1;
  }
}

const TRANSPORTS: ReadonlySet<string> = new Set(['any', 'udp', 'tcp', 'tls', 'sctp', 'ws', 'wss']);

function entryOf(row: Row, columns: AddressColumns): AddressEntry | undefined {
  const text = textIn(row, columns.ip);
  const family = ipFamily(text);
  const proto = textIn(row, columns.proto).toLowerCase() || 'any';
  const [group, mask, port] = [columns.grp, columns.mask, columns.port].map((name) => numberIn(row, name));
  if (family === 0 || !TRANSPORTS.has(proto) || group! < 0 || mask! < 0) return undefined;
  if (mask! > (family === 4 ? 32 : 128)) return undefined;
  const pattern = textIn(row, columns.pattern);
  return {
    group: group!,
    ip: canonicalHost(text),
    mask: mask!,
    port: port!,
    proto,
    pattern,
    info: textIn(row, columns.info),
    matches: pattern === '' ? undefined : globMatcher(pattern),
  };
}

/** The bits of a network, and how long they are. */
function networkKey(bytes: readonly number[], mask: number): string {
  let key = `${bytes.length}/${mask}/`;
  for (let i = 0; i * 8 < mask; i++) {
    const left = mask - i * 8;
    key += `${left >= 8 ? bytes[i]! : bytes[i]! & (0xff << (8 - left))}.`;
  }
  return key;
}

/** The bits of a mask as an address: `255.255.0.0`. */
export function maskText(ip: string, mask: number): string {
  const bytes = addressBytes(ip).map((_, i) => {
    const left = Math.min(8, Math.max(0, mask - i * 8));
    return (0xff << (8 - left)) & 0xff;
  });
  if (bytes.length === 4) return bytes.join('.');
  const words: string[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return canonicalHost(words.join(':'));
}
