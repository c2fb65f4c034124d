import type { ParsedArgument } from '../../frame/argument.ts';

/** What `create_dialog` can be told, with the bits that the table `dialog` has for it. */
export const CREATE_FLAGS = {
  'bye-on-timeout': 8,
  'options-ping-caller': 32,
  'options-ping-callee': 64,
  'reinvite-ping-caller': 2048,
  'reinvite-ping-callee': 4096,
  'end-on-race-condition': 32768,
  'auto-prack': 1048576,
} as const;

/** The letters that older scripts write. */
const LETTERS: Readonly<Record<string, keyof typeof CREATE_FLAGS>> = {
  B: 'bye-on-timeout',
  P: 'options-ping-caller',
  p: 'options-ping-callee',
  R: 'reinvite-ping-caller',
  r: 'reinvite-ping-callee',
  E: 'end-on-race-condition',
};

export type PingMethod = 'OPTIONS' | 'INVITE';

/** The routes that a dialog runs. */
export type DialogMoment = 'answer' | 'timeout' | 'hangup';

/** What a script wants of one dialog. */
export interface DialogWishes {
  /** Bits of {@link CREATE_FLAGS}. */
  flags: number;
  readonly routes: Partial<Record<DialogMoment, string>>;
  /** Names of the values that are numbers; all others are text. */
  readonly numbers: Set<string>;
  /** The pings that run, each with a function that ends it; `everyMs` where the script has said it. */
  readonly pings: Partial<Record<PingMethod, { everyMs?: number; since?: number; stop?: () => void }>>;
}

/** Names with commas between, or the letters of older scripts. */
export function createFlags(given: string): ParsedArgument<number> {
  const known: Readonly<Record<string, number>> = CREATE_FLAGS;
  const names = given
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');
  const wrong = names.find((it) => known[it] === undefined);
  if (wrong === undefined) return { ok: true, value: names.reduce((bits, it) => bits | known[it]!, 0) };
  const letters = [...given].map((it) => LETTERS[it]);
  if (letters.every((it) => it !== undefined)) {
    const value = letters.reduce((bits, it) => bits | CREATE_FLAGS[it], 0);
    return { ok: true, value, notice: `older letters: write "${letters.join(',')}"` };
  }
  return {
    ok: false,
    problem: `${JSON.stringify(wrong)} is nothing that a dialog can be told`,
    hint: `there are ${Object.keys(CREATE_FLAGS).join(', ')}`,
  };
}
