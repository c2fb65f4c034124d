// Installs the dependencies when they are missing or older than the lock file, so that one command is enough
// on a fresh machine. Plain JavaScript, because it runs on whatever Node the machine has.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAddons } from '../native/build.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const marker = join(root, 'node_modules', '.package-lock.json');

/** npm would empty the folder that such a link leads to; whoever made it looks after that himself. */
function isLink() {
  return lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function isMissing() {
  return !existsSync(marker) || !existsSync(join(root, 'node_modules', '.bin', 'node'));
}

function isStale() {
  return statSync(marker).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs;
}

function npm(...words) {
  process.stderr.write('viaduct: installing dependencies (once) …\n');
  const result = spawnSync('npm', [...words, '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0) {
    process.stderr.write(`viaduct: "npm ${words.join(' ')}" failed; see its messages above\n`);
    process.exit(1);
  }
}

/**
 * Installs what is missing.
 * @param {boolean} update also where the dependencies are there, but the lock file is newer, or the source of an
 *   accelerator; what is there already stays in its place meanwhile, for a server may be running on it
 */
export function ensureInstalled(update) {
  if (isLink()) return;
  if (isMissing()) npm('ci');
  else if (update && isStale()) {
    npm('install', '--no-save');
    const now = new Date();
    utimesSync(marker, now, now);
  }
  if (update) buildAddons();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled(true);
