import { lookup } from 'node:dns/promises';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { ipFamily } from '../base/ip.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { KeyListeners } from './dtmf/key-listeners.ts';
import { PromptLibrary, type PromptSettings } from './player/prompt-library.ts';
import { PromptPlayer } from './player/prompt-player.ts';
import { type CopyPorts, Recorder, type RecorderSettings } from './recorder/recorder.ts';
import { DISK, type RecordingFiles } from './recorder/recording-files.ts';
import type { PortPool } from './relay/port-pool.ts';
import { addressTowards } from './relay/route.ts';
import type { SoundPorts } from './server/sound-ports.ts';

export interface SoundOptions {
  readonly recorder: RecorderSettings;
  readonly prompts: PromptSettings;
  /** Of the relay: copies of packets leave from its ports. */
  readonly pool: PortPool;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  readonly files?: RecordingFiles;
}

/** Recordings, prompts and keys of a relay. */
export class Sound implements SoundPorts, AsyncDisposable {
  readonly records: Recorder;
  readonly plays: PromptPlayer;
  readonly keys: KeyListeners;

  constructor({ recorder, prompts, pool, clock, wheel, ids, files = DISK }: SoundOptions) {
    this.records = new Recorder({ settings: recorder, files, ports: portsOf(pool), clock, wheel });
    this.plays = new PromptPlayer(new PromptLibrary(prompts), clock, ids);
    this.keys = new KeyListeners(clock, wheel);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.plays[Symbol.dispose]();
    await this.records[Symbol.asyncDispose]();
  }
}

function portsOf(pool: PortPool): CopyPorts {
  return {
    async resolve(host) {
      if (ipFamily(host) !== 0) return host;
      const found = await lookup(host).catch(() => undefined);
      return found?.address;
    },
    towards: addressTowards,
    take: (address) => pool.take(address),
    giveBack: (address, pair) => pool.giveBack(address, pair),
  };
}
