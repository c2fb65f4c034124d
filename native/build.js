// Builds the accelerators of datagrams and of media with the machine's C compiler, where there is one. It runs when
// dependencies are installed, and never fails an installation: without them everything works, only not as cheaply.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const HEADERS = ['bytes.h', 'dispatch.h', 'owner.h', 'refuse.h', 'refuse-batch.h'];
const ADDONS = [
  ['datagram', 'datagrams go', ['datagram.c', 'dispatch.c', 'owner.c', 'refuse.c', 'refuse-batch.c']],
  ['relay', 'media goes', ['relay.c']],
];

/** The headers of Node-API come as a package, for an installed Node often has none. */
function headers() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir;
  } catch {
    return undefined;
  }
}

/** @returns why it is not there now; undefined where it is */
function build(name, files) {
  if (process.platform !== 'linux') return 'only Linux has recvmmsg and sendmmsg';
  const sources = files.map((file) => join(here, file));
  const newest = Math.max(
    ...[...sources, ...HEADERS.map((file) => join(here, file))].map((it) => statSync(it).mtimeMs),
  );
  const target = join(here, 'build', `${name}-${process.platform}-${process.arch}.node`);
  if (existsSync(target) && statSync(target).mtimeMs >= newest) return undefined;
  const include = headers();
  if (!include) return 'the package node-api-headers is missing';
  mkdirSync(dirname(target), { recursive: true });
  const flags = ['-O2', '-fPIC', '-shared', '-pthread', '-Wall', '-Wextra', '-Wno-unused-parameter'];
  // Beside its place first: a running program may have the old one mapped.
  const fresh = `${target}.${process.pid}`;
  const result = spawnSync(process.env.CC || 'cc', [...flags, '-I', include, '-o', fresh, ...sources], {
    encoding: 'utf8',
  });
  if (result.error) return 'there is no C compiler';
  if (result.status !== 0) return `the compiler failed:\n${result.stderr}`;
  if (result.stderr) process.stderr.write(result.stderr);
  renameSync(fresh, target);
  return undefined;
}

/**
 * Builds what is missing or older than its source.
 * @returns {string[]} what goes the portable way, and why
 */
export function buildAddons() {
  return ADDONS.flatMap(([name, what, files]) => {
    const reason = build(name, files);
    return reason ? [`${what} the portable way: ${reason}`] : [];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const reason of buildAddons()) process.stdout.write(`viaduct: ${reason}\n`);
}
