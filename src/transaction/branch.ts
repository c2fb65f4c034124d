import { MAGIC_COOKIE } from '../wire/sip/via.ts';

const INDEX_LENGTH = 5;
const COOKIE_LENGTH = 8;
const INDEX_START = MAGIC_COOKIE.length;
const FIXED_LENGTH = INDEX_START + INDEX_LENGTH + COOKIE_LENGTH;
const NO_INDEX = '-'.repeat(INDEX_LENGTH);

/** What {@link formatBranch} needs of randomness, in characters. */
export const BRANCH_COOKIE_LENGTH: number = COOKIE_LENGTH;

/**
 * A branch of ours: the magic cookie, the index of the transaction in base 36, a random cookie, and a suffix behind a dot.
 * A response finds its transaction by the index, without a hash table.
 */
export function formatBranch(index: number, cookie: string, suffix: string | undefined): string {
  const head = MAGIC_COOKIE + index.toString(36).padStart(INDEX_LENGTH, '0') + cookie;
  return suffix === undefined ? head : `${head}.${suffix}`;
}

/**
 * The branch of a request that is forwarded without a transaction (RFC 3261 §16.11).
 * @param hash of the request, the same for its retransmissions: a token, of which 8 characters are used
 */
export function statelessBranch(hash: string, suffix: string): string {
  return `${MAGIC_COOKIE}${NO_INDEX}${hash.slice(0, COOKIE_LENGTH).padStart(COOKIE_LENGTH, '0')}.${suffix}`;
}

/** @returns the index in a branch of our form, -1 for any other */
export function branchIndex(branch: string): number {
  if (!hasOurForm(branch)) return -1;
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
  if (!hasOurForm(branch)) return undefined;
  if (branchIndex(branch) < 0 && !branch.startsWith(NO_INDEX, INDEX_START)) return undefined;
  return branch.slice(FIXED_LENGTH + 1);
}

function hasOurForm(branch: string): boolean {
  if (branch.length < FIXED_LENGTH || !branch.startsWith(MAGIC_COOKIE)) return false;
  return branch.length === FIXED_LENGTH || branch.charCodeAt(FIXED_LENGTH) === 0x2e;
}

function base36Digit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  return c >= 0x61 && c <= 0x7a ? c - 0x57 : -1;
}
