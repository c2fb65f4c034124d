import { SharedDatabases } from '../db/shared-databases.ts';
import { SqliteDatabase } from '../db/sqlite-database.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, listParameter } from '../frame/parameter.ts';

const { define } = moduleParts<SharedDatabases>();

export const module: ScriptModule = define({
  name: 'db_sqlite',
  summary: 'Serves `db_url`s of the form `sqlite:///path/to/file`: files of SQLite 3 with OpenSIPS’s tables.',
  serves: true,
  params: {
    alloc_limit: ignored('int', 'Rows that are allocated.', 'memory is taken as it is needed'),
    load_extension: listParameter('An extension of SQLite: `path[;entry point]`.'),
    busy_timeout: intParameter(500, 'Milliseconds to wait for another process that writes.'),
    exec_pragma: listParameter('`name=value` of a PRAGMA, for each file that is opened.'),
  },
  start: ({ busy_timeout, exec_pragma, load_extension }) => {
    const settings = { busyMs: busy_timeout, pragmas: exec_pragma, extensions: load_extension };
    return new SharedDatabases((url) => SqliteDatabase.open(url, settings));
  },
  notes:
    'A file that is not there is made, and so is a table that a module needs and the file has not: with the layout of OpenSIPS’s own schema. `exec_pragma` `journal_mode=wal` and `synchronous=normal` make writing many times faster, and lose nothing when the process ends.',
});
