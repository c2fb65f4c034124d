import { ServerError } from '../base/errors.ts';
import { diagnosticsText } from '../ops/config/diagnostic.ts';
import { listenArgument, loadConfig } from '../ops/config/load-config.ts';
import { scriptConfig } from '../ops/config/script-config.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { type WorkersWish, workerCount } from '../ops/config/workers-value.ts';
import { isScriptProgram } from '../script/loader.ts';
import { loadScript } from '../script/opensips/load-script.ts';
import { loadScriptProgram } from '../script/script-program.ts';

/** The options that say which configuration is meant, as commander gives them. */
export interface ConfigOptions {
  readonly config?: string;
  readonly routes?: string;
  readonly listen?: readonly string[];
  readonly workers?: WorkersWish;
  /** An OpenSIPS script, which is configuration and program in one. */
  readonly f?: string;
  /** The command that a script passes through, as `m4`. */
  readonly preprocessor?: string;
  readonly p?: string;
  /** Whether a script tells its steps. */
  readonly traced?: boolean;
}

/** @throws ServerError CFG_INVALID whose message shows every fault with its place, CFG_NOT_FOUND, NET_BAD_LISTENER */
export async function configOf(options: ConfigOptions): Promise<ServerConfig> {
  const { config, listen, routes, workers, f: script } = options;
  if (script !== undefined) return (await loadScriptConfig(script, options)).config;
  // A script says everything, in whichever language.
  if (routes !== undefined && isScriptProgram(routes))
    return (await loadScriptConfig(routes, options)).config;
  const surroundings = { environment: process.env, workingDirectory: process.cwd() };
  const result = await loadConfig({ file: config, listen, routes, workers }, surroundings);
  if (!result.ok) throw new ServerError('CFG_INVALID', result.text);
  return result.config;
}

/**
 * Reads an OpenSIPS script with the configuration that it comes to.
 * @returns it with what is worth a word, ready for a terminal; '' where nothing is
 * @throws ServerError CFG_INVALID whose message shows every fault with its place
 */
export async function loadScriptConfig(
  file: string,
  { preprocessor, p, listen, workers, traced }: Omit<ConfigOptions, 'config' | 'routes' | 'f'>,
): Promise<{ readonly config: ServerConfig; readonly notices: string }> {
  const workingDirectory = process.cwd();
  const result = isScriptProgram(file)
    ? await loadScriptProgram(file)
    : await loadScript(file, {
        preprocessor: preprocessor ?? p,
        workingDirectory,
        ...(traced && { traced }),
      });
  if (!result.ok) throw new ServerError('CFG_INVALID', diagnosticsText(result.problems));
  const listeners = (listen ?? []).map(listenArgument);
  const config = {
    ...scriptConfig(result.loaded, listeners, workingDirectory),
    ...(workers !== undefined && { workers: workerCount(workers) }),
  };
  const notices = result.notices.map((it) => ({ ...it, message: `notice: ${it.message}` }));
  return { config, notices: diagnosticsText(notices) };
}
