import { Cidr } from '../../base/ip.ts';

declare const OF: unique symbol;

/** Plain data with networks in it, in a form that gets through to another thread. */
export interface Portable<T> {
  readonly [OF]?: T;
  readonly value: unknown;
}

/** Stands for a network. */
interface PortableNetwork {
  readonly cidr: string;
}

/** @param value plain data, and networks; no functions */
export function pack<T>(value: T): Portable<T> {
  return { value: mapped(value, (it) => (it instanceof Cidr ? { cidr: it.text } : undefined)) };
}

export function unpack<T>({ value }: Portable<T>): T {
  return mapped(value, (it) => (isNetwork(it) ? Cidr.parse(it.cidr) : undefined)) as T;
}

/** A copy with other things in place of some of it. */
function mapped(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const other = replace(value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return value.map((it) => mapped(it, replace));
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, mapped(it, replace)]));
}

function isNetwork(value: object): value is PortableNetwork {
  return 'cidr' in value && typeof value.cidr === 'string';
}
