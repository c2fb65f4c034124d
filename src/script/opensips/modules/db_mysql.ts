import { connectMysql } from '../db/mysql-database.ts';
import { SharedDatabases } from '../db/shared-databases.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter } from '../frame/parameter.ts';

const { define } = moduleParts<SharedDatabases>();

export const module: ScriptModule = define({
  name: 'db_mysql',
  summary:
    'Serves `db_url`s of the form `mysql://user:password@host[:port]/database` by the package mysql2, which is installed beside Viaduct: `npm install mysql2`.',
  serves: true,
  params: {
    exec_query_threshold: intParameter(0, 'Statements that take longer, in µs, are logged; 0: none.', {
      least: 0,
    }),
    timeout_interval: intParameter(2, 'A third of the seconds to wait for a connection or an answer.', {
      least: 1,
    }),
    max_db_queries: intParameter(2, 'How often a statement is tried again when the connection is lost.', {
      least: 0,
    }),
    max_db_retries: ignored('int', 'Tries to connect.', 'connections are made as statements need them'),
    ps_max_col_size: ignored('int', 'The longest value.', 'values are as long as they are'),
    use_tls: intParameter(0, '1: connections use TLS, and believe the authorities of the machine.', {
      least: 0,
      most: 1,
    }),
  },
  start: (params, context) => {
    const { exec_query_threshold: slowest } = params;
    const settings = {
      timeoutMs: params.timeout_interval * 3000,
      retries: params.max_db_queries,
      now: () => context.services.clock.now(),
      took: (sql: string, ms: number) => {
        if (slowest > 0 && ms * 1000 > slowest)
          context.log('warn', `db_mysql: ${Math.round(ms)} ms for ${sql}`);
      },
      connection: (url: { toString(): string }, up: boolean) =>
        context.raise('E_MYSQL_CONNECTION', { url: `${url}`, status: up ? 'connected' : 'disconnected' }),
    };
    return new SharedDatabases((url) => connectMysql(url, settings, params.use_tls === 1));
  },
  events: {
    E_MYSQL_CONNECTION: {
      describe: 'A server went away (`disconnected`), or is there again (`connected`).',
      params: ['url', 'status'],
    },
  },
  notes: 'The tables are those of OpenSIPS’s schema, made by its own tools: nothing is created in a server.',
});
