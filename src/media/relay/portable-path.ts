import type { Clock } from '../../base/clock.ts';
import type { PacketPath, PortPair } from './packet-path.ts';
import { PortablePort } from './portable-port.ts';

/** Packets over `node:dgram`: works everywhere, and each packet costs a turn through JavaScript. */
export class PortablePath implements PacketPath {
  readonly name = 'portable';
  readonly #clock: Clock;
  readonly #open = new Set<PortablePort>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async openPair(address: string, port: number): Promise<PortPair> {
    const rtp = await PortablePort.open(address, port, this.#clock, this.#open);
    try {
      const rtcp = await PortablePort.open(address, port + 1, this.#clock, this.#open);
      return { rtp, rtcp };
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const port of this.#open) port.close();
  }
}
