import { DIGEST_ALGORITHMS } from '../../../../core/auth/digest.ts';
import type { DigestAlgorithm } from '../../../../core/auth/subscriber-store.ts';
import type { ParsedArgument } from '../../frame/argument.ts';

/** An algorithm as challenges and credentials name it. */
export interface NamedAlgorithm {
  readonly name: string;
  readonly base: DigestAlgorithm;
  readonly session: boolean;
}

/** The strongest first, the order of challenges (RFC 8760 §2.4). */
const ALL: readonly NamedAlgorithm[] = DIGEST_ALGORITHMS.flatMap((base) => [
  { name: `${base}-sess`, base, session: true },
  { name: base, base, session: false },
]);

/** '' is MD5. @returns undefined for what is none */
export function algorithmNamed(text: string): NamedAlgorithm | undefined {
  const name = text === '' ? 'MD5' : text;
  return ALL.find((it) => it.name.toLowerCase() === name.toLowerCase());
}

/** Names with commas between, the strongest first; empty for the one challenge that names none. */
export function algorithmList(text: string): ParsedArgument<readonly NamedAlgorithm[]> {
  const names = text
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');
  const wrong = names.find((it) => algorithmNamed(it) === undefined);
  if (wrong !== undefined) {
    return {
      ok: false,
      problem: `there is no algorithm ${wrong}`,
      hint: `there are ${ALL.map(({ name }) => name).join(', ')}`,
    };
  }
  const wanted = new Set(names.map((it) => algorithmNamed(it)));
  return { ok: true, value: ALL.filter((it) => wanted.has(it)) };
}

/** `auth`, `auth-int` or both. */
export function qopList(text: string): ParsedArgument<string> {
  const words = text
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');
  const wrong = words.find((it) => it !== 'auth' && it !== 'auth-int');
  return wrong === undefined
    ? { ok: true, value: words.join(',') }
    : { ok: false, problem: `there is no qop ${wrong}`, hint: 'write "auth", "auth-int" or "auth,auth-int"' };
}
