import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { parseJson, printJson } from './json/document.ts';
import { parsePath } from './json/path.ts';

const HEAD = ['signaling', 'sl', 'tm', 'json'].map((name) => `loadmodule "${name}.so"`).join('\n');

async function logged(route: string, head = ''): Promise<string[]> {
  await using server = await ScriptUnderTest.run(`${HEAD}\n${head}\nroute { ${route} exit; }`);
  server.peer('192.0.2.7').request('OPTIONS');
  return server.lines;
}

describe('json', () => {
  it('reads and changes a document', async () => {
    expect(
      await logged(`
        $json(o) := "{\\"a\\": [1, {\\"b\\": \\"x\\"}], \\"n\\": null}";
        $json(o/a[]) = 7;
        $json(o/a[-2]/b) = "y";
        $json(o/t) := "true";
        xlog("$json(o/a[0]) $json(o/a[1]/b) $json(o/a[-1]) $json(o/n) $json(o/t) $json(o/none)");
        $json(o/a[0]) = NULL;
        xlog("$json(o)");`),
    ).toEqual(['1 y 7 null true <null>', '{ "a": [ { "b": "y" }, 7 ], "n": null, "t": true }']);
  });

  it('walks with variables and in loops', async () => {
    expect(
      await logged(`
        $json(o) := "{\\"a\\": 1, \\"b\\": 2}";
        $var(key) = "b";
        xlog("$json(o/$var(key))");
        for ($var(k) in $(json(o.keys)[*])) xlog("key $var(k)");
        for ($var(v) in $(json(o)[*])) xlog("value $var(v)");
        $json(list) := "[5, 6]";
        $var(i) = 1;
        xlog("$json(list[$var(i)])");`),
    ).toEqual(['2', 'key a', 'key b', 'value 1', 'value 2', '6']);
  });

  it('links and merges', async () => {
    expect(
      await logged(`
        $json(b) := "[{}, {}]";
        json_link($json(stub), $json(b[0]));
        $json(stub/ana) = "are";
        xlog("$json(b)");
        $json(one) := "{\\"a\\": 1, \\"c\\": {\\"x\\": 1}}";
        $json(two) := "{\\"b\\": 2, \\"c\\": {\\"y\\": 2}}";
        json_merge($json(one), $json(two), $var(both));
        xlog("$var(both)");
        $json(circle) := "[1]";
        json_link($json(circle[0]), $json(circle));
        xlog("$json(circle)");`),
    ).toEqual(['[ { "ana": "are" }, { } ]', '{ "a": 1, "c": { "x": 1, "y": 2 }, "b": 2 }', '<null>']);
  });

  it('prints in four ways', async () => {
    expect(
      await logged(`
        $json(o) := "{}";
        $json(o/path) = "/a/b";
        xlog("$json_compact(o) $json_compact_noescape(o)");
        xlog("$json_pretty(o)");`),
    ).toEqual(['{"path":"\\/a\\/b"} {"path":"/a/b"}', '{\n  "path":"\\/a\\/b"\n}']);
  });

  it('refuses what is no JSON, and cuts or quotes what has more than 32 bits', async () => {
    const route =
      '$json(o) := "{nonsense"; xlog("$json(o)"); $json(n) := "[4294967298]"; xlog("$json(n[0])");';
    expect(await logged(route)).toEqual(['$json(o): no JSON', '<null>', '2']);
    expect((await logged(route, 'modparam("json", "enable_long_quoting", 1)')).at(-1)).toBe('4294967298');
  });

  it('keeps every document through printing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const style of ['spaced', 'pretty', 'compact', 'compact-noescape'] as const) {
          const printed = printJson(parseJson(JSON.stringify(value))!, style)!;
          expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify(value)));
        }
      }),
    );
  });

  it.each(['', '/a', 'a[x]', 'a[1', 'a[1]b'])('%s is no path', (text) => {
    expect(parsePath(text)).toBeUndefined();
  });
});
