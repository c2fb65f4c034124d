/** The two tones of a call that is not answered yet, made here so that no sound need be fetched. */
export type Ring = 'bell' | 'ringback' | 'none';

interface Cadence {
  readonly tones: readonly number[]; // hertz
  readonly onSeconds: number;
  readonly everySeconds: number;
  readonly volume: number;
}

const CADENCES: Readonly<Record<Exclude<Ring, 'none'>, Cadence>> = {
  bell: { tones: [523, 659], onSeconds: 0.9, everySeconds: 2.4, volume: 0.08 },
  ringback: { tones: [425], onSeconds: 1, everySeconds: 5, volume: 0.03 },
};

/** Rings through the loudspeaker, as far as the browser lets a page do so before it was clicked. */
export class Ringer {
  #context: AudioContext | undefined;
  #ring: Ring = 'none';
  #timer = 0;

  sound(ring: Ring): void {
    if (ring === this.#ring) return;
    this.#ring = ring;
    clearInterval(this.#timer);
    if (ring === 'none') {
      void this.#context?.close();
      this.#context = undefined;
      return;
    }
    const cadence = CADENCES[ring];
    this.#context ??= new AudioContext();
    this.#beep(cadence);
    this.#timer = window.setInterval(() => this.#beep(cadence), cadence.everySeconds * 1000);
  }

  #beep({ tones, onSeconds, volume }: Cadence): void {
    const context = this.#context;
    if (context === undefined) return;
    const start = context.currentTime;
    const end = start + onSeconds;
    const gain = context.createGain();
    // Without a short rise and fall, loudspeakers click.
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(volume, start + 0.03);
    gain.gain.setValueAtTime(volume, end - 0.05);
    gain.gain.linearRampToValueAtTime(0, end);
    gain.connect(context.destination);
    for (const tone of tones) {
      const oscillator = context.createOscillator();
      oscillator.frequency.value = tone;
      oscillator.connect(gain);
      oscillator.start(start);
      oscillator.stop(end);
    }
  }
}
