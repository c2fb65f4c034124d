import { ServerError } from '../../base/errors.ts';

/** Milliseconds, or a number with its unit: `'20s'`, `'500ms'`, `'3m'`, `'1h'`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h`;

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/**
 * @returns milliseconds
 * @throws ServerError SIP_BAD_FIELD for what is no duration, or a negative one
 */
export function milliseconds(duration: Duration): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(typeof duration === 'number' ? `${duration}ms` : duration);
  if (!match) {
    throw new ServerError('SIP_BAD_FIELD', `${JSON.stringify(duration)} is no duration`, {
      hint: "write milliseconds, or a number with its unit: '20s', '500ms', '3m'",
    });
  }
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}
