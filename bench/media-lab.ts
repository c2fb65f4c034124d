// Two parties and a relay between them, each a network namespace, joined by veth. All of it vanishes with the process.
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Sandbox, stop } from '../test/cloud/sandbox.ts';
import { build, byClang } from './build.ts';

const BPF_FOLDER = '/run/bpf';
const START_LIMIT_MS = 20_000;
const POLL_MS = 100;

/** Of the relay, for media and for commands. */
export const RELAY_ADDRESS = '10.99.0.1';
export const CONTROL_PORT = 22_222;
const LEFT_ADDRESS = '10.99.1.2';
const RIGHT_ADDRESS = '10.99.2.2';

// Packets that reach the relay's machine are worked on by its processor core, those that leave it by that of the load.
const LINKS = (relayCores: string, loadCores: string): string => `
  for place in left relay right; do ip netns add $place; ip -n $place link set lo up; done
  link() { # device, place, network
    ip -n relay link add $1 type veth peer name eth0 netns $2
    ip -n relay addr add $3.1/24 dev $1
    ip -n $2 addr add $3.2/24 dev eth0
    ip -n relay link set $1 up
    ip -n $2 link set eth0 up
    ip -n $2 route add default via $3.1
  }
  link to-left left 10.99.1
  link to-right right 10.99.2
  ip -n relay addr add ${RELAY_ADDRESS}/32 dev lo
  ip netns exec relay sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
    for filter in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$filter; done
    for queue in /sys/class/net/to-*/queues/rx-*; do echo ${relayCores} >$queue/rps_cpus; done'
  for place in left right; do
    ip netns exec $place sh -c 'for queue in /sys/class/net/eth0/queues/rx-*; do echo ${loadCores} >$queue/rps_cpus; done'
  done`;

/** A relay to be measured: it obeys rtpproxy's commands on {@link RELAY_ADDRESS} and {@link CONTROL_PORT}, over UDP. */
export interface RelayUnderTest {
  readonly name: string;
  readonly version: string;
  readonly flags: string; // how it was started, as far as it matters for speed
  readonly command: readonly string[];
  /** What it prints where it does not do what its name says. */
  readonly failsWith?: RegExp;
}

/** One measured stretch, as the load generator prints it; times in µs. */
export interface MediaStretch {
  readonly sent: number;
  readonly received: number;
  readonly wrongSource: number;
  /** How often the generator itself was late. */
  readonly lateTicks: number;
  readonly cpuUs: number;
  readonly softirqUs: number;
  readonly delayUs: { readonly p50: number; readonly p99: number };
}

export interface MediaLoad {
  readonly calls: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly runs: number;
}

export function buildPlainRelay(): string {
  return build('plain-relay.c');
}

export class MediaLab implements AsyncDisposable {
  readonly #sandbox: Sandbox;
  readonly #relayCore: number;
  readonly #loadCore: number;
  readonly #generator: string = build('media-load.c');
  /** Where the program that counts the kernel's time is pinned; undefined where it cannot be had. */
  readonly #softirq: string | undefined;

  private constructor(sandbox: Sandbox, relayCore: number, loadCore: number) {
    this.#sandbox = sandbox;
    this.#relayCore = relayCore;
    this.#loadCore = loadCore;
    this.#softirq = countSoftirqs(sandbox);
  }

  /** @throws Error where the namespaces cannot be made */
  static async make(relayCore: number, loadCore: number): Promise<MediaLab> {
    const sandbox = await Sandbox.make();
    const mask = (core: number): string => (2 ** core).toString(16);
    sandbox.script(LINKS(mask(relayCore), mask(loadCore)));
    return new MediaLab(sandbox, relayCore, loadCore);
  }

  /** How the kernel's share is measured. */
  get accounting(): string {
    return this.#softirq === undefined ? 'ticks of /proc/stat, coarse' : 'tracepoints of soft interrupts';
  }

  /** The traffic without a relay, forwarded by the kernel: what nobody can undercut. */
  measureDirect(load: MediaLoad): Promise<MediaStretch[]> {
    return this.#generate(load, ['--direct']);
  }

  /** @throws Error with what the relay said, where it does not listen, answer, or do what it should */
  async measure(relay: RelayUnderTest, load: MediaLoad): Promise<MediaStretch[]> {
    const words = ['taskset', '-c', String(this.#relayCore), ...relay.command];
    const child = this.#sandbox.spawn('relay', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream!.on('data', (text: Buffer) => {
        said += text;
      });
    }
    try {
      await this.#until(true, () => child.exitCode !== null);
      const control = ['--control', `${RELAY_ADDRESS}:${CONTROL_PORT}`];
      const stretches = await this.#generate(load, [...control, '--pids', processesUnder(child.pid!).join()]);
      if (relay.failsWith?.test(said)) throw new Error('it does not do what it should');
      return stretches;
    } catch (error) {
      const line = (error as Error).message.trim().split('\n').at(-1);
      throw new Error(`${relay.name}: ${line} ${said.slice(-2000)}`, { cause: error });
    } finally {
      await stop(child);
      await this.#until(false, () => false);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sandbox[Symbol.asyncDispose]();
  }

  /** Waits until the control port is in use, or free again: thousands of sockets take their time to close. */
  async #until(inUse: boolean, hasEnded: () => boolean): Promise<void> {
    const bound = new RegExp(`:${CONTROL_PORT.toString(16).toUpperCase()} \\S+ 07`);
    for (let waited = 0; waited < START_LIMIT_MS && !hasEnded(); waited += POLL_MS) {
      if (bound.test(this.#sandbox.script('ip netns exec relay cat /proc/net/udp')) === inUse) return;
      await wait(POLL_MS);
    }
    throw new Error(inUse ? 'it does not listen' : 'it does not let go of its port');
  }

  async #generate(load: MediaLoad, words: readonly string[]): Promise<MediaStretch[]> {
    const { root } = this.#sandbox;
    const options = {
      calls: load.calls,
      warm: load.warmSeconds,
      secs: load.seconds,
      reps: load.runs,
      core: this.#relayCore,
      left: `${root}/run/netns/left,${LEFT_ADDRESS}`,
      right: `${root}/run/netns/right,${RIGHT_ADDRESS}`,
      ...(this.#softirq === undefined ? {} : { softirq: root + this.#softirq }),
    };
    const all = [
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...words,
    ];
    const command = ['-c', String(this.#loadCore), this.#generator, ...all];
    const { stdout } = await promisify(execFile)('taskset', command);
    const lines = stdout.trim().split('\n');
    return lines.map((line): MediaStretch => JSON.parse(line));
  }
}

/** Loads the program that counts, pinned where it goes away with the sandbox. */
function countSoftirqs(sandbox: Sandbox): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (['clang', 'bpftool'].some((program) => spawnSync(program, ['--version']).error)) return undefined;
  const object = build('softirq.bpf.c', byClang);
  const folder = `${BPF_FOLDER}/softirq`;
  sandbox.script(`mkdir ${BPF_FOLDER} && mount -t bpf bpf ${BPF_FOLDER}
    bpftool prog loadall ${object} ${folder} type raw_tracepoint pinmaps ${folder}`);
  return folder;
}

/** The process and all below it, by the numbers that this one knows them by. */
function processesUnder(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
  return [pid, ...children.flatMap(processesUnder)];
}
