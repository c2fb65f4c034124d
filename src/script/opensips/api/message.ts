import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Value } from '../value.ts';
import type { Names } from './names/names.ts';

/** What a function of a script is given; NULL in place of text or a number makes it false. */
export type Argument = Value | undefined;
export type Operator = '==' | '!=' | '<' | '>' | '<=' | '>=' | '=~' | '!~';
export type Calculation = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type Assigning = '=' | ':=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=';

/**
 * One run of a route with its message. The functions of the loaded modules are its methods, and true where OpenSIPS's
 * return code is above 0; one that returns 0 ends the script. Variables have their `$`.
 */
export interface Message extends Names {
  /** What the last function or route returned: `$rc`. */
  readonly code: number;
  /** `$(…)` in any form that a script may write, transformations and all. */
  get(variable: string): Value;
  /** Assigns. @returns false where it was not done */
  set(variable: string, value: Argument, how?: Assigning): boolean;
  /** The values of `$(avp(name)[*])`, one after the other. */
  list(variable: string): Iterable<Value>;
  /** Compares with a value of the program: without regard to case, text with text and numbers with numbers. */
  is(value: Value, operator: Operator, other: string | number): boolean;
  /** Compares two variables. */
  compare(left: Value, operator: Operator, right: Value): boolean;
  /** Whether an address lies in a network, or, with false, does not; what is no address does neither. */
  inNetwork(value: Value, network: string, inside?: boolean): boolean;
  /** The one that a value is; undefined where it is none. */
  oneOf<const T extends string | number>(value: Value, ...candidates: readonly T[]): T | undefined;
  /** Adds numbers, or joins text; undefined where there is no value. */
  add(left: Argument, right: Argument): Argument;
  /** Calculates with numbers; undefined where there is no value. */
  calculate(left: Argument, operator: Calculation, right: Argument): Argument;
  complement(value: Argument): Argument;
  /** A number in a text, as an argument. */
  number(text: string): Argument;
  /** A condition that something wrong within makes false as a whole, whatever stands around it. */
  holds(condition: () => boolean): boolean;
  holds(condition: () => Promise<boolean>): Promise<boolean>;
  /** Sets `$rc` as a condition does that did not hold, or, with true, did and had nothing to do. */
  judged(outcome: boolean): void;
  /** Whether a loop may go round once more (`max_while_loops`). */
  mayRepeat(rounds: number): boolean;
  /** Calls a route. @returns whether its return code is above 0 */
  route(name: string, ...parameters: readonly Value[]): boolean;
  /** Calls a route that may wait. */
  awaitRoute(name: string, ...parameters: readonly Value[]): Promise<boolean>;
  /** A return code with `$return(0)` and so on. */
  returns(code: Argument, ...values: readonly Value[]): number;
  /** Ends the script. */
  exit(): never;
  /** Ends the script, and drops what it ran for. */
  drop(): never;
  assert(condition: boolean, text?: string): void;
  /** Ends the script here; it goes on in a route when the call is done, or after so many seconds. */
  async(call: (m: Message) => MaybePromise<boolean>, route: string, seconds?: number): Promise<never>;
  /** Begins a call, and lets the script go on; the route hears of its end. */
  launch(call: (m: Message) => MaybePromise<boolean>, route?: string, text?: string): void;
}
