// Watches the Internet's side of the cloud gateway, the VPC and the phones, and says afterwards which rules were broken
// and which phone has heard whom.
import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FIRST_MEDIA_PORT } from './matrix.ts';
import { type Packet, readPcap } from './pcap.ts';
import { PLACES, type Place } from './phones.ts';
import { type Violation, violationsOf } from './rules.ts';
import { stop } from './sandbox.ts';
import { type Link, messagesOf, type SeenMessage } from './seen-message.ts';
import { ADDRESS, type Machine, type Topology } from './topology.ts';

/** What was seen, and what is wrong with it. */
export interface Evidence {
  readonly messages: readonly SeenMessage[]; // by time
  readonly violations: readonly Violation[];
  readonly hairpins: { readonly fromServer: number; readonly fromPhone: number }; // packets dropped at the gateway
  readonly sound: ReadonlyMap<Place, readonly Packet[]>; // RTP that came to the phones of each place
}

interface Capture<Where> {
  readonly where: Where;
  readonly file: string;
  readonly dumpcap: ChildProcess;
}

// The bridge as a device sees every frame between its ports once it is promiscuous, which dumpcap makes it.
const LINKS: readonly [Link, Machine, string][] = [
  ['internet', 'internet', 'cloud'],
  ['vpc', 'cloudgw', 'vpc'],
];
const SIGNALLING = `udp portrange 1-${FIRST_MEDIA_PORT - 1} or tcp`;
// How long the kernel may hold captured packets back before dumpcap has written them.
const RING_DELAY_MS = 700;

/** Captures from `watch` to `end`. */
export class Witness {
  readonly #net: Topology;
  readonly #links: readonly Capture<Link>[];
  readonly #phones: readonly Capture<Place>[];
  readonly #before: Evidence['hairpins'];

  private constructor(net: Topology, links: readonly Capture<Link>[], phones: readonly Capture<Place>[]) {
    this.#net = net;
    this.#links = links;
    this.#phones = phones;
    this.#before = net.hairpins();
  }

  /** Starts the captures, written into `folder`; they run when it resolves. */
  static async watch(net: Topology, folder: string): Promise<Witness> {
    await mkdir(folder, { recursive: true });
    const start = <Where extends string>(where: Where, machine: Machine, device: string, filter: string) => {
      const file = join(folder, `${where}.pcap`);
      const command = ['dumpcap', '-P', '-q', '-i', device, '-f', filter, '-s', '0', '-w', file];
      return { where, file, dumpcap: net.spawn(machine, command, { stdio: ['ignore', 'ignore', 'pipe'] }) };
    };
    const links = LINKS.map(([link, machine, device]) => start(link, machine, device, SIGNALLING));
    const phones = PLACES.map((place) =>
      start(
        place,
        place,
        'eth0',
        `udp dst portrange ${FIRST_MEDIA_PORT}-65535 and dst host ${ADDRESS[place]}`,
      ),
    );
    await Promise.all([...links, ...phones].map(({ dumpcap }) => started(dumpcap)));
    return new Witness(net, links, phones);
  }

  /** Ends the captures and judges them. */
  async end(): Promise<Evidence> {
    await wait(RING_DELAY_MS);
    const all = [...this.#links, ...this.#phones];
    await Promise.all(all.map(({ dumpcap }) => stop(dumpcap, 'SIGINT')));
    const seen: SeenMessage[] = [];
    for (const { where, file } of this.#links)
      seen.push(...messagesOf(where, readPcap(await readFile(file))));
    const sound = new Map<Place, readonly Packet[]>();
    for (const { where, file } of this.#phones) sound.set(where, readPcap(await readFile(file)));
    const messages = seen.sort((a, b) => a.time - b.time);
    const now = this.#net.hairpins();
    const fromServer = now.fromServer - this.#before.fromServer;
    const fromPhone = now.fromPhone - this.#before.fromPhone;
    return { messages, violations: violationsOf(messages), hairpins: { fromServer, fromPhone }, sound };
  }
}

/** Resolves when dumpcap says that it captures. */
function started(dumpcap: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    dumpcap.stderr?.on('data', (text: Buffer) => {
      said += text;
      if (said.includes('File:')) resolve();
    });
    dumpcap.once('exit', (code) => reject(new Error(`dumpcap ended with ${code}: ${said}`)));
  });
}
