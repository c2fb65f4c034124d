import type { StreamSide } from '../../relay/stream-side.ts';
import type { KeyRequest, PlayRequest, RecordRequest, SoundPorts } from '../sound-ports.ts';

/** Keeps what it was asked for. */
export class FakeSound implements SoundPorts, AsyncDisposable {
  readonly played: PlayRequest[] = [];
  readonly recorded: RecordRequest[] = [];
  readonly listened: KeyRequest[] = [];
  readonly playing: Set<StreamSide> = new Set();
  readonly recording: Set<StreamSide> = new Set();
  readonly plays: SoundPorts['plays'];
  readonly records: SoundPorts['records'];
  readonly keys: SoundPorts['keys'];

  /** @param prompts names of those that there are, @param directory whether there is one for recordings */
  constructor({ prompts = [], directory = true }: { prompts?: readonly string[]; directory?: boolean } = {}) {
    this.plays = {
      counters: { created: 0, destroyed: 0, packets: 0 },
      play: async (request) => {
        if (!prompts.includes(request.prompt)) return false;
        this.played.push(request);
        this.playing.add(request.side);
        return true;
      },
      stop: (side) => void this.playing.delete(side),
    };
    this.records = {
      start: async (request) => {
        const { to, side, replyAddress } = request;
        const isRemote = to !== undefined && 'remote' in to;
        if (!directory && !isRemote) return { ok: false, reason: 'no directory' };
        if (to && 'name' in to && to.name.includes('/')) return { ok: false, reason: 'no name' };
        this.recorded.push(request);
        this.recording.add(side);
        return {
          ok: true,
          ...(replyAddress ? { from: { address: side.address.address, port: 40_000 } } : {}),
        };
      },
      stop: (side) => this.recording.delete(side),
    };
    this.keys = {
      listen: (request) => {
        this.listened.push(request);
        return true;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.playing.clear();
    this.recording.clear();
  }
}
