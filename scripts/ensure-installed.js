// Installs the dependencies when they are missing or older than the lock file, so that one command is enough
// on a fresh machine. Plain JavaScript, because it runs on whatever Node the machine has.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @returns {boolean} true where node_modules stands and is not older than the lock file */
function installed() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  const node = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(marker) || !existsSync(node)) return false;
  return statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

export function ensureInstalled() {
  if (installed()) return;
  process.stderr.write('viaduct: installing dependencies (once) …\n');
  const result = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0) {
    process.stderr.write('viaduct: "npm ci" failed; see its messages above\n');
    process.exit(1);
  }
}

ensureInstalled();
