import type { Clock } from '../../base/clock.ts';
import { within } from '../../base/within.ts';
import type { MediaStream } from '../relay/media-stream.ts';
import type { SideTap } from '../relay/side-tap.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import { CallSound, SOUND_HEADER, type Unmixed } from './call-sound.ts';
import type { CaptureFormat } from './capture-format.ts';
import { LegCapture } from './leg-capture.ts';
import { type RecordedFile, type RecordingDisk, RecordingFile } from './recording-file.ts';
import { cleanName } from './recording-name.ts';
import { type RecordingFolders, RecordingPlace } from './recording-place.ts';

/** rtpproxy's number of the side that hears the caller: the party whose tag made the session. */
const CALLER = 1;
const OPENING_MS = 1000;

/** How a medium is recorded. */
export interface RecordingStyle {
  readonly folders: RecordingFolders;
  /** undefined: no captures of packets. */
  readonly capture: CaptureFormat | undefined;
  /** Whether captures may hold both parties in one file. */
  readonly singleFile: boolean;
  readonly rtcp: boolean;
  /** Whether stereo sound is made of G.711. */
  readonly wav: boolean;
}

/** What has become of a recording. */
export interface RecordingOutcome {
  readonly files: readonly RecordedFile[];
  readonly unmixed: Unmixed;
  /** What stopped it, as `ENOSPC`; undefined where it was ended by a command or with the call. */
  readonly fault: string | undefined;
}

/** What is recorded of one medium of a call, from the first party that is recorded to the last that no longer is. */
export class StreamRecording {
  readonly stream: MediaStream;
  readonly #disk: RecordingDisk;
  readonly #style: RecordingStyle;
  readonly #clock: Clock;
  readonly #ended: (outcome: Promise<RecordingOutcome>) => void;
  /** Added to the clock's time: ms since 1970. */
  readonly #epoch: number;
  readonly #legs = new Map<StreamSide, { readonly tap: RecordedLeg; readonly detach: () => void }>();
  readonly #closed: Promise<RecordedFile>[] = [];
  #both: RecordingFile | undefined;
  #sound: { readonly sound: CallSound; readonly file: RecordingFile } | undefined;
  #fault: string | undefined;
  #over = false;

  /** @param ended called once, when nothing is recorded any more and files are being completed */
  constructor(
    stream: MediaStream,
    disk: RecordingDisk,
    style: RecordingStyle,
    clock: Clock,
    ended: (outcome: Promise<RecordingOutcome>) => void,
  ) {
    this.stream = stream;
    this.#disk = disk;
    this.#style = style;
    this.#clock = clock;
    this.#ended = ended;
    this.#epoch = clock.wallNow() - clock.now();
  }

  /**
   * Records what a side's party sends from now on, or goes on with that.
   * @param name of the files; the call's by default
   * @returns the system's word for why not
   */
  async add(side: StreamSide, name: string | undefined, inOneFile: boolean): Promise<string | undefined> {
    const leg = this.#legs.get(side)?.tap ?? this.#start(side, name, inOneFile && this.#style.singleFile);
    // The first file has to be there before the answer, so that a command fails where nothing can be recorded. A disk
    // that does not answer is no reason to hold the call's next command up.
    if (leg.first) await within(leg.first.open(), this.#clock, OPENING_MS);
    return this.#fault;
  }

  /** @returns whether the side's party was recorded */
  remove(side: StreamSide): boolean {
    const leg = this.#legs.get(side);
    if (!leg) return false;
    leg.detach();
    this.#legs.delete(side);
    for (const file of leg.tap.files) if (file !== this.#both) this.#closed.push(file.close());
    if (this.#legs.size === 0) this.#end();
    return true;
  }

  /** Sends what has gathered to the disk. */
  flush(): void {
    this.#sound?.sound.advance(this.#clock.now());
    this.#sound?.file.flush();
    this.#both?.flush();
    for (const { tap } of this.#legs.values()) for (const file of tap.files) file.flush();
  }

  write(leg: RecordedLeg, bytes: Buffer, side: StreamSide, kind: 'rtp' | 'rtcp'): void {
    const now = this.#clock.now();
    leg[kind === 'rtp' ? 'packets' : 'reports']?.write(bytes, side, kind, this.#epoch + now);
    if (kind === 'rtp') this.#sound?.sound.put(side.index === CALLER ? 'left' : 'right', bytes, now);
  }

  #start(side: StreamSide, name: string | undefined, single: boolean): RecordedLeg {
    const { callId, fromTag } = this.stream.session;
    const { media } = this.stream;
    const base = name === undefined ? `${callId}=${fromTag}${media === 1 ? '' : `=${media}`}` : name;
    const { capture, rtcp, wav } = this.#style;
    if (wav && !this.#sound) {
      const file = this.#file(base, '.wav', SOUND_HEADER);
      this.#sound = { file, sound: new CallSound(file) };
    }
    const party = name !== undefined ? '' : side.index === CALLER ? '.o' : '.a';
    const make = (ending: string) => capture && this.#file(base, ending, capture.fileHeader);
    if (single) this.#both ??= make(name === undefined ? '.pcap' : '');
    const packets = single ? this.#both : make(`${party}.rtp`);
    const reports = !rtcp ? undefined : single ? packets : make(`${party}.rtcp`);
    const leg = new RecordedLeg(this, {
      files: new Set([packets, reports].filter((file) => file !== undefined)),
      first: packets ?? this.#sound?.file,
      packets: packets && new LegCapture(packets, capture!),
      reports: reports && new LegCapture(reports, capture!),
    });
    this.#legs.set(side, { tap: leg, detach: side.attach(leg) });
    return leg;
  }

  #file(base: string, ending: string, beginning: Uint8Array): RecordingFile {
    const place = new RecordingPlace(this.#disk.files, this.#style.folders, cleanName(base), ending);
    const file: RecordingFile = new RecordingFile(this.#disk, place, beginning, () => this.#fail(file.fault));
    return file;
  }

  /** A file cannot go on: nothing of the recording does, for half of it would be taken for all. */
  #fail(fault: string | undefined): void {
    this.#fault ??= fault;
    for (const side of this.#legs.keys()) this.remove(side);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended(this.#complete());
  }

  async #complete(): Promise<RecordingOutcome> {
    if (this.#both) this.#closed.push(this.#both.close());
    if (this.#sound) this.#closed.push(this.#sound.sound.close());
    const all = await Promise.all(this.#closed);
    const files = all.filter(({ path, fault }) => path !== undefined || fault !== undefined);
    const fault = this.#fault ?? files.find((file) => file.fault !== undefined)?.fault;
    return { files, unmixed: this.#sound?.sound.unmixed ?? new Map(), fault };
  }
}

interface LegFiles {
  readonly files: ReadonlySet<RecordingFile>;
  /** The one that has to be made at once. */
  readonly first: RecordingFile | undefined;
  readonly packets: LegCapture | undefined;
  readonly reports: LegCapture | undefined;
}

/** Hears one party for a recording. */
class RecordedLeg implements SideTap, LegFiles {
  readonly wantsAll = true;
  readonly files: ReadonlySet<RecordingFile>;
  readonly first: RecordingFile | undefined;
  readonly packets: LegCapture | undefined;
  readonly reports: LegCapture | undefined;
  readonly #recording: StreamRecording;

  constructor(recording: StreamRecording, { files, first, packets, reports }: LegFiles) {
    this.#recording = recording;
    this.files = files;
    this.first = first;
    this.packets = packets;
    this.reports = reports;
  }

  rtp(bytes: Buffer, side: StreamSide): void {
    this.#recording.write(this, bytes, side, 'rtp');
  }

  rtcp(bytes: Buffer, side: StreamSide): void {
    this.#recording.write(this, bytes, side, 'rtcp');
  }

  closed(side: StreamSide): void {
    this.#recording.remove(side);
  }
}
