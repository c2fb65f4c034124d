import type { Answer } from 'dns-packet';
import type { RecordType } from './dns-query.ts';

/** What an answer says of a name. */
export interface DnsFinding {
  /** The name at the end of the aliases. */
  readonly name: string;
  /** Aliases followed (CNAME). */
  readonly aliases: number;
  /** Records of the type that was asked for, of that name alone. */
  readonly records: readonly Answer[];
  /** Seconds for which all of it holds. */
  readonly ttl: number;
}

/** For a denial without an SOA, which says how long it holds. */
const USUAL_DENIAL_TTL = 30;
const MOST_ALIASES = 8;

/**
 * Follows the aliases of an answer from the name that was asked for. Records of any other name are nobody's question,
 * and left aside.
 * @returns undefined where the aliases lead in a circle, or on and on
 */
export function findRecords(
  asked: string,
  type: RecordType,
  answers: readonly Answer[],
  authorities: readonly Answer[],
): DnsFinding | undefined {
  let name = asked.toLowerCase();
  let ttl = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= MOST_ALIASES; aliases++) {
    const own = answers.filter((answer) => answer.name.toLowerCase() === name);
    const records = own.filter((answer) => answer.type === type);
    if (records.length > 0) {
      return { name, aliases, records, ttl: Math.min(ttl, ...records.map(ttlOf)) };
    }
    const alias = own.find((answer) => answer.type === 'CNAME');
    if (alias?.type !== 'CNAME') {
      return { name, aliases, records, ttl: Math.min(ttl, denialTtl(name, authorities)) };
    }
    ttl = Math.min(ttl, ttlOf(alias));
    name = alias.data.toLowerCase();
  }
  return undefined;
}

/** RFC 2308 §5: the lesser of the SOA's own TTL and its minimum; only a zone above the name may deny it. */
function denialTtl(name: string, authorities: readonly Answer[]): number {
  for (const record of authorities) {
    if (record.type !== 'SOA') continue;
    const zone = record.name.toLowerCase();
    if (zone === '.' || name === zone || name.endsWith(`.${zone}`)) {
      return Math.min(ttlOf(record), record.data.minimum ?? USUAL_DENIAL_TTL);
    }
  }
  return USUAL_DENIAL_TTL;
}

/** RFC 2181 §8: a TTL with its highest bit set counts as zero. */
function ttlOf(record: Answer): number {
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0;
  return ttl > 0x7fffffff ? 0 : ttl;
}
