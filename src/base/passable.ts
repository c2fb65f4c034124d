/** Fields as they get through to another thread: errors with their stack, lists of words, and of all else the words. */
export function passable(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, passableValue(value)]));
}

function passableValue(value: unknown): unknown {
  if (value instanceof Error) return Object.assign(new Error(value.message), { stack: value.stack });
  if (Array.isArray(value)) return value.map((it) => (isPlain(it) ? it : String(it)));
  return isPlain(value) ? value : String(value);
}

function isPlain(value: unknown): boolean {
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  );
}
