import { type CommandLine, loadConfig } from '../ops/config/load-config.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';

/** The options that say which configuration is meant, as commander gives them. */
export interface ConfigOptions {
  readonly config?: string;
  readonly routes?: string;
  readonly listen?: readonly string[];
}

/** The configuration has faults; `text` shows them with their places. */
export class ConfigFault extends Error {
  readonly text: string;

  constructor(text: string) {
    super('the configuration has faults');
    this.name = 'ConfigFault';
    this.text = text;
  }
}

/** @throws ConfigFault, ServerError CFG_NOT_FOUND, NET_BAD_LISTENER */
export async function configOf(options: ConfigOptions): Promise<ServerConfig> {
  const commandLine: CommandLine = { file: options.config, listen: options.listen, routes: options.routes };
  const result = await loadConfig(commandLine, { environment: process.env, workingDirectory: process.cwd() });
  if (!result.ok) throw new ConfigFault(result.text);
  return result.config;
}
