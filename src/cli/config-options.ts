import { ServerError } from '../base/errors.ts';
import { loadConfig } from '../ops/config/load-config.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';

/** The options that say which configuration is meant, as commander gives them. */
export interface ConfigOptions {
  readonly config?: string;
  readonly routes?: string;
  readonly listen?: readonly string[];
}

/** @throws ServerError CFG_INVALID whose message shows every fault with its place, CFG_NOT_FOUND, NET_BAD_LISTENER */
export async function configOf({ config, listen, routes }: ConfigOptions): Promise<ServerConfig> {
  const surroundings = { environment: process.env, workingDirectory: process.cwd() };
  const result = await loadConfig({ file: config, listen, routes }, surroundings);
  if (!result.ok) throw new ServerError('CFG_INVALID', result.text);
  return result.config;
}
