import type { Database, DatabaseDriver, DbInput } from '../db/database.ts';

/** A database module whose databases are read and never changed; anything else as it is. */
export function readOnlyDriver(state: unknown, note: (what: string) => void): unknown {
  if (!isDriver(state)) return state;
  const driver: DatabaseDriver & AsyncDisposable = {
    connect: async (url) => readOnly(await state.connect(url), note),
    shared: async (url) => readOnly(await state.shared(url), note),
    [Symbol.asyncDispose]: async () => await (state as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.(),
  };
  return driver;
}

function isDriver(state: unknown): state is DatabaseDriver {
  return typeof state === 'object' && state !== null && 'connect' in state && 'shared' in state;
}

function readOnly(database: Database, note: (what: string) => void): Database {
  const told = (verb: string, table: string, values: Readonly<Record<string, DbInput>> | undefined) =>
    note(`${verb} ${table} ${values === undefined ? '' : JSON.stringify(values)}`.trimEnd());
  return {
    url: database.url,
    select: (table, selection) => database.select(table, selection),
    columnsOf: (table) => database.columnsOf(table),
    insert: (table, row) => told('insert into', table, row),
    upsert: (table, _keys, row) => told('insert or update', table, row),
    replace: (table, row) => told('replace into', table, row),
    update: (table, changes) => {
      told('update', table, changes);
      return 0;
    },
    delete: (table) => {
      told('delete from', table, undefined);
      return 0;
    },
    raw: (statement) => {
      if (/^\s*select\b/i.test(statement)) return database.raw(statement);
      note(statement);
      return { columns: [], rows: [] };
    },
    together: (job) => job(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
