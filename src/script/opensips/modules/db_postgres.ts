import { connectPostgres } from '../db/postgres-database.ts';
import { SharedDatabases } from '../db/shared-databases.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter } from '../frame/parameter.ts';

const { define } = moduleParts<SharedDatabases>();

export const module: ScriptModule = define({
  name: 'db_postgres',
  summary:
    'Serves `db_url`s of the form `postgres://user:password@host[:port]/database` by the package pg, which is installed beside Viaduct: `npm install pg`.',
  serves: true,
  params: {
    exec_query_threshold: intParameter(0, 'Statements that take longer, in µs, are logged; 0: none.', {
      least: 0,
    }),
    max_db_queries: intParameter(2, 'How often a statement is tried again when the connection is lost.', {
      least: 0,
    }),
    timeout: intParameter(5, 'Seconds to wait for a connection or an answer.', { least: 1 }),
    use_tls: intParameter(0, '1: connections use TLS, and believe the authorities of the machine.', {
      least: 0,
      most: 1,
    }),
  },
  start: (params, context) => {
    const { exec_query_threshold: slowest } = params;
    const settings = {
      timeoutMs: params.timeout * 1000,
      retries: params.max_db_queries,
      now: () => context.services.clock.now(),
      took: (sql: string, ms: number) => {
        if (slowest > 0 && ms * 1000 > slowest)
          context.log('warn', `db_postgres: ${Math.round(ms)} ms for ${sql}`);
      },
      connection: (url: { toString(): string }, up: boolean) =>
        context.log(up ? 'info' : 'error', `db_postgres: ${url} is ${up ? 'there again' : 'lost'}`),
    };
    return new SharedDatabases((url) => connectPostgres(url, settings, params.use_tls === 1));
  },
  notes:
    'The tables are those of OpenSIPS’s schema, made by its own tools: nothing is created in a server. There is no REPLACE.',
});
