import type { RE2JS } from 're2js';
import { type Database, numberIn, type Row, textIn } from '../../db/database.ts';
import { column, requireTable, type TableLayout } from '../../db/table-layout.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { parseTimeExpression } from '../../time/recurrence-expression.ts';
import { Dialplan, type DialplanRule, perlPattern } from './rules.ts';

export const DIALPLAN_TABLE: TableLayout = {
  name: 'dialplan',
  version: 5,
  columns: [
    column('id', 'id'),
    column('dpid', 'int'),
    column('pr', 'int', 0),
    column('match_op', 'int'),
    column('match_exp', 'text'),
    column('match_flags', 'int', 0),
    column('subst_exp', 'text', null),
    column('repl_exp', 'text', null),
    column('timerec', 'text', null),
    column('disabled', 'int', 0),
    column('attrs', 'text', null),
  ],
};

/** The names of the columns as the script has them. */
export interface DialplanColumns {
  readonly dpid: string;
  readonly pr: string;
  readonly match_op: string;
  readonly match_exp: string;
  readonly match_flags: string;
  readonly subst_exp: string;
  readonly repl_exp: string;
  readonly timerec: string;
  readonly disabled: string;
  readonly attrs: string;
}

const ANY_CASE = 1;

/** The dialplans of one table. */
export class DialplanPartition {
  readonly name: string;
  readonly table: string;
  readonly database: Database;
  plans: ReadonlyMap<number, Dialplan> = new Map();
  readonly #context: ModuleContext;
  readonly #columns: DialplanColumns;

  constructor(
    name: string,
    table: string,
    context: ModuleContext,
    database: Database,
    columns: DialplanColumns,
  ) {
    this.name = name;
    this.table = table;
    this.database = database;
    this.#context = context;
    this.#columns = columns;
  }

  /** Reads the table; a rule that cannot be read is told, and left out. @throws ServerError STORE_UNAVAILABLE */
  async load(): Promise<void> {
    await requireTable(this.database, DIALPLAN_TABLE, this.table, ['id', ...Object.values(this.#columns)]);
    const plans = new Map<number, Dialplan>();
    for (const row of await this.database.select(this.table)) {
      if (numberIn(row, this.#columns.disabled) !== 0) continue;
      const rule = this.#read(row);
      if (typeof rule === 'string') {
        this.#context.log('error', `dialplan: rule ${numberIn(row, 'id')}: ${rule}`);
        continue;
      }
      const id = numberIn(row, this.#columns.dpid);
      const plan = plans.get(id) ?? new Dialplan();
      plans.set(id, plan);
      plan.add(rule);
    }
    this.plans = plans;
  }

  /** @returns what is wrong where it is no rule */
  #read(row: Row): DialplanRule | string {
    const columns = this.#columns;
    const expression = textIn(row, columns.match_exp);
    const anyCase = (numberIn(row, columns.match_flags) & ANY_CASE) !== 0;
    const byText = numberIn(row, columns.match_op) === 0;
    const pattern = byText ? undefined : perlPattern(expression, anyCase);
    if (!byText && pattern === undefined) return unreadable(expression);
    const substitution = textIn(row, columns.subst_exp);
    const substitute = substitution === '' ? undefined : perlPattern(substitution, anyCase);
    if (substitution !== '' && substitute === undefined) return unreadable(substitution);
    const replacement = textIn(row, columns.repl_exp);
    if (substitute !== undefined && highestGroup(replacement) > groupsOf(substitute))
      return `${JSON.stringify(replacement)} names a group that ${JSON.stringify(substitution)} has not`;
    const timerec = textIn(row, columns.timerec);
    const when = timerec === '' ? undefined : parseTimeExpression(timerec);
    if (timerec !== '' && when === undefined) return `${JSON.stringify(timerec)} is no time recurrence`;
    const wanted = anyCase ? expression.toLowerCase() : expression;
    return {
      id: numberIn(row, 'id'),
      priority: numberIn(row, columns.pr),
      byText,
      match:
        pattern === undefined
          ? (input: string) => (anyCase ? input.toLowerCase() : input) === wanted
          : (input: string) => pattern.matcher(input).find(),
      substitute,
      replacement,
      when,
      attrs: textIn(row, columns.attrs),
    };
  }
}

function unreadable(expression: string): string {
  return `${JSON.stringify(expression)} is no expression that can be matched in bounded time`;
}

function highestGroup(replacement: string): number {
  return Math.max(0, ...[...replacement.matchAll(/\\(\d)/g)].map(([, group]) => Number(group)));
}

function groupsOf(pattern: RE2JS): number {
  return pattern.groupCount();
}
