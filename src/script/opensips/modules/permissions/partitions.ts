import { DbUrl } from '../../db/db-url.ts';
import type { Taken } from '../../frame/parameter.ts';

/** Where the addresses of a partition are. */
export interface PartitionSource {
  readonly url: DbUrl | undefined;
  readonly table: string | undefined;
}

/** `name: db_url = …; table_name = …` */
export function readPartition(
  given: string | number,
  before: ReadonlyMap<string, PartitionSource>,
): Taken<ReadonlyMap<string, PartitionSource>> {
  const match = /^\s*([A-Za-z0-9_]+)\s*:(.*)$/s.exec(String(given));
  if (!match) {
    return {
      ok: false,
      problem: `${JSON.stringify(given)} is no partition`,
      hint: 'write "name: db_url = sqlite:///path; table_name = address"',
    };
  }
  let url: DbUrl | undefined;
  let table: string | undefined;
  for (const part of match[2]!.split(';')) {
    const equals = part.indexOf('=');
    const [name, value] = [part.slice(0, Math.max(0, equals)).trim(), part.slice(equals + 1).trim()];
    if (part.trim() === '') continue;
    if (name === 'table_name') table = value;
    else if (name === 'db_url') {
      url = DbUrl.parse(value);
      if (url === undefined) return { ok: false, problem: `${value} is no database URL` };
    } else
      return { ok: false, problem: `${part.trim()} means nothing`, hint: 'it has db_url and table_name' };
  }
  return { ok: true, value: new Map([...before, [match[1]!, { url, table }]]) };
}
