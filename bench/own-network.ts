// A network and processes of the bench's own, where the machine allows it: nobody else's ports, and nothing left behind.
import { spawnSync } from 'node:child_process';

const ENTERED = 'VIADUCT_BENCH_ENTERED';
const UNSHARE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
// The shell is process 1: it buries whom the servers leave behind. Their folders are in memory: no server waits for a disk,
// whose speed is none of theirs.
const ENTER = 'ip link set lo up && mount -t tmpfs tmpfs /dev/shm && TMPDIR=/dev/shm "$@"; exit $?';

/**
 * Runs this program again in namespaces of its own, where that can be done and was not done already.
 * @returns its exit code; undefined where this process is the one to go on
 */
export function inOwnNetwork(): number | undefined {
  if (process.env[ENTERED] !== undefined) return undefined;
  const rights = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const words = [...rights, ...UNSHARE, 'sh', '-c', ENTER, 'sh'];
  if (spawnSync('unshare', [...words, 'true']).status !== 0) {
    console.log('No network namespace can be made: the bench takes ports on loopback.');
    return undefined;
  }
  // With its parent the whole bench dies, however that one ends.
  const all = ['--pdeathsig', 'KILL', 'unshare', ...words, process.execPath, ...process.execArgv];
  const env = { ...process.env, [ENTERED]: '1' };
  const run = spawnSync('setpriv', [...all, ...process.argv.slice(1)], { stdio: 'inherit', env });
  return run.status ?? 1;
}
