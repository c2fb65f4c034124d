// A room of its own for the test network: mount, process and network namespaces that vanish with the process that
// holds them, whatever happens to the test.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';

// The holder is process 1 of a process namespace. It lives as long as its standard input, which only the test has
// open: when the test dies, even by SIGKILL, the kernel ends every process inside and removes the namespaces.
const HOLD = `
  read outer rest </proc/self/stat
  mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir -p /run/netns || exit 1
  echo $outer
  exec cat >/dev/null`;

const PROBE = `
  mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir -p /run/netns
  ip netns add probe
  ip -n probe link add bridge0 type bridge
  ip -n probe link add left type veth peer name right
  ip netns exec probe sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
  printf 'table ip probe {\\n chain nat {\\n type nat hook postrouting priority srcnat;\\n masquerade\\n }\\n }\\n' |
    ip netns exec probe nft -f -`;

const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child'];

/** How namespaces can be made here: directly (root) or inside an unprivileged user namespace. */
type Rights = 'root' | 'user-namespace';

function unshareArguments(rights: Rights): string[] {
  return rights === 'root' ? NAMESPACES : ['--user', '--map-root-user', ...NAMESPACES];
}

function probe(): { rights: Rights } | { reason: string } {
  const reasons: string[] = [];
  const ways: Rights[] = process.getuid?.() === 0 ? ['root', 'user-namespace'] : ['user-namespace'];
  for (const rights of ways) {
    const run = spawnSync('unshare', [...unshareArguments(rights), 'sh', '-ec', PROBE], { encoding: 'utf8' });
    if (run.status === 0) return { rights };
    const said = run.error?.message ?? run.stderr.trim().split('\n')[0];
    reasons.push(`${rights}: ${said || `exit ${run.status}`}`);
  }
  return { reason: `no rights to make network namespaces (${reasons.join('; ')})` };
}

let probed: ReturnType<typeof probe> | undefined;

/** The first of `programs` that is not installed. */
export function missingProgram(programs: readonly string[]): string | undefined {
  return programs.find((name) => spawnSync('sh', ['-c', `command -v "${name}"`]).status !== 0);
}

/** Why the sandbox cannot be made on this machine; undefined where it can. */
export function rightsReason(): string | undefined {
  const missing = missingProgram(['unshare', 'nsenter', 'ip', 'nft']);
  if (missing !== undefined) return `${missing} is not installed`;
  probed ??= probe();
  return 'reason' in probed ? probed.reason : undefined;
}

/** Mount, process and network namespaces; named network namespaces inside are the machines of the test network. */
export class Sandbox {
  /** Where its files are seen from outside. */
  readonly root: string;
  readonly #holder: ChildProcess;
  readonly #enter: readonly string[];

  private constructor(holder: ChildProcess, pid: string, enter: readonly string[]) {
    this.root = `/proc/${pid}/root`;
    this.#holder = holder;
    this.#enter = enter;
  }

  /** @throws Error where `rightsReason` names a reason */
  static async make(): Promise<Sandbox> {
    const reason = rightsReason();
    if (reason !== undefined || probed === undefined || 'reason' in probed) throw new Error(reason);
    const { rights } = probed;
    const holder = spawn('unshare', [...unshareArguments(rights), 'sh', '-c', HOLD], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true, // Ctrl-C reaches the test alone, which then tidies up in order
    });
    const pid = await new Promise<string>((resolve, reject) => {
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
      holder.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()));
    });
    const user = rights === 'root' ? [] : ['--user', '--preserve-credentials'];
    return new Sandbox(holder, pid, ['--target', pid, ...user, '--mount', '--net', '--pid', '--']);
  }

  /** Runs a shell script in the sandbox itself and returns what it printed. @throws Error with its stderr */
  script(text: string): string {
    return execFileSync('nsenter', [...this.#enter, 'sh', '-ec', text], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Starts a program on the machine `place`, in a process group of its own; see `stop`. */
  spawn(place: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const inside = ['ip', 'netns', 'exec', place, ...command];
    return spawn('nsenter', [...this.#enter, ...inside], { ...options, detached: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#holder.once('exit', () => resolve()));
    this.#holder.stdin?.end();
    await gone;
  }
}

/** Signals the program and all it started, and waits until its output is closed (kills it after `graceMs`). */
export async function stop(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGTERM',
  graceMs = 5000,
): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  // nsenter dies of the signal at once; the program itself is gone when the pipes that it inherited close.
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const send = (name: NodeJS.Signals): boolean => {
    try {
      return process.kill(-pid, name);
    } catch {
      return false;
    }
  };
  if (!send(signal)) return;
  const kill = setTimeout(send, graceMs, 'SIGKILL');
  await closed;
  clearTimeout(kill);
}
