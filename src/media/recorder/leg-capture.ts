import type { Endpoint, MediaPort } from '../relay/packet-path.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import type { CaptureFormat, CaptureHeader } from './capture-format.ts';
import type { RecordingFile } from './recording-file.ts';

/** A source that is not known, as of a party that sends from elsewhere than it listens. */
const UNKNOWN: Endpoint = { address: '0.0.0.0', port: 0 };

/** Writes the packets of one port of a side to a capture. */
export class LegCapture {
  readonly #file: RecordingFile;
  readonly #format: CaptureFormat;
  #header: CaptureHeader | undefined;
  #source: Endpoint | undefined;
  #port: MediaPort | undefined;

  constructor(file: RecordingFile, format: CaptureFormat) {
    this.#file = file;
    this.#format = format;
  }

  /** @param when ms since 1970 */
  write(bytes: Buffer, side: StreamSide, kind: 'rtp' | 'rtcp', when: number): void {
    const source = kind === 'rtp' ? (side.latch.source ?? side.remote) : side.rtcpRemote;
    const port = side.ports?.[kind];
    if (!port) return;
    if (!this.#header || source !== this.#source || port !== this.#port) {
      this.#source = source;
      this.#port = port;
      this.#header = this.#format.header(source ?? UNKNOWN, port);
    }
    this.#file.appendPacket(this.#header, when, bytes);
  }
}
