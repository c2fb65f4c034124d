import type { Endpoint, PortPair } from '../relay/packet-path.ts';
import type { SideTap } from '../relay/side-tap.ts';

/** Sends copies of what a side's party sends: RTP to a port, RTCP to the one above, from two neighbours too. */
export class PacketCopy implements SideTap {
  readonly wantsAll = true;
  readonly closed: () => void;
  readonly #pair: PortPair;
  readonly #rtp: Endpoint;
  readonly #rtcp: Endpoint | undefined;

  /** @param closed the side is gone */
  constructor(pair: PortPair, to: Endpoint, withRtcp: boolean, closed: () => void) {
    this.#pair = pair;
    this.#rtp = to;
    this.#rtcp = withRtcp && to.port < 65_535 ? { address: to.address, port: to.port + 1 } : undefined;
    this.closed = closed;
  }

  rtp(bytes: Buffer): void {
    this.#pair.rtp.send(bytes, this.#rtp);
  }

  rtcp(bytes: Buffer): void {
    if (this.#rtcp) this.#pair.rtcp.send(bytes, this.#rtcp);
  }
}
