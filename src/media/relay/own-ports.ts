import { canonicalHost } from '../../base/ip.ts';
import { isNullAddress } from './endpoint.ts';
import type { Endpoint } from './packet-path.ts';
import type { StreamSide } from './stream-side.ts';

/** A chain of calls through one relay is not longer, if it ends at all. */
const MOST_HOPS = 16;

/** The relay's open ports, to tell packets that would go round for ever. */
export class OwnPorts {
  readonly #byPort = new Map<number, StreamSide[]>();

  add(side: StreamSide): void {
    const { port } = side.ports!.rtp;
    this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), side]);
  }

  remove(side: StreamSide, port: number): void {
    const left = this.#byPort.get(port)?.filter((it) => it !== side) ?? [];
    if (left.length > 0) this.#byPort.set(port, left);
    else this.#byPort.delete(port);
  }

  /**
   * A party may say that it receives on a port of this relay: calls that pass it twice do. Two that say so of each
   * other's would have the relay send to itself without end.
   * @returns whether what is sent to the side's party at `remote` would come back to be sent to it again
   */
  leadsBack(side: StreamSide, remote: Endpoint): boolean {
    let to: Endpoint | undefined = remote;
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      const next: StreamSide | undefined = to && this.#at(to);
      if (!next) return false;
      if (next.other === side) return true;
      to = next.other.remote;
    }
    return true;
  }

  #at({ address, port }: Endpoint): StreamSide | undefined {
    return this.#byPort.get(port)?.find(({ address: own }) => {
      const known = [own.address, own.advertised].some(
        (it) => it !== undefined && canonicalHost(it) === address,
      );
      return known || isNullAddress(own.address);
    });
  }
}
