import type { Taken } from '../../frame/parameter.ts';

/** Where something is accounted. */
export const BACKENDS = ['log', 'db', 'evi'] as const;

export type Backend = (typeof BACKENDS)[number];

/** One more value that is accounted: by what name scripts set it, and by what name a backend writes it. */
export interface Field {
  readonly backend: Backend;
  readonly tag: string;
  readonly name: string;
}

/** `backend: tag -> name; tag`; a list without a backend is for events, as the manual has it. */
export function takeFields(given: string | number, before: readonly Field[]): Taken<readonly Field[]> {
  const [, written, list = ''] = /^\s*(?:([a-z]+)\s*:)?([\s\S]*)$/.exec(String(given))!;
  if (written === 'aaa')
    return { ok: false, problem: 'there is no backend aaa', hint: 'there are log, db and evi' };
  const backend = BACKENDS.find((it) => it === (written ?? 'evi'));
  if (backend === undefined) {
    return {
      ok: false,
      problem: `${JSON.stringify(written)} is no backend`,
      hint: 'write "log: tag -> name; tag"',
    };
  }
  const fields: Field[] = [];
  for (const part of list.split(';')) {
    if (part.trim() === '') continue;
    const match = /^\s*([\w.-]+)\s*(?:->\s*([\w.-]+)\s*)?$/.exec(part);
    if (!match) {
      return {
        ok: false,
        problem: `${JSON.stringify(part.trim())} is no field`,
        hint: 'write "tag -> name"',
      };
    }
    fields.push({ backend, tag: match[1]!, name: match[2] ?? match[1]! });
  }
  return { ok: true, value: [...before, ...fields] };
}

/** What of a kind of accounting is wanted beside the plain one. */
export const ACC_FLAGS = ['cdr', 'missed', 'failed'] as const;

export type AccFlag = (typeof ACC_FLAGS)[number];

/** `a|b` of known words. */
export function wordList<W extends string>(
  given: string,
  known: readonly W[],
): { ok: true; value: readonly W[] } | { ok: false; problem: string; hint: string } {
  const found: W[] = [];
  for (const part of given.split('|').map((it) => it.trim().toLowerCase())) {
    const word = known.find((it) => it === part);
    if (word === undefined) {
      return {
        ok: false,
        problem: `${JSON.stringify(part)} is not known`,
        hint: `there are ${known.join('|')}`,
      };
    }
    found.push(word);
  }
  return { ok: true, value: found };
}
