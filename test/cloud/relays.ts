// Other relays than the server's own as it comes: the kernel's way, a process beside the server, a machine with a NAT.
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stop } from './sandbox.ts';
import { ADDRESS, type Machine, type Topology } from './topology.ts';

const VIADUCT = fileURLToPath(new URL('../../bin/viaduct', import.meta.url));
const CONTROL_PORT = 22_222;
const NOTIFY = `tcp:${ADDRESS.server}:22223`;
const START_LIMIT_MS = 20_000;
const POLL_MS = 100;

/** Which relay has the calls, and how the server is told of it. */
export interface Relaying {
  readonly name: string;
  readonly apart: Apart | undefined; // else it is the server's own
  readonly lines: readonly string[]; // of the configuration, YAML
}

/** `viaduct relay`. */
interface Apart {
  readonly machine: Machine;
  readonly options: readonly string[];
}

function apart(name: string, machine: Machine, media: string, control: string, advertised = ''): Relaying {
  const node = `udp:${control}:${CONTROL_PORT}`;
  return {
    name,
    apart: { machine, options: ['-F', '-l', media, '-s', node, '-n', NOTIFY] },
    lines: [
      'media:',
      '  relay: off',
      `  rtpproxy: { sets: { far: ['${node}${advertised}'] }, notify: '${NOTIFY}' }`,
    ],
  };
}

export const RELAYINGS: readonly Relaying[] = [
  { name: "the server's kernel", apart: undefined, lines: ['media: { relay: { path: kernel } }'] },
  apart('a process beside the server', 'server', ADDRESS.server, '127.0.0.1'),
  apart('a machine with a NAT of its own', 'relay', ADDRESS.relay, ADDRESS.relay, `|${ADDRESS.relayPublic}`),
];

/** `viaduct relay` on a machine of the test network. */
export class RelayMachine implements AsyncDisposable {
  readonly log: () => string;
  readonly #stop: () => Promise<void>;

  private constructor(log: () => string, end: () => Promise<void>) {
    this.log = log;
    this.#stop = end;
  }

  /** It takes commands when this resolves. @throws Error with what it said where it does not */
  static async start(net: Topology, { machine, options }: Apart): Promise<RelayMachine> {
    const command = [process.execPath, VIADUCT, 'relay', ...options];
    const child = net.spawn(machine, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    let ended = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        log += text;
      });
    }
    child.once('close', () => {
      ended = true;
    });
    const relay = new RelayMachine(
      () => log,
      () => stop(child),
    );
    for (let waited = 0; !listens(net, machine); waited += POLL_MS) {
      if (ended || waited > START_LIMIT_MS) {
        await relay[Symbol.asyncDispose]();
        throw new Error(`the relay ${ended ? 'ended' : 'does not listen'}:\n${log}`);
      }
      await wait(POLL_MS);
    }
    return relay;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

function listens(net: Topology, machine: Machine): boolean {
  const bound = new RegExp(`:${CONTROL_PORT.toString(16).toUpperCase()} \\S+ 07`);
  return bound.test(net.run(machine, 'cat /proc/net/udp'));
}
