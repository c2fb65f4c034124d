/** How a module parameter is written and what becomes of it. `T` is what the module gets. */
export interface Parameter<T> {
  readonly type: 'int' | 'text' | 'text or int';
  readonly describe: string;
  /** As documentation shows it. */
  readonly shown: string;
  readonly initial: T;
  /** Puts what one `modparam` says into what was there before. */
  take(before: T, given: string | number): Taken<T>;
  /** Why it has no effect here; undefined where it has. */
  readonly noEffect: string | undefined;
  /** The name that is written now; the value goes there. */
  readonly olderNameOf?: string;
}

export type Taken<T> =
  | { readonly ok: true; readonly value: T; readonly notice?: string }
  | { readonly ok: false; readonly problem: string; readonly hint?: string };

export type ParameterTable = Readonly<Record<string, Parameter<unknown>>>;

/** What a module gets of its parameters. */
export type ParameterValues<P extends ParameterTable> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

/** A number; `modparam("m", "p", "5")` is taken too. */
export function intParameter(
  initial: number,
  describe: string,
  range: { readonly least?: number; readonly most?: number } = {},
): Parameter<number> {
  const { least = -(2 ** 31), most = 2 ** 31 - 1 } = range;
  return {
    type: 'int',
    describe,
    shown: String(initial),
    initial,
    noEffect: undefined,
    take: (_, given) => {
      const value = typeof given === 'number' ? given : /^-?\d+$/.test(given) ? Number(given) : Number.NaN;
      if (!(value >= least && value <= most)) {
        return { ok: false, problem: `${JSON.stringify(given)} is no number from ${least} to ${most}` };
      }
      return typeof given === 'number'
        ? { ok: true, value }
        : { ok: true, value, notice: `this parameter is a number: write ${given} without quotes` };
    },
  };
}

/** Text; undefined or what is given as initial where the script says nothing. */
export function textParameter<const T extends string | undefined>(
  initial: T,
  describe: string,
): Parameter<string | T> {
  return {
    type: 'text',
    describe,
    shown: initial ?? '',
    initial,
    noEffect: undefined,
    take: (_, given) => ({ ok: true, value: String(given) }),
  };
}

/** Each `modparam` adds one. */
export function listParameter(describe: string): Parameter<readonly string[]> {
  return {
    type: 'text',
    describe: `${describe} May be given several times.`,
    shown: '',
    initial: [],
    noEffect: undefined,
    take: (before, given) => ({ ok: true, value: [...before, String(given)] }),
  };
}

/** Text that is checked and turned into something when the script is loaded. */
export function parsedParameter<T>(
  initial: T,
  describe: string,
  take: (given: string | number, before: T) => Taken<T>,
  shown = '',
): Parameter<T> {
  return {
    type: 'text or int',
    describe,
    shown,
    initial,
    noEffect: undefined,
    take: (before, given) => take(given, before),
  };
}

/** Taken, and without effect for a reason that the documentation and `viaduct check` tell. */
export function ignored(type: 'int' | 'text', describe: string, why: string): Parameter<undefined> {
  return {
    type,
    describe,
    shown: '',
    initial: undefined,
    noEffect: why,
    take: () => ({ ok: true, value: undefined }),
  };
}

/** The name of an AVP, written `$avp(name)`; undefined where the script names none. */
export function avpParameter(describe: string, initial?: string): Parameter<string | undefined> {
  return {
    type: 'text',
    describe,
    shown: initial === undefined ? '' : `$avp(${initial})`,
    initial,
    noEffect: undefined,
    take: (_, given) => {
      const match = /^\$avp\(([^()$]+)\)$/.exec(String(given).trim());
      if (match) return { ok: true, value: match[1]!.trim() };
      return {
        ok: false,
        problem: `${JSON.stringify(given)} is no AVP`,
        hint: 'write it with its parentheses: "$avp(name)"',
      };
    },
  };
}
