import type { DbValue } from './database.ts';
import type { TableLayout } from './table-layout.ts';

type ColumnType = 'int' | 'double' | 'text';

interface TextColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** As the file has it: `name(int,auto)`. */
  readonly written: string;
  readonly nullable: boolean;
  readonly auto: boolean;
}

export type TextRow = Record<string, DbValue>;

/** What {@link TextTable.parse} finds wrong. */
export interface TextFault {
  readonly line: number;
  readonly message: string;
}

const TYPES: Readonly<Record<string, ColumnType>> = {
  i: 'int',
  l: 'int',
  t: 'int',
  d: 'double',
  s: 'text',
  b: 'text',
};

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  ':': ':',
  '0': '\0',
};

/** A table of db_text: a line of column definitions, then a row a line with `:` between the fields. */
export class TextTable {
  readonly columns: readonly TextColumn[];
  rows: TextRow[];
  /** Whether something was changed since it was read or written. */
  changed = false;
  #lastAuto: number;

  constructor(columns: readonly TextColumn[], rows: TextRow[] = []) {
    this.columns = columns;
    this.rows = rows;
    const auto = columns.find((it) => it.auto);
    this.#lastAuto = auto ? rows.reduce((most, row) => Math.max(most, Number(row[auto.name])), 0) : 0;
  }

  /** @param text a byte string */
  static parse(text: string): TextTable | TextFault {
    const [head = '', ...lines] = text.split(/\r?\n/);
    const columns: TextColumn[] = [];
    for (const written of head.match(/\S+\([^)]*\)/g) ?? []) {
      const column = readColumn(written);
      if (column === undefined) return { line: 1, message: `${written} is no column: write name(str,null)` };
      columns.push(column);
    }
    if (columns.length === 0) return { line: 1, message: 'the first line defines no columns' };
    const rows: TextRow[] = [];
    for (const [i, line] of lines.entries()) {
      if (line === '') continue;
      const row = readRow(line, columns);
      if (typeof row === 'string') return { line: i + 2, message: row };
      rows.push(row);
    }
    return new TextTable(columns, rows);
  }

  static of(layout: TableLayout): TextTable {
    const columns = layout.columns.map(({ name, type, initial }) => {
      const kind = { id: 'int,auto', text: 'string', int: 'int', float: 'double', datetime: 'int' }[type];
      return readColumn(`${name}(${kind}${initial === null ? ',null' : ''})`)!;
    });
    return new TextTable(columns);
  }

  /** Adds a row. @returns why it cannot be */
  insert(given: Readonly<Record<string, DbValue>>): string | undefined {
    const row: TextRow = {};
    for (const { name, type, auto, nullable } of this.columns) {
      let value = given[name];
      if (value === undefined && auto) value = this.#lastAuto + 1;
      row[name] = convert(value ?? null, type);
      if (auto) this.#lastAuto = Math.max(this.#lastAuto, Number(row[name]));
      if (row[name] === null && !nullable && !auto) {
        // There are no default values in such files.
        row[name] = type === 'text' ? '' : 0;
      }
    }
    const unknown = Object.keys(given).find((name) => !(name in row));
    if (unknown !== undefined) return `there is no column ${unknown}`;
    this.rows.push(row);
    this.changed = true;
    return undefined;
  }

  /** Changes a row of its own. */
  change(row: TextRow, changes: Readonly<Record<string, DbValue>>): void {
    for (const { name, type } of this.columns) {
      const value = changes[name];
      if (value !== undefined) row[name] = convert(value, type);
    }
    this.changed = true;
  }

  print(): string {
    const lines = [this.columns.map(({ written }) => written).join(' ')];
    for (const row of this.rows) lines.push(this.columns.map((it) => field(row[it.name]!, it)).join(':'));
    return `${lines.join('\n')}\n`;
  }
}

function readColumn(written: string): TextColumn | undefined {
  const match = /^([^\s(]+)\(\s*([a-z]+)\s*(?:,\s*([a-z]+)[^)]*)?\)$/i.exec(written);
  if (!match) return undefined;
  const type = TYPES[match[2]![0]!.toLowerCase()];
  if (type === undefined) return undefined;
  const attribute = match[3]?.[0]?.toLowerCase();
  return { name: match[1]!, type, written, nullable: attribute === 'n', auto: attribute === 'a' };
}

function readRow(line: string, columns: readonly TextColumn[]): TextRow | string {
  const fields = line.match(/(?:\\.|[^:\\])+|(?<=:|^)(?=:|$)/gs) ?? [];
  if (fields.length !== columns.length) return `${fields.length} fields, and ${columns.length} columns`;
  const row: TextRow = {};
  for (const [i, { name, type }] of columns.entries()) {
    const text = fields[i]!;
    if (type !== 'text' && text !== '' && Number.isNaN(Number(text))) return `${name}: ${text} is no number`;
    row[name] = text === '' ? null : type === 'text' ? unescaped(text) : Number(text);
  }
  return row;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, c: string) => ESCAPES[c] ?? c);
}

function field(value: DbValue, { type }: TextColumn): string {
  if (value === null) return '';
  if (type !== 'text') return type === 'double' ? Number(value).toFixed(2) : String(value);
  return String(value).replaceAll(/[\n\r\t\\:\0]/g, (c) => {
    return `\\${Object.keys(ESCAPES).find((key) => ESCAPES[key] === c)}`;
  });
}

function convert(value: DbValue, type: ColumnType): DbValue {
  if (value === null) return null;
  if (type === 'text') return String(value);
  const number = Number(value);
  return Number.isNaN(number) ? null : type === 'int' ? Math.trunc(number) : number;
}
