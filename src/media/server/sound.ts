import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { TimerWheel } from '../../base/timer-wheel.ts';
import { KeyListeners } from '../dtmf/key-listeners.ts';
import { PromptLibrary, type PromptSettings } from '../player/prompt-library.ts';
import { PromptPlayer } from '../player/prompt-player.ts';
import { copyPorts } from '../recorder/copy-ports.ts';
import { Recorder, type RecorderSettings } from '../recorder/recorder.ts';
import { DISK } from '../recorder/recording-files.ts';
import type { Relay } from '../relay/relay.ts';
import type { SoundPorts } from './sound-ports.ts';

export interface SoundSettings {
  readonly recordings: RecorderSettings;
  readonly prompts: PromptSettings;
}

export interface SoundContext {
  readonly relay: Relay;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
}

/** Recordings, prompts and keys of a relay. Disposing waits for files to be completed. */
export function openSound(
  { recordings, prompts }: SoundSettings,
  { relay, clock, wheel, ids }: SoundContext,
): SoundPorts & AsyncDisposable {
  const recorder = new Recorder({
    settings: recordings,
    files: DISK,
    ports: copyPorts(relay.pool),
    clock,
    wheel,
  });
  const player = new PromptPlayer(new PromptLibrary(prompts), clock, ids);
  return {
    records: recorder,
    plays: player,
    keys: new KeyListeners(clock, wheel),
    [Symbol.asyncDispose]: async () => {
      player[Symbol.dispose]();
      await recorder[Symbol.asyncDispose]();
    },
  };
}
