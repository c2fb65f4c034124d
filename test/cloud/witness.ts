// Watches the Internet's side of the cloud gateway and the VPC, and says afterwards which rules were broken.
import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readPcap } from './pcap.ts';
import { type Violation, violationsOf } from './rules.ts';
import { stop } from './sandbox.ts';
import { type Link, messagesOf, type SeenMessage } from './seen-message.ts';
import type { Machine, Topology } from './topology.ts';

/** What was seen, and what is wrong with it. */
export interface Evidence {
  readonly messages: readonly SeenMessage[]; // by time
  readonly violations: readonly Violation[];
  readonly hairpins: { readonly fromServer: number; readonly fromPhone: number }; // packets dropped at the gateway
}

interface Capture {
  readonly link: Link;
  readonly file: string;
  readonly dumpcap: ChildProcess;
}

// The bridge as a device sees every frame between its ports once it is promiscuous, which dumpcap makes it.
const PLACES: readonly [Link, Machine, string][] = [
  ['internet', 'internet', 'cloud'],
  ['vpc', 'cloudgw', 'vpc'],
];
// How long the kernel may hold captured packets back before dumpcap has written them.
const RING_DELAY_MS = 700;

/** Captures from `watch` to `end`. */
export class Witness {
  readonly #net: Topology;
  readonly #captures: readonly Capture[];
  readonly #before: Evidence['hairpins'];

  private constructor(net: Topology, captures: readonly Capture[]) {
    this.#net = net;
    this.#captures = captures;
    this.#before = net.hairpins();
  }

  /** Starts the captures, written into `folder`; they run when it resolves. */
  static async watch(net: Topology, folder: string): Promise<Witness> {
    await mkdir(folder, { recursive: true });
    const captures = PLACES.map(([link, machine, device]): Capture => {
      const file = join(folder, `${link}.pcap`);
      const command = ['dumpcap', '-P', '-q', '-i', device, '-f', 'udp or tcp', '-s', '0', '-w', file];
      return { link, file, dumpcap: net.spawn(machine, command, { stdio: ['ignore', 'ignore', 'pipe'] }) };
    });
    await Promise.all(captures.map(({ dumpcap }) => started(dumpcap)));
    return new Witness(net, captures);
  }

  /** Ends the captures and judges them. */
  async end(): Promise<Evidence> {
    await wait(RING_DELAY_MS);
    await Promise.all(this.#captures.map(({ dumpcap }) => stop(dumpcap, 'SIGINT')));
    const seen: SeenMessage[] = [];
    for (const { link, file } of this.#captures)
      seen.push(...messagesOf(link, readPcap(await readFile(file))));
    const messages = seen.sort((a, b) => a.time - b.time);
    const now = this.#net.hairpins();
    const fromServer = now.fromServer - this.#before.fromServer;
    const fromPhone = now.fromPhone - this.#before.fromPhone;
    return { messages, violations: violationsOf(messages), hairpins: { fromServer, fromPhone } };
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
