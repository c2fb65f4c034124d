import type { MaybePromise } from '../../../../core/registrar/location-store.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { type Condition, type Database, equal, type Row, textIn } from '../../db/database.ts';
import { column, type TableLayout } from '../../db/table-layout.ts';
import type { ParsedArgument } from '../../frame/argument.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { textOf, toInt, type Value } from '../../value.ts';

/** OpenSIPS's table `usr_preferences`. */
export const PREFERENCES: TableLayout = {
  name: 'usr_preferences',
  version: 3,
  columns: [
    column('id', 'id'),
    column('uuid', 'text', ''),
    column('username', 'text', ''),
    column('domain', 'text', ''),
    column('attribute', 'text', ''),
    column('type', 'int', 0),
    column('value', 'text', ''),
    column('last_modified', 'datetime', '1900-01-01 00:00:01'),
  ],
};

/** The bits of the column `type`: name, and value, are numbers. */
const VALUE_IS_NUMBER = 2;

/** What the columns are called, and whether domains count. */
export interface PreferenceSettings {
  readonly table: string;
  readonly uuid: string;
  readonly username: string;
  readonly domain: string;
  readonly attribute: string;
  readonly value: string;
  readonly type: string;
  readonly useDomain: boolean;
}

/** A table of another form, by `db_scheme`. */
export interface Scheme {
  readonly table: string | undefined;
  readonly uuid: string | undefined;
  readonly username: string | undefined;
  readonly domain: string | undefined;
  readonly value: string | undefined;
  readonly numbers: boolean;
}

/** Whose preferences: `$ru/username`. */
export interface Source {
  /** A format. */
  readonly format: string;
  readonly by: 'uri' | 'username' | 'domain' | 'uuid';
}

/** Which: one AVP by its name or all (undefined), in another table or by a scheme. */
export interface Wanted {
  readonly name: string | undefined;
  readonly table: string | undefined;
  readonly scheme: string | undefined;
}

const URIS: ReadonlySet<string> = new Set(['$ru', '$fu', '$tu', '$ou']);

/** `$ru`, `$var(x)/uuid`, `alice/username` */
export function readSource(text: string): ParsedArgument<Source> {
  const match = /^(.+?)(?:\/(username|domain|uri|uuid))?$/.exec(text.trim());
  if (!match) return { ok: false, problem: 'it names nobody', hint: 'write "$ru" or "$avp(id)/uuid"' };
  const format = match[1]!;
  const by = (match[2] as Source['by'] | undefined) ?? (URIS.has(format) ? 'uri' : 'uuid');
  return { ok: true, value: { format, by } };
}

/** `$avp(name)`, `*`, `$avp(name)/table`, `$avp(name)/$scheme`; older scripts write `s` and `i` for all. */
export function readWanted(text: string): ParsedArgument<Wanted> {
  const match = /^(?:\$avp\(([^()$]+)\)|([*aAsSiI]\d*))(?:\/(\$?)([A-Za-z_][A-Za-z0-9_]*))?$/.exec(
    text.trim(),
  );
  if (!match) {
    return {
      ok: false,
      problem: `${JSON.stringify(text)} names no AVP`,
      hint: 'write "$avp(name)", "*", "$avp(name)/table" or "$avp(name)/$scheme"',
    };
  }
  const [, name, , dollar, place] = match;
  const scheme = dollar === '$' ? place : undefined;
  return { ok: true, value: { name, table: scheme === undefined ? place : undefined, scheme } };
}

/** `name:table=subscriber;uuid_col=uuid;value_col=first_name` */
export function readScheme(text: string): [name: string, scheme: Scheme] | string {
  const match = /^\s*([^:\s]+)\s*:\s*(.+)$/s.exec(text);
  if (!match) return `${text} is no scheme: write "name:table=subscriber;value_col=column"`;
  const parts = new Map<string, string>();
  for (const part of match[2]!.split(';')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals)).trim();
    if (part.trim() === '') continue;
    if (!['uuid_col', 'username_col', 'domain_col', 'value_col', 'value_type', 'table'].includes(key)) {
      return `${part.trim()} means nothing in a scheme`;
    }
    parts.set(key, part.slice(equals + 1).trim());
  }
  const get = (name: string) => parts.get(name);
  const scheme = {
    table: get('table'),
    uuid: get('uuid_col'),
    username: get('username_col'),
    domain: get('domain_col'),
    value: get('value_col'),
    numbers: get('value_type') === 'integer',
  };
  return [match[1]!, scheme];
}

/** The conditions that tell whose rows are meant; undefined where the source holds nothing of the kind. */
function conditions(
  m: ScriptMessage,
  { format, by }: Source,
  settings: PreferenceSettings,
  scheme: Scheme | undefined,
): Record<string, string> | undefined {
  const text = textOf(m.program.evaluate(m, format));
  if (text === undefined || text === '') return undefined;
  const uuid = scheme?.uuid ?? settings.uuid;
  if (by === 'uuid') return { [uuid]: text };
  const uri = Uri.parse(text);
  if (uri === undefined) return undefined;
  const where: Record<string, string> = {};
  if (by !== 'domain') {
    if (uri.user === undefined || uri.user === '') return undefined;
    where[scheme?.username ?? settings.username] = uri.user;
  }
  if (by === 'domain' || (by === 'uri' && settings.useDomain)) {
    where[scheme?.domain ?? settings.domain] = uri.host;
  }
  return where;
}

/** Puts what a table has into AVPs. @returns whether there was something */
export function load(
  m: ScriptMessage,
  database: Database,
  settings: PreferenceSettings,
  source: Source,
  wanted: Wanted,
  scheme: Scheme | undefined,
  prefix: string,
): MaybePromise<boolean> {
  const owner = conditions(m, source, settings, scheme);
  if (owner === undefined || (scheme !== undefined && wanted.name === undefined)) return false;
  const { value, attribute, type } = settings;
  const valueColumn = scheme?.value ?? value;
  const where: Condition[] = equal(owner);
  if (scheme === undefined && wanted.name !== undefined) where.push(...equal({ [attribute]: wanted.name }));
  const columns = scheme === undefined ? [valueColumn, attribute, type] : [valueColumn];
  const table = wanted.table ?? scheme?.table ?? settings.table;
  return whenReady(database.select(table, { columns, where }), (rows) => {
    let loaded = false;
    for (const row of rows) {
      const numeric = scheme?.numbers ?? (Number(row[type]) & VALUE_IS_NUMBER) !== 0;
      const read = preferenceIn(row, valueColumn, numeric);
      if (read === undefined) continue;
      loaded = m.avps.push(prefix + (wanted.name ?? textIn(row, attribute)), read) || loaded;
    }
    return loaded;
  });
}

function preferenceIn(row: Row, name: string, numeric: boolean): Value | undefined {
  const value = row[name];
  if (value === null || value === undefined) return undefined;
  if (!numeric) return String(value);
  return /^-?\d+$/.test(String(value)) ? toInt(Number(value)) : undefined;
}

/** Writes AVPs into a table. @returns whether there were some */
export function store(
  m: ScriptMessage,
  database: Database,
  settings: PreferenceSettings,
  source: Source,
  wanted: Wanted,
): MaybePromise<boolean> {
  const owner = conditions(m, source, settings, undefined);
  if (owner === undefined) return false;
  const names = wanted.name === undefined ? [...m.avps.names()] : [wanted.name];
  const rows = names.flatMap((name) => m.avps.all(name).map((value) => [name, value] as const));
  const from = (at: number): MaybePromise<void> => {
    for (let i = at; i < rows.length; i++) {
      const [name, value] = rows[i]!;
      const written = database.insert(wanted.table ?? settings.table, {
        ...owner,
        [settings.attribute]: name,
        [settings.value]: textOf(value) ?? '',
        [settings.type]: typeof value === 'number' ? VALUE_IS_NUMBER : 0,
      });
      if (written instanceof Promise) return written.then(() => from(i + 1));
    }
    return undefined;
  };
  return whenReady(from(0), () => rows.length > 0);
}

/** Deletes rows of a table. */
export function remove(
  m: ScriptMessage,
  database: Database,
  settings: PreferenceSettings,
  source: Source,
  wanted: Wanted,
): MaybePromise<boolean> {
  const owner = conditions(m, source, settings, undefined);
  if (owner === undefined) return false;
  const where = { ...owner, ...(wanted.name !== undefined && { [settings.attribute]: wanted.name }) };
  return whenReady(database.delete(wanted.table ?? settings.table, equal(where)), () => true);
}
