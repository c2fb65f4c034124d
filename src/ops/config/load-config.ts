import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { ServerError } from '../../base/errors.ts';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import { checkConfig } from './check-config.ts';
import { checkMedia } from './check-media.ts';
import { checkTls } from './check-tls.ts';
import { withDefaults } from './defaults.ts';
import { type Diagnostic, diagnosticText } from './diagnostic.ts';
import type { Environment } from './expand-variables.ts';
import { readModule } from './module-source.ts';
import type { ServerConfig } from './server-config.ts';
import { type WorkersWish, workerCount } from './workers-value.ts';
import { readYaml } from './yaml-source.ts';

/** What the command line says; it goes over the file. */
export interface CommandLine {
  /** As given with -c. */
  readonly file?: string | undefined;
  /** Replace the listeners of the file. */
  readonly listen?: readonly string[] | undefined;
  readonly routes?: string | undefined;
  readonly workers?: WorkersWish | undefined;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: ServerConfig }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly text: string };

export interface Surroundings {
  readonly environment: Environment;
  readonly workingDirectory: string;
}

const MODULES = new Set(['.ts', '.mts', '.js', '.mjs']);

/**
 * Defaults, then the file, then the command line.
 * @returns the configuration, or what is wrong with the file, ready for a terminal in `text`
 * @throws ServerError CFG_NOT_FOUND where the file cannot be read, NET_BAD_LISTENER for a wrong -l
 */
export async function loadConfig(
  commandLine: CommandLine,
  surroundings: Surroundings,
): Promise<ConfigResult> {
  const { workingDirectory } = surroundings;
  const file = commandLine.file === undefined ? undefined : resolve(workingDirectory, commandLine.file);
  const read = await readConfig(file, surroundings);
  if (!read.ok) return read;
  const listen = commandLine.listen?.map(listenArgument);
  const routes = commandLine.routes === undefined ? undefined : resolve(workingDirectory, commandLine.routes);
  return {
    ok: true,
    config: {
      ...read.config,
      ...(listen && listen.length > 0 && { listen }),
      ...(routes !== undefined && { routes }),
      ...(commandLine.workers !== undefined && { workers: workerCount(commandLine.workers) }),
    },
  };
}

async function readConfig(file: string | undefined, surroundings: Surroundings): Promise<ConfigResult> {
  const { environment, workingDirectory } = surroundings;
  if (file === undefined) return { ok: true, config: withDefaults({}, undefined, workingDirectory) };
  const text = await readText(file);
  const source = MODULES.has(extname(file))
    ? await readModule(file, text)
    : readYaml(file, text, environment);
  if (!source.ok) return failed(source.diagnostics, text);
  const checked = checkConfig(source.source);
  if (!checked.ok) return failed(checked.diagnostics, text);
  const config = withDefaults(checked.config, file, workingDirectory);
  const wrong = [
    ...checkTls(checked.config, config, source.source),
    ...checkMedia(checked.config, config, source.source),
  ];
  return wrong.length > 0 ? failed(wrong, text) : { ok: true, config };
}

function failed(diagnostics: readonly Diagnostic[], source: string): ConfigResult {
  return { ok: false, diagnostics, text: diagnostics.map((it) => diagnosticText(it, source)).join('\n') };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new ServerError('CFG_NOT_FOUND', `the configuration file ${file} ${reason}`, {
      hint: 'give another with -c FILE, or start without -c for the defaults',
      cause: error,
    });
  }
}

/** @throws ServerError NET_BAD_LISTENER */
export function listenArgument(text: string): ListenSpec {
  const parsed = parseListenSpec(text);
  if (parsed.ok) return parsed.spec;
  const caret = `${' '.repeat(parsed.column + 3)}^`;
  throw new ServerError('NET_BAD_LISTENER', `-l ${parsed.message}\n    ${text}\n${caret}`, {
    hint: parsed.hint,
  });
}
