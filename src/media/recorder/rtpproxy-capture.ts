import { addressBytes } from '../../base/ip.ts';
import type { Endpoint } from '../relay/packet-path.ts';
import type { CaptureFormat, CaptureHeader } from './capture-format.ts';

/** Room for an IPv6 address whether one is there or not, then the time, then the length. */
const TIME_AT = 20;
const LENGTH_AT = 28;
const HEADER_BYTES = 30;
/** Address families as Linux numbers them: the file has them in the machine's own terms. */
const AF_INET = 2;
const AF_INET6 = 10;

/**
 * rtpproxy's own format, which its `extractaudio` reads: no header, and before each packet the address it came from,
 * the time as a double of seconds since 1970, and its length; all but address and port with the low byte first.
 */
export const RTPPROXY_CAPTURE: CaptureFormat = {
  fileHeader: Buffer.alloc(0),
  header: (source) => new PlainHeader(source),
};

class PlainHeader implements CaptureHeader {
  readonly length = HEADER_BYTES;
  readonly #template: Buffer = Buffer.alloc(HEADER_BYTES);

  constructor(source: Endpoint) {
    const address = addressBytes(source.address);
    this.#template.writeUInt16LE(address.length === 4 ? AF_INET : AF_INET6, 0);
    this.#template.writeUInt16BE(source.port, 2);
    this.#template.set(address, 4);
  }

  write(into: Buffer, at: number, when: number, packet: Uint8Array): void {
    this.#template.copy(into, at);
    into.writeDoubleLE(when / 1000, at + TIME_AT);
    into.writeUInt16LE(packet.length, at + LENGTH_AT);
  }
}
