import { ServerError } from '../base/errors.ts';
import { diagnosticsText } from '../ops/config/diagnostic.ts';
import defaultRoutes from '../script/api/default-routes.ts';
import { loadRoutes } from '../script/loader.ts';
import { type Program, programOf } from '../script/program.ts';

/**
 * The routing program of a file, or the shipped one.
 * @throws ServerError CFG_ROUTES_INVALID with every problem and its place
 */
export async function loadProgram(file: string | undefined): Promise<Program> {
  if (file === undefined) return programOf(defaultRoutes);
  const loaded = await loadRoutes(file);
  if (loaded.ok) return loaded.program;
  throw new ServerError('CFG_ROUTES_INVALID', diagnosticsText(loaded.problems));
}
