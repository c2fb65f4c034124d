import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, relative } from 'node:path';
import { logLine } from '../base/channels.ts';
import { ServerError } from '../base/errors.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import { defaultRealm } from '../ops/config/realm.ts';
import { makeFirstUsers } from '../ops/subscribers.ts';
import { PACKAGE_ROOT } from '../ops/version.ts';
import type { RunningServer } from '../server/running-server.ts';
import { startServer } from '../server/start-server.ts';
import { banner } from './banner.ts';
import { type ConfigOptions, configOf, loadScriptConfig } from './config-options.ts';
import { yieldHelperThreads } from './helper-threads.ts';
import { complain, paint, print } from './terminal.ts';

/** Npm hands Ctrl-C on to a process that the terminal gave it to already; no person presses it twice so fast. */
const ONE_KEY_PRESS_MS = 250;
const INTERRUPTED = 130;

/** `viaduct [run]`: resolves when the server has stopped. */
export async function run(options: ConfigOptions & { readonly C?: true }): Promise<void> {
  if (options.C) {
    await checkOnly(options);
    return;
  }
  const config = await configOf(options);
  yieldHelperThreads();
  const { server: started, notice } = await startServer({ config, reread: () => configOf(options) });
  await using server = started;
  const release = handleSignals(server);
  // Whoever read what is printed may have gone: calls shall not end for that.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // A script says itself who its users are.
  const newUsers = config.script ? [] : await makeFirstUsers(config.data, defaultRealm(config));
  print(banner({ config, advertise: server.advertise, newUsers, notice, program: programName() }));
  await server.stopped;
  release();
}

/** `-C`: reads everything, and opens nothing. */
async function checkOnly(options: ConfigOptions): Promise<void> {
  if (options.f !== undefined) {
    const { config, notices } = await loadScriptConfig(options.f, options);
    listenersOf(config, networkInterfaces());
    if (notices !== '') process.stderr.write(`${notices}\n`);
  } else listenersOf(await configOf(options), networkInterfaces());
  print(`${options.f ?? options.config ?? 'the defaults'}: ${paint('green', 'good')}`);
}

/** @returns what takes the handlers off again */
function handleSignals(server: RunningServer): () => void {
  let interruptedAt: number | undefined;
  const interrupt = () => {
    const now = performance.now();
    if (interruptedAt !== undefined && now - interruptedAt > ONE_KEY_PRESS_MS) process.exit(INTERRUPTED);
    if (interruptedAt !== undefined) return;
    interruptedAt = now;
    print('\nStopping. Once more Ctrl-C stops at once.');
    server.stop();
  };
  const terminate = () => {
    print('\nDraining: new calls are refused, what is under way ends. Ctrl-C stops at once.');
    void server.drain();
  };
  const hangUp = () => void reload(server);
  process.on('SIGINT', interrupt).on('SIGTERM', terminate).on('SIGHUP', hangUp);
  return () => process.off('SIGINT', interrupt).off('SIGTERM', terminate).off('SIGHUP', hangUp);
}

async function reload(server: RunningServer): Promise<void> {
  try {
    server.reopenLog();
    for (const change of await server.reload()) logLine('info', 'reload', change);
  } catch (error) {
    const { message } = error as Error;
    logLine(
      'error',
      'reload',
      `nothing was changed: ${message}`,
      error instanceof ServerError ? {} : { error },
    );
    complain(`nothing was changed by the reload:\n${message}`);
  }
}

/** In a checkout the launcher is called by its path. */
function programName(): string {
  const launcher = join(PACKAGE_ROOT, 'bin', 'viaduct');
  if (!existsSync(join(PACKAGE_ROOT, 'src'))) return 'viaduct';
  const path = relative(process.cwd(), launcher);
  return process.cwd() === '/' || path.startsWith('..') ? launcher : path;
}
