// When is it worse than it was?

/** What `npm run bench:guard` measures. */
export interface GuardFigures {
  /** Processor time of a call in this process, in those of the calibration. */
  readonly callCpu: number;
  /** The same of reading, judging and editing one message. */
  readonly messageCpu: number;
  /** Allocated by a call. */
  readonly callBytes: number;
}

export interface Baseline {
  readonly version: string;
  readonly commit: string;
  readonly date: string;
  readonly node: string;
  readonly processor: string;
  readonly figures: GuardFigures;
}

export interface Comparison {
  readonly name: keyof GuardFigures;
  readonly was: number;
  readonly is: number;
  /** Above it is worse. */
  readonly limit: number;
  readonly verdict: 'better' | 'alike' | 'worse';
}

/**
 * How many times the baseline is still alike. Processors differ in more than their speed, and neighbours disturb
 * each in its own way: only what nobody would call noise is to be found. Bytes depend on neither.
 */
const TOLERANCE: Readonly<Record<keyof GuardFigures, number>> = {
  callCpu: 1.4,
  messageCpu: 1.5,
  callBytes: 1.15,
};

/** @throws Error where the baseline lacks a figure */
export function compareFigures(was: GuardFigures, is: GuardFigures): Comparison[] {
  return (Object.keys(TOLERANCE) as (keyof GuardFigures)[]).map((name) => {
    const [before, now] = [was[name], is[name]];
    if (!(before > 0)) throw new Error(`the baseline has no ${name}: write it anew with --write`);
    const limit = before * TOLERANCE[name];
    const verdict = now > limit ? 'worse' : now < before / TOLERANCE[name] ? 'better' : 'alike';
    return { name, was: before, is: now, limit, verdict };
  });
}
