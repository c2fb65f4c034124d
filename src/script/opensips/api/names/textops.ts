// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Expressions on headers and bodies. Headers are changed in place, and what comes of it must be headers. */
export interface TextopsNames {
  /** Whether an expression matches anywhere in the message. */
  search(re: Argument): boolean;
  /** Whether an expression matches in the body. */
  search_body(re: Argument): boolean;
  /** Adds a text behind what matches first in the headers. */
  search_append(re: Argument, txt: Argument): boolean;
  /** Adds a text behind what matches first in the body. */
  search_append_body(re: Argument, txt: Argument): boolean;
  /** Replaces what matches first in the headers, else in the body. */
  replace(re: Argument, txt: Argument): boolean;
  /** Replaces what matches first in the body. */
  replace_body(re: Argument, txt: Argument): boolean;
  /** Replaces all that matches in headers and body. */
  replace_all(re: Argument, txt: Argument): boolean;
  /** Replaces all that matches in the body, line by line. */
  replace_body_all(re: Argument, txt: Argument): boolean;
  /** Replaces all that matches in the body as a whole. */
  replace_body_atonce(re: Argument, txt: Argument): boolean;
  /** Replaces by `/re/repl/flags` in the headers. */
  subst(subst: Argument): boolean;
  /** Replaces by `/re/repl/flags` in the Request-URI. */
  subst_uri(subst: Argument): boolean;
  /** Replaces by `/re/repl/flags` in the user of the Request-URI. */
  subst_user(subst: Argument): boolean;
  /** Replaces by `/re/repl/flags` in the body. */
  subst_body(subst: Argument): boolean;
}
