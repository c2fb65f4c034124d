// Tones that softphones play, and how they are known again in what comes to the other one.
import { decodeUlaw } from '../../src/wire/rtp/g711.ts';
import { wavHeader } from '../../src/wire/rtp/wav.ts';

const RATE = 8000;
const AMPLITUDE = 8000;
const HEADER = 12;
const PCMU = 0;

/** A WAV file of a sine. */
export function toneFile(hertz: number, seconds: number): Buffer {
  const samples = Int16Array.from({ length: RATE * seconds }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hertz * i) / RATE)),
  );
  const data = Buffer.from(samples.buffer);
  return Buffer.concat([wavHeader({ encoding: 'pcm16', channels: 1, rate: RATE }, data.length), data]);
}

/** How many of the RTP packets hold G.711 with that tone, and hardly anything else. */
export function packetsWithTone(packets: readonly Buffer[], hertz: number): number {
  return packets.filter((packet) => {
    if (packet.length <= HEADER || (packet[1]! & 0x7f) !== PCMU) return false;
    const samples = decodeUlaw(packet.subarray(HEADER));
    let [real, imaginary, energy] = [0, 0, 0];
    for (const [i, sample] of samples.entries()) {
      const angle = (2 * Math.PI * hertz * i) / RATE;
      real += sample * Math.cos(angle);
      imaginary += sample * Math.sin(angle);
      energy += sample * sample;
    }
    const share = (2 * (real * real + imaginary * imaginary)) / (samples.length * energy);
    return energy > 0 && share > 0.9;
  }).length;
}
