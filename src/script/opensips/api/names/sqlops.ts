// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Statements of databases, and preferences of users, for scripts. */
export interface SqlopsNames {
  /** Runs a statement; what it finds goes into AVPs, `$avp(1)`, `$avp(2)` … where none are named. */
  sql_query(query: Argument, res_col_avps?: string, db_id?: Argument): boolean | Promise<boolean>;
  /** Runs a statement; the first row that it finds goes into variables. */
  sql_query_one(query: Argument, res_col_vars?: string, db_id?: Argument): boolean | Promise<boolean>;
  /** Finds rows of a table; what it finds goes into AVPs. */
  sql_select(columns: Argument, table: Argument, filter?: Argument, order?: Argument, res_col_avps?: string, db_id?: Argument): boolean | Promise<boolean>;
  /** Finds the first row of a table that matches; it goes into variables. */
  sql_select_one(columns: Argument, table: Argument, filter?: Argument, order?: Argument, res_col_vars?: string, db_id?: Argument): boolean | Promise<boolean>;
  /** Changes rows of a table. */
  sql_update(columns: Argument, table: Argument, filter?: Argument, db_id?: Argument): boolean | Promise<boolean>;
  /** Adds a row to a table. */
  sql_insert(table: Argument, columns: Argument, db_id?: Argument): boolean | Promise<boolean>;
  /** Adds a row to a table, in place of one with the same keys; SQLite and MySQL have that. */
  sql_replace(table: Argument, columns: Argument, db_id?: Argument): boolean | Promise<boolean>;
  /** Deletes rows of a table; all of them where no filter is given. */
  sql_delete(table: Argument, filter?: Argument, db_id?: Argument): boolean | Promise<boolean>;
  /** Puts preferences of somebody into AVPs. */
  sql_avp_load(source: Argument, name: Argument, db_id?: Argument, prefix?: Argument): boolean | Promise<boolean>;
  /** Writes AVPs into the preferences of somebody. */
  sql_avp_store(source: Argument, name: Argument, db_id?: Argument): boolean | Promise<boolean>;
  /** Deletes preferences of somebody. */
  sql_avp_delete(source: Argument, name: Argument, db_id?: Argument): boolean | Promise<boolean>;
}
