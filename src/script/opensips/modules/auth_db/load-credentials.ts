import type { Row } from '../../db/database.ts';
import { isIdentifier } from '../../db/table-layout.ts';
import type { Taken } from '../../frame/parameter.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { toInt } from '../../value.ts';

/** A column of a user that becomes an AVP. */
export interface LoadedColumn {
  readonly avp: string;
  readonly column: string;
}

/** `$avp(name)=column;column` */
export function readLoadedColumns(given: string | number): Taken<readonly LoadedColumn[]> {
  const columns: LoadedColumn[] = [];
  for (const part of String(given).split(';')) {
    if (part.trim() === '') continue;
    const match = /^\s*(?:\$avp\(([^()]+)\)\s*=\s*)?(\S+)\s*$/.exec(part);
    if (!match || !isIdentifier(match[2]!)) {
      return { ok: false, problem: `${part.trim()} is no column`, hint: 'write "$avp(name)=column;column"' };
    }
    columns.push({ avp: match[1]?.trim() ?? match[2]!, column: match[2]! });
  }
  return { ok: true, value: columns };
}

/** Puts what a row has into AVPs; nothing for NULL and the empty text. */
export function putColumns(m: ScriptMessage, columns: readonly LoadedColumn[], row: Row): void {
  for (const { avp, column } of columns) {
    const value = row[column];
    if (value === null || value === undefined || value === '') continue;
    m.avps.push(avp, typeof value === 'number' ? toInt(value) : value);
  }
}
