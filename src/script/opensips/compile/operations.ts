import type { RE2JS } from 're2js';
import { channels } from '../../../base/channels.ts';
import { type Cidr, canonicalHost, ipFamily } from '../../../base/ip.ts';
import type { Listener } from '../../../net/listener.ts';
import type { ParsedArgument } from '../frame/argument.ts';
import type { Code } from '../frame/function.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { isTrue, NumericText, numberOf, printed, textOf, toInt, type Value } from '../value.ts';
import { patternOf } from './pattern.ts';

/*
 * What compiled scripts call. Conditions have three outcomes, as OpenSIPS has them: 1 true, 0 false, -1 an error, which
 * is neither and stays one under `!`; and STOP, for a function within that ended the script.
 */

/** A function within a condition has returned 0. */
export const STOP: number = -127;
/** The place of what was written elsewhere. */
export const NOWHERE: number = -1;
/** Deeper calls of routes are a loop. */
const DEEPEST = 100;

export const NOTHING: readonly Value[] = Object.freeze([]);

export function code(result: Code): number {
  return result === true ? 1 : result === false ? -1 : toInt(result);
}

/** The truth of a return code. */
export function truth(rc: number): number {
  return rc > 0 ? 1 : rc === 0 ? STOP : 0;
}

export function not(outcome: number): number {
  return outcome < 0 ? outcome : 1 - outcome;
}

export function bool(value: Value | undefined): number {
  return value !== undefined && isTrue(value) ? 1 : 0;
}

/** ASCII letters without regard to case; bytes beyond are compared as they are. */
export function sameText(a: string, b: string): boolean {
  if (a === b) return true;
  const { length } = a;
  if (length !== b.length) return false;
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const lower = x | 0x20;
    if (lower !== (y | 0x20) || lower < 0x61 || lower > 0x7a) return false;
  }
  return true;
}

/** `$x == "text"` */
export function equalsText(value: Value, text: string): number {
  if (typeof value === 'string') return sameText(value, text) ? 1 : 0;
  return value !== null && sameText(printed(value), text) ? 1 : 0;
}

/** `$x == 5`: text is no number, and comparing it with one is an error. */
export function equalsNumber(m: ScriptMessage, value: Value, number: number, at: number): number {
  if (value === number) return 1;
  if (value === null) return 0;
  const face = numberOf(value);
  if (face === undefined) return kindsDiffer(m, '==', value, number, at);
  return face === number ? 1 : 0;
}

/** Any comparison but those of a pattern or an address. */
export function compare(operator: string, left: Value, right: Value): number {
  if (left === null || right === null) {
    const equal = left === null && right === null;
    return (operator === '==' && equal) || (operator === '!=' && !equal) ? 1 : 0;
  }
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) return ordered(operator, a - b);
  return ordered(operator, order(printed(left), printed(right)));
}

/** As {@link compare}, with a number of the script itself. */
export function compareNumber(
  m: ScriptMessage,
  operator: string,
  left: Value,
  right: number,
  at: number,
): number {
  if (left === null) return operator === '!=' ? 1 : 0;
  const face = numberOf(left);
  if (face === undefined) return kindsDiffer(m, operator, left, right, at);
  return ordered(operator, face - right);
}

/** As {@link compare}, with a string of the script itself. */
export function compareText(operator: string, left: Value, right: string): number {
  if (left === null) return operator === '!=' ? 1 : 0;
  return ordered(operator, order(printed(left), right));
}

function ordered(operator: string, difference: number): number {
  switch (operator) {
    case '==':
      return difference === 0 ? 1 : 0;
    case '!=':
      return difference === 0 ? 0 : 1;
    case '<':
      return difference < 0 ? 1 : 0;
    case '>':
      return difference > 0 ? 1 : 0;
    case '<=':
      return difference <= 0 ? 1 : 0;
    default:
      return difference >= 0 ? 1 : 0;
  }
}

/** By bytes, ASCII letters without regard to case; the longer of two that begin alike is the greater. */
function order(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = lowered(a.charCodeAt(i)) - lowered(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function lowered(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
}

/** `=~` with a pattern of the script itself. */
export function matches(value: Value, pattern: RE2JS): number {
  return value !== null && pattern.matcher(printed(value)).find() ? 1 : 0;
}

/** `=~` and `!~` with a pattern that a variable holds. */
export function matchesValue(
  m: ScriptMessage,
  operator: string,
  left: Value,
  right: Value,
  at: number,
): number {
  const wanted = operator === '=~';
  if (left === null || right === null) return (left === null && right === null) === wanted ? 1 : 0;
  const pattern = patternOf(printed(right));
  if (pattern === undefined) {
    return complain(m, at, `${JSON.stringify(printed(right))} is no regular expression`);
  }
  return pattern.matcher(printed(left)).find() === wanted ? 1 : 0;
}

/** `$si == 10.0.0.0/8`: what is no address is an error. */
export function inNetwork(value: Value, network: Cidr): number {
  const text = textOf(value);
  if (text === undefined) return 0;
  if (ipFamily(text) === 0) return -1;
  return network.contains(canonicalHost(text)) ? 1 : 0;
}

/** @param bare the right side is a number that has no text face: one of the script itself, or what was calculated */
export function add(
  m: ScriptMessage,
  left: Value | undefined,
  right: Value | undefined,
  bare: boolean,
  at: number,
): Value | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'number') {
    const number = right === null ? 0 : numberOf(right);
    if (number === undefined) return wrongOperands(m, '+', left, right, at);
    return toInt(left + number);
  }
  if (bare && typeof right === 'number') return wrongOperands(m, '+', left, right, at);
  return (textOf(left) ?? '') + (textOf(right) ?? '');
}

export function calculate(
  m: ScriptMessage,
  operator: string,
  left: Value | undefined,
  right: Value | undefined,
  at: number,
): Value | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (typeof left === 'number') {
    const number = right === null ? 0 : numberOf(right);
    if (number === undefined) return wrongOperands(m, operator, left, right, at);
    return arithmetic(m, operator, left, number, at);
  }
  const a = textOf(left);
  const b = textOf(right);
  if (a === undefined || b === undefined || typeof right === 'number') {
    return wrongOperands(m, operator, left, right, at);
  }
  return bytewise(m, operator, a, b, at);
}

function arithmetic(
  m: ScriptMessage,
  operator: string,
  a: number,
  b: number,
  at: number,
): number | undefined {
  switch (operator) {
    case '+':
      return toInt(a + b);
    case '-':
      return toInt(a - b);
    case '*':
      return Math.imul(a, b);
    case '/':
    case '%':
      if (b === 0) {
        complain(m, at, 'divided by 0');
        return undefined;
      }
      return toInt(operator === '/' ? a / b : a % b);
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << b;
    default:
      return a >> b;
  }
}

/** Bit operations on two strings of one length. */
function bytewise(m: ScriptMessage, operator: string, a: string, b: string, at: number): Value | undefined {
  if ((operator !== '&' && operator !== '|' && operator !== '^') || a.length !== b.length) {
    return wrongOperands(m, operator, a, b, at);
  }
  let out = '';
  for (let i = 0; i < a.length; i++) {
    out += String.fromCharCode(arithmetic(m, operator, a.charCodeAt(i), b.charCodeAt(i), at) ?? 0);
  }
  return out;
}

export function complement(m: ScriptMessage, value: Value | undefined, at: number): Value | undefined {
  if (value === undefined) return undefined;
  const number = numberOf(value);
  if (number !== undefined) return ~number;
  complain(m, at, `~ needs a number, not ${kindOf(value)}`);
  return undefined;
}

/** `$x += value`: both texts or both numbers. */
export function combined(
  m: ScriptMessage,
  operator: string,
  left: Value,
  right: Value | undefined,
  at: number,
): Value | undefined {
  if (right === undefined) return undefined;
  if (left !== null && right !== null) {
    const a = numberOf(left);
    const b = numberOf(right);
    const texts = typeof left !== 'number' && typeof right !== 'number';
    if (texts && operator === '+') return printed(left) + printed(right);
    if (!texts && a !== undefined && b !== undefined) return arithmetic(m, operator, a, b, at);
  }
  return wrongOperands(m, `${operator}=`, left, right, at);
}

/** The text of an argument; undefined where the variable holds nothing, which ends the call with -1. */
export function argumentText(m: ScriptMessage, value: Value, at: number): string | undefined {
  const text = textOf(value);
  if (text === undefined) complain(m, at, 'a variable given as an argument holds nothing');
  return text;
}

export function argumentNumber(m: ScriptMessage, value: Value, at: number): number | undefined {
  const number = numberOf(value);
  if (number === undefined) complain(m, at, `a number is needed as an argument, not ${kindOf(value)}`);
  return number;
}

export function argumentPattern(m: ScriptMessage, value: Value, at: number): RE2JS | undefined {
  const text = argumentText(m, value, at);
  const pattern = text === undefined ? undefined : patternOf(text);
  if (text !== undefined && pattern === undefined) {
    complain(m, at, `${JSON.stringify(text)} is no regular expression`);
  }
  return pattern;
}

/** The place in a list that an index says; text without a number is the first. */
export function indexOf(value: Value): number {
  return numberOf(value) ?? (Number.parseInt(printed(value), 10) || 0);
}

/** Begins a route that another one calls. @returns false where they call each other without end */
export function enter(m: ScriptMessage, name: string, params: readonly Value[]): boolean {
  if (m.stack.length >= DEEPEST) {
    m.program.log('error', `routes call each other without end, lately ${name}`, m.message.callId);
    return false;
  }
  m.stack.push(name);
  m.paramStack ??= [];
  m.paramStack.push(m.params);
  m.params = params;
  return true;
}

export function leave(m: ScriptMessage, result: number): number {
  m.stack.pop();
  m.params = m.paramStack?.pop() ?? NOTHING;
  return result;
}

/** What `return($x)` returns. */
export function returned(value: Value): number {
  return value === null ? -1 : (numberOf(value) ?? 1);
}

/** An expression that came to nothing is not assigned. */
export function noValue(m: ScriptMessage, at: number): number {
  complain(m, at, 'there is no value to assign');
  return -1;
}

/** The number of the case that a value is, or -1. */
export function caseOf(value: Value, cases: readonly (string | number)[]): number {
  for (let i = 0; i < cases.length; i++) {
    const wanted = cases[i]!;
    if (typeof wanted === 'number' ? numberOf(value) === wanted : equalsText(value, wanted) === 1) return i;
  }
  return -1;
}

/** Tells an assignment to whoever follows the script. */
export function tell(name: string, value: Value): void {
  if (channels.step.hasSubscribers) channels.step.publish({ name, value: JSON.stringify(printed(value)) });
}

/** Logs what went wrong, with the place in the script. */
export function complain(m: ScriptMessage, at: number, what: string): -1 {
  m.program.log('warn', `${m.program.placeText(at)}: ${what}`, m.message.callId);
  return -1;
}

function kindsDiffer(m: ScriptMessage, operator: string, left: Value, right: Value, at: number): -1 {
  return complain(m, at, `${kindOf(left)} ${operator} ${kindOf(right)} compares different kinds`);
}

function wrongOperands(m: ScriptMessage, operator: string, left: Value, right: Value, at: number): undefined {
  complain(m, at, `${kindOf(left)} ${operator} ${kindOf(right)} cannot be calculated`);
  return undefined;
}

function kindOf(value: Value): string {
  if (value === null) return 'NULL';
  return typeof value === 'number'
    ? `the number ${value}`
    : `the text ${JSON.stringify(value instanceof NumericText ? value.text : value)}`;
}

/** Bits of words that are made at run time. */
export function argumentWords(
  m: ScriptMessage,
  { known, numeric }: { readonly known: Readonly<Record<string, number>>; readonly numeric: boolean },
  text: string,
  at: number,
): number | undefined {
  if (numeric && /^\d+$/.test(text)) return Number(text);
  let bits = 0;
  for (const word of text.split(',')) {
    const name = word.trim();
    if (name === '') continue;
    const bit = Object.hasOwn(known, name) ? known[name] : undefined;
    if (bit === undefined) {
      complain(m, at, `there is no flag ${JSON.stringify(name)}`);
      return undefined;
    }
    bits |= bit;
  }
  return bits;
}

export function argumentChoice(
  m: ScriptMessage,
  { known }: { readonly known: readonly string[] },
  text: string,
  at: number,
): string | undefined {
  if (known.includes(text)) return text;
  complain(m, at, `${JSON.stringify(text)} is none of ${known.join(', ')}`);
  return undefined;
}

export function argumentSocket(m: ScriptMessage, text: string, at: number): Listener | undefined {
  const listener = m.program.socket(text);
  if (listener === undefined) complain(m, at, `${JSON.stringify(text)} is no socket of this server`);
  return listener;
}

export function argumentParsed(
  m: ScriptMessage,
  { parse }: { readonly parse: (text: string) => ParsedArgument<unknown> },
  text: string,
  at: number,
): unknown {
  const result = parse(text);
  if (result.ok) return result.value;
  complain(m, at, result.problem);
  return undefined;
}

/** A number that is made as text at run time. */
export function argumentInt(m: ScriptMessage, text: string, at: number): number | undefined {
  if (/^-?\d{1,10}$/.test(text)) return toInt(Number(text));
  complain(m, at, `a number is needed as an argument, not ${JSON.stringify(text)}`);
  return undefined;
}

export { printed } from '../value.ts';

/** `route($var(name))` */
export function routeNamed(
  m: ScriptMessage,
  routes: ReadonlyMap<string, (m: ScriptMessage) => number | Promise<number>>,
  name: string,
  at: number,
): number | Promise<number> {
  const route = routes.get(`request ${name}`);
  return route === undefined ? complain(m, at, `there is no route[${name}]`) : route(m);
}

export function tooManyLoops(m: ScriptMessage, most: number, at: number): void {
  complain(m, at, `this loop was ended after ${most} rounds (max_while_loops)`);
}

const LONGEST_LIST = 100_000;

/** Whether a list is so long that somebody must have made it grow while it is walked. */
export function endless(m: ScriptMessage, rounds: number, at: number): boolean {
  if (rounds < LONGEST_LIST) return false;
  complain(m, at, `this loop was ended after ${LONGEST_LIST} rounds`);
  return true;
}

export function assertFailed(m: ScriptMessage, text: string, at: number): 0 {
  complain(m, at, `assertion failed${text === '' ? '' : `: ${text}`}`);
  m.failed = { reason: 'assertion failed', status: 500, text: 'server error' };
  return 0;
}
