/** Thrown to end a script from wherever it is; it has no stack, for it is no fault. */
export const END: object = Object.freeze({ end: true });

/** Thrown within `holds` by what is neither true nor false. */
export const WRONG: object = Object.freeze({ wrong: true });
