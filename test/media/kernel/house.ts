// The relay's machine: a kernel path over another one, and a user that keeps what comes to it, or sends it on itself.
import { readdirSync } from 'node:fs';
import { channels } from '../../../src/base/channels.ts';
import { SystemClock } from '../../../src/base/clock.ts';
import { RandomIds } from '../../../src/base/ids.ts';
import { TimerWheel } from '../../../src/base/timer-wheel.ts';
import { choosePath } from '../../../src/media/relay/choose-path.ts';
import { KernelPath } from '../../../src/media/relay/kernel/kernel-path.ts';
import type { Endpoint, MediaPort, PacketPath, PortPair } from '../../../src/media/relay/packet-path.ts';
import { obey } from './remote-process.ts';

export interface Rule {
  readonly port: number;
  readonly via: number;
  readonly source: Endpoint;
  readonly to: Endpoint;
  readonly ssrc: number;
  readonly aside?: readonly number[];
  readonly copies?: boolean;
}

const clock = new SystemClock();
const wheel = new TimerWheel(clock);
const options = { clock, wheel, ids: new RandomIds(), trafficClass: 0xb8, silenceMs: 2000 };
const ports = new Map<number, MediaPort>();
const strays: string[] = [];
const said: string[] = [];
channels.log.subscribe((line) => said.push((line as { text: string }).text));

interface Filling {
  readonly address: string;
  readonly first: number;
  readonly count: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

const filled: MediaPort[] = [];
let path: KernelPath;
/** What the path below has counted, for the ports by their numbers. */
const below = new Map<number, MediaPort>();

/** Shows the ports of the path below. */
class Watched implements PacketPath {
  readonly #path: PacketPath;

  constructor(path: PacketPath) {
    this.#path = path;
  }

  get name(): PacketPath['name'] {
    return this.#path.name;
  }

  async openPair(address: string, port: number): Promise<PortPair> {
    const pair = await this.#path.openPair(address, port);
    for (const it of [pair.rtp, pair.rtcp]) below.set(it.port, it);
    return pair;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#path[Symbol.asyncDispose]();
  }
}

await obey({
  async open({ choice }: { choice: 'portable' | 'accelerated' }) {
    path = new KernelPath(new Watched(choosePath(choice, options)), options);
    await path.ready;
    return { name: path.name, said };
  },
  async pair({ address, port }: { address: string; port: number }) {
    const { rtp, rtcp } = await path.openPair(address, port);
    for (const it of [rtp, rtcp]) {
      ports.set(it.port, it);
      const note = (kind: string, bytes: Buffer, source: Endpoint): void => {
        strays.push(`${kind} ${it.port} of ${source.address} ${source.port}: ${bytes.length} ${bytes[1]}`);
      };
      it.user = {
        packet: (_port, bytes, source) => note('packet', bytes, source),
        copy: (_port, bytes, source) => note('copy', bytes, source),
      };
    }
  },
  rule({ port, via, ...rule }: Rule) {
    ports.get(port)!.setFast({ ...rule, via: ports.get(via)! });
  },
  /** No rule: the user forwards everything. */
  byHand({ port, via, to }: { port: number; via: number; to: Endpoint }) {
    const way = ports.get(via)!;
    const it = ports.get(port)!;
    it.user = { packet: (_port, bytes) => way.send(bytes, to), copy() {} };
    it.setFast(undefined);
  },
  counters: ({ port }: { port: number }) => ({
    all: ports.get(port)!.counters(),
    below: below.get(port)!.counters(),
  }),
  strays: () => strays,
  /** Opens pairs, and gives each two of them rules both ways. */
  async fill({ address, first, count, from, to }: Filling) {
    for (let port = first; port < first + 4 * count; port += 4) {
      const [{ rtp: left, rtcp }, { rtp: right, rtcp: other }] = [
        await path.openPair(address, port),
        await path.openPair(address, port + 2),
      ];
      left.setFast({ source: from, ssrc: 1, via: right, to });
      right.setFast({ source: to, ssrc: 2, via: left, to: from });
      filled.push(left, rtcp, right, other);
    }
  },
  empty() {
    for (const port of filled.splice(0)) port.close();
  },
  resources: () => ['fd', 'task'].map((kind) => readdirSync(`/proc/self/${kind}`).length),
  async dispose() {
    await path[Symbol.asyncDispose]();
  },
  exit: () => process.exit(),
});
