// Says whether a server's memory was flat.

/** Memory at one moment. */
export interface Sample {
  readonly seconds: number;
  readonly megabytes: number;
}

// A garbage collector breathes; what it leaves behind is told by medians, and small change is not a leak.
const ALLOWED_GROWTH = 0.1;
const FEWEST_SAMPLES = 6;

function median(samples: readonly Sample[]): number {
  const sizes = samples.map(({ megabytes }) => megabytes).sort((a, b) => a - b);
  return sizes[Math.floor(sizes.length / 2)]!;
}

/**
 * Flat is memory that does not grow from the second third of the time to the last; the first is warm-up. Fewer than
 * six samples show nothing and are not called flat.
 */
export function judgeMemory(samples: readonly Sample[]): { flat: boolean; words: string } {
  if (samples.length < FEWEST_SAMPLES)
    return { flat: false, words: 'Too short to say anything about memory.' };
  const third = Math.floor(samples.length / 3);
  const middle = median(samples.slice(third, -third));
  const last = median(samples.slice(-third));
  const growth = last / middle - 1;
  const flat = growth <= ALLOWED_GROWTH;
  const change = `${growth < 0 ? '−' : '+'}${Math.abs(growth * 100).toFixed(1)} %`;
  const words = `Memory is ${flat ? 'flat' : 'growing'} after warm-up: ${middle.toFixed(1)} MB, then ${last.toFixed(1)} MB (${change}).`;
  return { flat, words };
}
