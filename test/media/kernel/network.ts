// A relay between two parties: one is its neighbour, the other behind a router. All are network namespaces.
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Sandbox } from '../../cloud/sandbox.ts';
import { RemoteProcess } from './remote-process.ts';

export type Place = 'left' | 'relay' | 'router' | 'right';

export const ADDRESSES = {
  4: { left: '10.1.0.2', relay: '10.9.0.1', router: '10.2.0.2', right: '10.3.0.2' },
  6: { left: 'fd01::2', relay: 'fd09::1', router: 'fd02::2', right: 'fd03::2' },
} as const;

const LINKS = `
  for place in left relay router right; do ip netns add $place; ip -n $place link set lo up; done
  link() { # place, device, number of its host, the same of the other end, network
    ip -n $1 link add $2 type veth peer name $5 netns $4
    ip -n $1 addr add 10.$7.0.$3/24 dev $2
    ip -n $4 addr add 10.$7.0.$6/24 dev $5
    ip -n $1 addr add fd0$7::$3/64 dev $2 nodad
    ip -n $4 addr add fd0$7::$6/64 dev $5 nodad
    ip -n $1 link set $2 up
    ip -n $4 link set $5 up
  }
  link relay to-left 1  left eth0 2  1
  link relay to-router 1  router eth0 2  2
  link router to-right 1  right eth0 2  3
  ip -n relay addr add 10.9.0.1/32 dev lo
  ip -n relay addr add fd09::1/128 dev lo nodad
  ip -n left route add default via 10.1.0.1
  ip -n left route add default via fd01::1
  ip -n relay route add 10.3.0.0/24 via 10.2.0.2
  ip -n relay route add fd03::/64 via fd02::2
  ip -n router route add default via 10.2.0.1
  ip -n router route add default via fd02::1
  ip -n right route add default via 10.3.0.1
  ip -n right route add default via fd03::1
  ip netns exec router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  for place in relay router; do
    ip netns exec $place sh -c 'for filter in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$filter; done'
  done`;

export class RelayNetwork implements AsyncDisposable {
  readonly #sandbox: Sandbox;
  readonly #processes: RemoteProcess[] = [];

  private constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** @throws Error where namespaces cannot be made */
  static async make(): Promise<RelayNetwork> {
    const sandbox = await Sandbox.make();
    sandbox.script(LINKS);
    return new RelayNetwork(sandbox);
  }

  /** Starts a program of this folder. @param before a command that runs it */
  start(place: Place, program: 'house' | 'party', before: readonly string[] = []): RemoteProcess {
    const file = fileURLToPath(new URL(`${program}.ts`, import.meta.url));
    const command = [...before, process.execPath, file];
    const started = new RemoteProcess(
      this.#sandbox.spawn(place, command, { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    this.#processes.push(started);
    return started;
  }

  /** Starts any program; see `stop` of the sandbox. */
  spawn(place: Place, command: readonly string[]): ChildProcess {
    return this.#sandbox.spawn(place, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** Runs a program on the relay's machine. @returns what it printed */
  onRelay(command: string): string {
    return this.#sandbox.script(`ip netns exec relay ${command}`);
  }

  /** How many flows the kernel of the relay's machine has, in the table of that name, or in all. */
  flows(table?: string): number {
    const tables = table === undefined ? this.tables : [table];
    const rules = tables.map((name) => this.onRelay(`nft list table netdev ${name}`));
    return rules.join('').match(/: goto f\d+/g)?.length ?? 0;
  }

  /** Names of the tables there. */
  get tables(): string[] {
    const { nftables } = JSON.parse(this.onRelay('nft -j list tables')) as {
      nftables: { table?: { name: string } }[];
    };
    return nftables.flatMap(({ table }) => (table ? [table.name] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const it of this.#processes) await it[Symbol.asyncDispose]();
    await this.#sandbox[Symbol.asyncDispose]();
  }
}
