import { channels, logLine } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import { within } from '../../base/within.ts';
import type { MediaStream } from '../relay/media-stream.ts';
import type { Endpoint } from '../relay/packet-path.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import type { RecordPort, RecordRequest, RecordResult } from '../server/sound-ports.ts';
import { ChunkPool } from './chunk-pool.ts';
import type { CopyPorts } from './copy-ports.ts';
import { DiskQueue } from './disk-queue.ts';
import { PacketCopy } from './packet-copy.ts';
import { PCAP } from './pcap.ts';
import type { RecordingDisk } from './recording-file.ts';
import type { RecordingFiles } from './recording-files.ts';
import type { RecordingFolders } from './recording-place.ts';
import { RTPPROXY_CAPTURE } from './rtpproxy-capture.ts';
import { type RecordingOutcome, type RecordingStyle, StreamRecording } from './stream-recording.ts';

/** How long what parties say waits in memory, at the most, before it is sent to the disk. */
const FLUSH_MS = 1000;
/** Recordings take turns in that time, for all at once would hold packets up. */
const TURN_MS = 50;
const CHUNK_BYTES = 16_384;
/** 256 kB: some twenty seconds of a party, while the disk does not answer. */
const MOST_CHUNKS = 16;
const DISK_OPERATIONS = 2;
/** How long files may take to be completed when all ends. */
const CLOSING_MS = 5000;

export interface RecorderSettings {
  /** undefined: nothing can be recorded, only copied. */
  readonly folders: RecordingFolders | undefined;
  readonly capture: 'pcap' | 'rtpproxy' | 'none';
  /** Whether RTCP is recorded and copied too. */
  readonly rtcp: boolean;
  /** Whether stereo WAV is made of calls in G.711. */
  readonly wav: boolean;
  /** Media that are recorded or copied at a time. */
  readonly most: number;
  /** What may wait for the disk, of all recordings together. */
  readonly bufferBytes: number;
}

export const DEFAULT_RECORDER_SETTINGS: RecorderSettings = {
  folders: undefined,
  capture: 'rtpproxy',
  rtcp: true,
  wav: false,
  most: 10_000,
  bufferBytes: 64 * 1024 * 1024,
};

export interface RecorderOptions {
  readonly settings: RecorderSettings;
  readonly files: RecordingFiles;
  readonly ports: CopyPorts;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
}

export interface RecorderCounters {
  /** Media. */
  begun: number;
  ended: number;
  /** Of those that ended: by a fault of the disk. */
  failed: number;
  /** Because there were too many. */
  refused: number;
  /** Packets, and pieces of sound, that the disk was too slow for. */
  dropped: number;
  copies: number;
}

interface Copy {
  readonly from: Endpoint;
  readonly stop: () => void;
}

/** Records what parties send, in files, or copies it to somewhere else. */
export class Recorder implements RecordPort, AsyncDisposable {
  readonly counters: RecorderCounters = { begun: 0, ended: 0, failed: 0, refused: 0, dropped: 0, copies: 0 };
  readonly #settings: RecorderSettings;
  readonly #style: RecordingStyle | undefined;
  readonly #disk: RecordingDisk;
  readonly #ports: CopyPorts;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #recordings = new Map<MediaStream, StreamRecording>();
  readonly #copies = new Map<StreamSide, Copy>();
  readonly #closing = new Set<Promise<void>>();
  readonly #flusher = new WheelTimer(() => this.#flush());
  #turn: Iterator<StreamRecording> = this.#recordings.values();
  /** Of recordings whose turn it is, with fractions. */
  #turns = 0;

  constructor({ settings, files, ports, clock, wheel }: RecorderOptions) {
    this.#settings = settings;
    const capture = { pcap: PCAP, rtpproxy: RTPPROXY_CAPTURE, none: undefined }[settings.capture];
    const { folders, rtcp, wav } = settings;
    this.#style = folders && { folders, capture, singleFile: capture === PCAP, rtcp, wav };
    const pool = new ChunkPool(CHUNK_BYTES, Math.ceil(settings.bufferBytes / CHUNK_BYTES));
    this.#disk = { files, pool, queue: new DiskQueue(DISK_OPERATIONS), mostChunks: MOST_CHUNKS };
    this.#ports = ports;
    this.#clock = clock;
    this.#wheel = wheel;
  }

  async start({ side, to, bothSides, replyAddress }: RecordRequest): Promise<RecordResult> {
    if (side.stream.ended) return { ok: false, reason: 'the call is over' };
    if (to && 'remote' in to) return this.#copy(side, to.remote, replyAddress);
    if (!this.#style) return { ok: false, reason: 'no directory for recordings is configured' };
    const recording = this.#recordings.get(side.stream) ?? this.#make(side.stream, this.#style);
    if (!recording) return { ok: false, reason: `${this.#settings.most} recordings are under way` };
    const fault = await recording.add(side, to?.name, bothSides);
    return fault === undefined ? { ok: true } : { ok: false, reason: fault };
  }

  stop(side: StreamSide): boolean {
    const recorded = this.#recordings.get(side.stream)?.remove(side) ?? false;
    const copy = this.#copies.get(side);
    copy?.stop();
    return recorded || copy !== undefined;
  }

  /** Completes all files, as far as the disk answers in time. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stream } of this.#recordings.values()) for (const side of stream.sides) this.stop(side);
    for (const { stop } of this.#copies.values()) stop();
    this.#wheel.cancel(this.#flusher);
    await within(Promise.all(this.#closing), this.#clock, CLOSING_MS);
  }

  #make(stream: MediaStream, style: RecordingStyle): StreamRecording | undefined {
    // Those that a hanging disk keeps from being completed count too.
    if (this.#recordings.size + this.#closing.size >= this.#settings.most) {
      this.counters.refused++;
      return undefined;
    }
    const recording = new StreamRecording(stream, this.#disk, style, this.#clock, (outcome) => {
      this.#recordings.delete(stream);
      const closing = outcome
        .then((done) => this.#ended(stream, done))
        .finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    });
    this.#recordings.set(stream, recording);
    this.counters.begun++;
    this.#publish('begun', stream, {});
    this.#wheel.armBy(this.#flusher, this.#clock.now() + TURN_MS);
    return recording;
  }

  #ended(stream: MediaStream, { files, unmixed, fault }: RecordingOutcome): void {
    const dropped = files.reduce((sum, file) => sum + file.dropped, 0);
    this.counters.ended++;
    this.counters.dropped += dropped;
    if (fault !== undefined) this.counters.failed++;
    const others = [...unmixed].map(([payloadType, packets]) => ({ payloadType, packets }));
    this.#publish(fault === undefined ? 'done' : 'failed', stream, {
      files,
      dropped,
      fault,
      unmixed: others,
    });
    const { callId } = stream.session;
    if (fault !== undefined) logLine('error', 'media', `a recording was stopped: ${fault}`, { callId });
    if (dropped > 0)
      logLine('warn', 'media', `the disk was too slow for ${dropped} packets of a recording`, { callId });
    if (others.length > 0) {
      const types = others
        .map(({ payloadType, packets }) => `${payloadType} (${packets} packets)`)
        .join(', ');
      logLine('info', 'media', `not in the stereo sound, for it is no G.711: payload type ${types}`, {
        callId,
      });
    }
  }

  #publish(event: string, { session, media }: MediaStream, more: object): void {
    if (!channels.recording.hasSubscribers) return;
    channels.recording.publish({ event, callId: session.callId, fromTag: session.fromTag, media, ...more });
  }

  #flush(): void {
    const { size } = this.#recordings;
    if (size === 0) return;
    this.#turns += (size * TURN_MS) / FLUSH_MS;
    for (; this.#turns >= 1; this.#turns--) {
      let next = this.#turn.next();
      if (next.done) {
        this.#turn = this.#recordings.values();
        next = this.#turn.next();
      }
      if (!next.done) next.value.flush();
    }
    this.#wheel.arm(this.#flusher, TURN_MS);
  }

  async #copy(side: StreamSide, to: Endpoint, replyAddress: boolean): Promise<RecordResult> {
    const copy = this.#copies.get(side) ?? (await this.#startCopy(side, to));
    if (typeof copy === 'string') return { ok: false, reason: copy };
    return replyAddress ? { ok: true, from: copy.from } : { ok: true };
  }

  async #startCopy(side: StreamSide, to: Endpoint): Promise<Copy | string> {
    if (this.#copies.size >= this.#settings.most) {
      this.counters.refused++;
      return `${this.#settings.most} copies are under way`;
    }
    const remote = await this.#ports.resolve(to.address);
    if (remote === undefined) return `${to.address} is not known`;
    const address = await this.#ports.towards(remote);
    if (address === undefined) return `there is no way to ${remote}`;
    const pair = await this.#ports.take(address);
    if (!pair) return `no port is free on ${address}`;
    const other = this.#copies.get(side);
    if (other || side.stream.ended) {
      this.#ports.giveBack(address, pair);
      return other ?? 'the call is over';
    }
    const destination = { address: remote, port: to.port };
    const tap = new PacketCopy(pair, destination, this.#settings.rtcp, () => copy.stop());
    const detach = side.attach(tap);
    const copy: Copy = {
      from: { address, port: pair.rtp.port },
      stop: () => {
        if (!this.#copies.delete(side)) return;
        detach();
        this.#ports.giveBack(address, pair);
      },
    };
    this.#copies.set(side, copy);
    this.counters.copies++;
    return copy;
  }
}
