import { MAGIC_COOKIE } from '../wire/sip/via.ts';

/** The random part, in characters. */
export const BRANCH_COOKIE_LENGTH = 8;

const INDEX_LENGTH = 5;
const INDEX_START = MAGIC_COOKIE.length;
const FIXED_LENGTH = INDEX_START + INDEX_LENGTH + BRANCH_COOKIE_LENGTH;
const DOT = 0x2e;

/**
 * Transactions of each worker, where there are several: then the first digit of the index is the worker's, by which the
 * response is brought to it (`wire/sip/owner.ts`).
 */
export const INDEXES_OF_WORKER: number = 36 ** (INDEX_LENGTH - 1);

/** Transactions that branches can name. */
export const BRANCH_INDEXES: number = 36 ** INDEX_LENGTH;

/**
 * A branch of ours: the magic cookie, the index of the transaction in base 36, a random cookie, and a suffix behind a dot.
 * A response finds its transaction by the index, without a hash table.
 */
export function formatBranch(index: number, cookie: string, suffix: string | undefined): string {
  const digits = String.fromCharCode(
    digitCode(index, 36 ** 4),
    digitCode(index, 36 ** 3),
    digitCode(index, 36 ** 2),
    digitCode(index, 36),
    digitCode(index, 1),
  );
  return suffix === undefined
    ? MAGIC_COOKIE + digits + cookie
    : `${MAGIC_COOKIE}${digits}${cookie}.${suffix}`;
}

/** Of whole numbers alone: the remainder of a fraction is a call into the C library. */
function digitCode(index: number, weight: number): number {
  const digit = ((index / weight) | 0) % 36;
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}

/** @returns the index in a branch of our form, -1 for any other */
export function branchIndex(branch: string): number {
  if (branch.length < FIXED_LENGTH || !branch.startsWith(MAGIC_COOKIE)) return -1;
  if (branch.length > FIXED_LENGTH && branch.charCodeAt(FIXED_LENGTH) !== DOT) return -1;
  let index = 0;
  for (let i = INDEX_START; i < INDEX_START + INDEX_LENGTH; i++) {
    const digit = base36Digit(branch.charCodeAt(i));
    if (digit < 0) return -1;
    index = index * 36 + digit;
  }
  return index;
}

/** @returns the suffix of a branch of our form, '' where it has none; undefined for any other branch */
export function branchSuffix(branch: string): string | undefined {
  return branchIndex(branch) < 0 ? undefined : branch.slice(FIXED_LENGTH + 1);
}

function base36Digit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  return c >= 0x61 && c <= 0x7a ? c - 0x57 : -1;
}
