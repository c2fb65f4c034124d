import { ServerError } from '../../../base/errors.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { Database, DatabaseDriver } from './database.ts';
import { DbUrl } from './db-url.ts';

/**
 * The database that a module's `db_url` names, shared by all modules of the script and open as long as it is in force.
 * @param url undefined for `db_default_url`
 * @throws ServerError CFG_INVALID where nothing is named, or no loaded module serves it; STORE_UNAVAILABLE
 */
export async function openDatabase(
  context: ModuleContext,
  module: string,
  url: DbUrl | undefined,
): Promise<Database> {
  const found = databaseUrl(context, module, url);
  return await driverOf(context, found).shared(found);
}

/** As {@link openDatabase}, but it belongs to the caller, who disposes of it. */
export async function connectDatabase(
  context: ModuleContext,
  module: string,
  url: DbUrl | undefined,
): Promise<Database> {
  const found = databaseUrl(context, module, url);
  return await driverOf(context, found).connect(found);
}

/** @throws ServerError CFG_INVALID where neither the module nor the script names one */
export function databaseUrl(context: ModuleContext, module: string, url: DbUrl | undefined): DbUrl {
  if (url !== undefined) return url;
  const text = context.program.dbDefaultUrl;
  const parsed = text === undefined ? undefined : DbUrl.parse(text);
  if (parsed !== undefined) return parsed;
  if (text !== undefined)
    throw new ServerError('CFG_INVALID', `db_default_url: "${text}" is no database URL`);
  throw new ServerError('CFG_INVALID', `${module} needs a database`, {
    hint: `write modparam("${module}", "db_url", "sqlite:///path/to/file"), or db_default_url`,
  });
}

function driverOf(context: ModuleContext, url: DbUrl): DatabaseDriver {
  const module = context.program.modules.find(({ name }) => name === url.module);
  const driver = module && context.stateOf<DatabaseDriver>(module);
  if (driver !== undefined) return driver;
  throw new ServerError('CFG_INVALID', `${url}: no loaded module serves ${url.scheme}://`, {
    hint: `write loadmodule "${url.module}.so"`,
  });
}
