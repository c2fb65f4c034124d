import { dirname } from 'node:path';
import { ServerError } from '../../../base/errors.ts';
import { SharedDatabases } from '../db/shared-databases.ts';
import { TextDatabase } from '../db/text-database.ts';
import { CommandError } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter } from '../frame/parameter.ts';

const { define } = moduleParts<SharedDatabases<TextDatabase>>();

/** @throws CommandError where a file cannot be read or written */
function tell<T>(job: () => T): T {
  try {
    return job();
  } catch (error) {
    if (error instanceof ServerError) throw new CommandError(500, error.message);
    throw error;
  }
}

function databases(state: SharedDatabases<TextDatabase>): TextDatabase[] {
  return [...state.all].filter((it): it is TextDatabase => !(it instanceof Promise));
}

export const module: ScriptModule = define({
  name: 'db_text',
  sharedState: true,
  summary:
    'Serves `db_url`s of the form `text:///path/to/folder`: folders whose files are tables, for small set-ups.',
  serves: true,
  params: {
    db_mode: intParameter(
      0,
      '0: tables are kept in memory, and written at the end and by `db_text:dump`; 1: files are looked at before each use, and written with each change.',
      { least: 0, most: 1 },
    ),
    buffer_size: ignored('int', 'Memory for reading.', 'memory is taken as it is needed'),
  },
  start: ({ db_mode }, { program }) =>
    new SharedDatabases((url) => new TextDatabase(url, dirname(program.file), db_mode === 1)),
  commands: {
    'db_text:dump': {
      describe: 'Writes the tables that were changed.',
      aliases: ['dbt_dump'],
      run: (state) => {
        tell(() => {
          for (const database of databases(state)) database.flush();
        });
        return 'OK';
      },
    },
    'db_text:reload': {
      describe: 'Reads tables anew: all, those of a folder, or one.',
      params: ['db_name?', 'table_name?'],
      aliases: ['dbt_reload'],
      run: (state, { db_name, table_name }) => {
        const all = databases(state);
        const meant = db_name === undefined ? all : all.filter(({ folder }) => folder === String(db_name));
        if (meant.length === 0 && db_name !== undefined) throw new CommandError(404, 'no such database');
        tell(() => {
          for (const database of meant)
            database.reload(table_name === undefined ? undefined : String(table_name));
        });
        return 'OK';
      },
    },
  },
  notes:
    'A table that a module needs and the folder has not is made with the layout of OpenSIPS’s own schema.',
});
