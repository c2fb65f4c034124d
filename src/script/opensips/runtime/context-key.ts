/**
 * A place of a module's own in a {@link RequestContext}: `const DIALOG = contextKey<Dialog>('dialog')`, then
 * `m.context.get(DIALOG)` and `m.context.set(DIALOG, dialog)`.
 */
export interface ContextKey<T> {
  readonly name: string;
  /** Its own, from 0. */
  readonly number: number;
  /** Only for the type. */
  holds?(value: T): void;
}

let keys = 0;

export function contextKey<T>(name: string): ContextKey<T> {
  return { name, number: keys++ };
}
