// Builds the datagram accelerator with the machine's C compiler, where there is one. It runs when dependencies are
// installed, and never fails an installation: without the accelerator everything works, only not as cheaply.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'datagram.c');
const target = join(here, 'build', `datagram-${process.platform}-${process.arch}.node`);

/** The headers of Node-API come as a package, for an installed Node often has none. */
function headers() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir;
  } catch {
    return undefined;
  }
}

function build() {
  if (process.platform !== 'linux') return 'only Linux has recvmmsg and sendmmsg';
  if (existsSync(target) && statSync(target).mtimeMs >= statSync(source).mtimeMs) return undefined;
  const include = headers();
  if (!include) return 'the package node-api-headers is missing';
  mkdirSync(dirname(target), { recursive: true });
  const flags = ['-O2', '-fPIC', '-shared', '-Wall', '-Wextra', '-Wno-unused-parameter', '-I', include];
  const result = spawnSync(process.env.CC || 'cc', [...flags, '-o', target, source], { encoding: 'utf8' });
  if (result.error) return 'there is no C compiler';
  if (result.status !== 0) return `the compiler failed:\n${result.stderr}`;
  if (result.stderr) process.stderr.write(result.stderr);
  return undefined;
}

const reason = build();
if (reason) process.stdout.write(`viaduct: datagrams go the portable way: ${reason}\n`);
