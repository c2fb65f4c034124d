import { textOf, type Value } from '../value.ts';

/** What a list of values is joined with when all of it is printed (`[*]`). */
const BETWEEN = ', ';
/** Values of one request, all names together: a script that loops must not eat the memory. */
const MOST = 10_000;

/** AVPs: named stacks of values that belong to a request and all that comes of it. The value pushed last is read first. */
export class Avps {
  #stacks: Map<string, Value[]> | undefined;
  #count = 0;

  /** @param index from 0, the last pushed; negative from the other end, -1 the first pushed */
  get(name: string, index = 0): Value {
    const stack = this.#stacks?.get(name);
    return stack === undefined ? null : (stack[placeOf(stack, index)] ?? null);
  }

  all(name: string): readonly Value[] {
    const stack = this.#stacks?.get(name);
    return stack === undefined ? [] : stack.toReversed();
  }

  joined(name: string): Value {
    const stack = this.#stacks?.get(name);
    return stack === undefined ? null : stack.toReversed().map(textOf).join(BETWEEN);
  }

  count(name: string): number {
    return this.#stacks?.get(name)?.length ?? 0;
  }

  names(): Iterable<string> {
    return this.#stacks?.keys() ?? [];
  }

  /** @returns false where there are too many */
  push(name: string, value: Value): boolean {
    if (this.#count >= MOST) return false;
    const stack = this.#stacks?.get(name);
    if (stack === undefined) this.#add(name, value);
    else stack.push(value);
    this.#count++;
    return true;
  }

  /** Puts a value below all others, where it is read last. */
  append(name: string, value: Value): boolean {
    if (this.#count >= MOST) return false;
    const stack = this.#stacks?.get(name);
    if (stack === undefined) this.#add(name, value);
    else stack.unshift(value);
    this.#count++;
    return true;
  }

  /** Puts one value in place of all. */
  replace(name: string, value: Value): boolean {
    this.clear(name);
    return this.push(name, value);
  }

  /** @returns false where there is no value at that index */
  setAt(name: string, index: number, value: Value): boolean {
    const stack = this.#stacks?.get(name);
    const place = stack === undefined ? -1 : placeOf(stack, index);
    if (stack === undefined || !(place in stack)) return false;
    stack[place] = value;
    return true;
  }

  /** Takes one value away. */
  remove(name: string, index = 0): void {
    const stack = this.#stacks?.get(name);
    const place = stack === undefined ? -1 : placeOf(stack, index);
    if (stack === undefined || !(place in stack)) return;
    stack.splice(place, 1);
    this.#count--;
    if (stack.length === 0) this.#stacks?.delete(name);
  }

  #add(name: string, value: Value): void {
    this.#stacks ??= new Map();
    this.#stacks.set(name, [value]);
  }

  clear(name: string): void {
    this.#count -= this.count(name);
    this.#stacks?.delete(name);
  }
}

function placeOf(stack: readonly Value[], index: number): number {
  return index >= 0 ? stack.length - 1 - index : -index - 1;
}
