import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { yieldHelperThreads } from './helper-threads.ts';

function nicenessByName(): { readonly helpers: Set<number>; readonly others: Set<number> } {
  const found = { helpers: new Set<number>(), others: new Set<number>() };
  for (const id of readdirSync('/proc/self/task')) {
    const name = readFileSync(`/proc/self/task/${id}/comm`, 'utf8');
    (name.includes('V8Worker') ? found.helpers : found.others).add(getPriority(Number(id)));
  }
  return found;
}

it.runIf(process.platform === 'linux')('lowers the helpers of V8, and nobody else', () => {
  const before = nicenessByName();
  expect(yieldHelperThreads()).toBeGreaterThan(0);
  const lowered = Math.min(19, getPriority() + 10);
  expect(nicenessByName()).toEqual({ helpers: new Set([lowered]), others: before.others });
});
