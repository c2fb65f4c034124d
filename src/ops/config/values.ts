import { z } from 'zod';

/** A message and what to do about it, in the one string that a schema can carry; {@link splitFault} takes it apart. */
export function fault(message: string, hint: string): string {
  return `${message}\n${hint}`;
}

export function splitFault(text: string): { message: string; hint: string | undefined } {
  const end = text.indexOf('\n');
  return end < 0
    ? { message: text, hint: undefined }
    : { message: text.slice(0, end), hint: text.slice(end + 1) };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION_HINT = 'a duration has a unit: 500ms, 20s, 5m, 12h, 1d';

/** @returns milliseconds; undefined for what is no duration */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)$/.exec(text.trim());
  return match ? Math.round(Number(match[1]) * UNITS[match[2]!]!) : undefined;
}

type Transformed<T> = z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>;

/** `20s` → milliseconds. */
export function duration(least: string, most: string): Transformed<number> {
  return z.string({ error: fault('no duration', DURATION_HINT) }).transform((text, context): number => {
    const ms = parseDuration(text);
    if (ms === undefined) {
      context.addIssue({ code: 'custom', message: fault(`"${text}" is no duration`, DURATION_HINT) });
      return z.NEVER;
    }
    if (ms < parseDuration(least)! || ms > parseDuration(most)!) {
      context.addIssue({
        code: 'custom',
        message: fault(`${text} is out of range`, `from ${least} to ${most}`),
      });
      return z.NEVER;
    }
    return ms;
  });
}

/** `20s` → whole seconds. */
export function durationInSeconds(
  least: string,
  most: string,
): z.ZodPipe<Transformed<number>, z.ZodTransform<number, number>> {
  return duration(least, most).transform((ms) => Math.round(ms / 1000));
}

export function wholeNumber(least: number, most: number): z.ZodNumber {
  const range = fault('no number in range', `a whole number from ${least} to ${most}`);
  return z
    .number({ error: fault('no number', `a whole number from ${least} to ${most}`) })
    .int(range)
    .min(least, range)
    .max(most, range);
}

/** Text that a parser reads; what it refuses becomes an issue at the text's place. */
export function parsedText<T>(
  what: string,
  example: string,
  parse: (
    text: string,
  ) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string },
): Transformed<T> {
  return z.string({ error: fault(`no ${what}`, `write it as ${example}`) }).transform((text, context): T => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: fault(parsed.reason, `write it as ${example}`) });
    return z.NEVER;
  });
}
