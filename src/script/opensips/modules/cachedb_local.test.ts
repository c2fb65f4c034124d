import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { globMatcher } from './cachedb_local/glob.ts';

const HEAD = ['signaling', 'sl', 'tm', 'cachedb_local'].map((name) => `loadmodule "${name}.so"`).join('\n');

async function logged(route: string, head = ''): Promise<{ lines: string[]; server: ScriptUnderTest }> {
  const server = await ScriptUnderTest.run(`${HEAD}\n${head}\nroute { ${route} exit; }`);
  server.peer('192.0.2.7').request('OPTIONS');
  await new Promise((resolve) => setImmediate(resolve));
  return { lines: server.lines, server };
}

describe('cachedb_local', () => {
  it('stores, fetches and removes', async () => {
    const { lines, server } = await logged(`
      cache_store("local", "a", "one");
      if (cache_fetch("local", "a", $var(x))) xlog("$var(x)");
      cache_remove("local", "a");
      if (!cache_fetch("local", "a", $var(y))) xlog("gone $rc $var(y)");`);
    await using _ = server;
    expect(lines).toEqual(['one', 'gone -2 <null>']);
  });

  it('forgets when the time is up', async () => {
    const { server } = await logged('cache_store("local", "a", "one", 10);');
    await using _ = server;
    const cache = server.script.program.cache('local')!;
    expect(await cache.fetch('a')).toBe('one');
    server.clock.advance(10_000);
    expect(await cache.fetch('a')).toBeUndefined();
  });

  it('counts, and keeps the time of a counter', async () => {
    const { lines, server } = await logged(`
      cache_add("local", "n", 5, 60, $var(a));
      cache_sub("local", "n", 2, 0, $var(b));
      cache_counter_fetch("local", "n", $var(c));
      cache_store("local", "t", "text");
      if (!cache_add("local", "t", 1, 0)) xlog("$var(a) $var(b) $var(c) no number");`);
    await using _ = server;
    expect(lines).toEqual(['5 3 3 no number']);
    server.clock.advance(60_000);
    expect(await server.script.program.cache('local')!.counter('n')).toBeUndefined();
  });

  it('has collections by URL', async () => {
    const { lines, server } = await logged(
      `cache_store("local:group2", "a", "two");
       if (!cache_fetch("local", "a", $var(x))) xlog("apart");
       cache_remove_chunk("collection2", "a*");
       if (!cache_fetch("local:group2", "a", $var(x))) xlog("removed");`,
      `modparam("cachedb_local", "cache_collections", "collection1/r; collection2/r = 5; default = 4")
       modparam("cachedb_local", "cachedb_url", "local:group2:///collection2")`,
    );
    await using _ = server;
    expect(lines).toEqual(['apart', 'removed']);
  });

  it('says which URL leads nowhere', async () => {
    const { lines, server } = await logged(
      'xlog("runs");',
      'modparam("cachedb_local", "cachedb_url", "local:///nowhere")',
    );
    await using _ = server;
    expect(lines).toEqual([
      'cachedb_local: cachedb_url local:///nowhere: collection nowhere is not in cache_collections',
      'runs',
    ]);
  });

  it.each([
    ['user_*', 'user_1', true],
    ['user_*', 'a user_1', false],
    ['u?', 'u1', true],
    ['u?', 'u', false],
    ['[!a-c]x', 'dx', true],
    ['[!a-c]x', 'ax', false],
    ['a.b', 'axb', false],
    ['\\*', '*', true],
    ['[z-a', '[z-a', true],
  ])('%s matches %s: %s', (glob, text, expected) => {
    expect(globMatcher(glob)(text)).toBe(expected);
  });
});
