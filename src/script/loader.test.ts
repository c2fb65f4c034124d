import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallHarness } from '../../testing/call-harness.ts';
import { type LoadResult, loadRoutes } from './loader.ts';
import type { Problem } from './script-module.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'viaduct-routes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const load = (text: string): Promise<LoadResult> => loadRoutes(write('routes.ts', text));

async function problem(text: string): Promise<Problem> {
  const result = await load(text);
  if (result.ok) throw new Error('it loaded');
  return result.problems[0]!;
}

const HEAD = `import { type Call, routes } from 'viaduct';\n`;

describe('loadRoutes', () => {
  it('compiles TypeScript, with imports by relative name, of Node and of JSON', async () => {
    write('numbers.ts', 'export const LIMIT: number = 2;\nexport type Unused = string;\n');
    write('names.json', '{ "bob": "sip:bob@203.0.113.2" }');
    const result = await load(`
      import { basename } from 'node:path';
      import fs from 'node:fs';
      import { digest, location, routes, type Answer } from 'viaduct';
      import { LIMIT, type Unused } from './numbers.ts';
      import * as numbers from './numbers';
      import names from './names.json' with { type: 'json' };
      const who = digest({ realm: 'example.com' });
      export default routes({
        async register(call): Promise<Answer> { return call.reject(403, names.bob satisfies string); },
        invite: (call) => call.reject(400 + LIMIT + numbers.LIMIT, basename(import.meta.filename)),
      });
    `);
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    await using harness = CallHarness.start({ routes: result.program.routes });
    const answer = await harness.peer('alice').invite('bob').final;
    expect([answer.status, answer.reason]).toEqual([404, 'routes.ts']);
  });

  it('reads each version afresh, with what it imports', async () => {
    const text = `${HEAD}import { STATUS } from './status.ts';
      export default routes({ register: (call) => call.reject(STATUS), invite: (call) => call.reject(STATUS) });`;
    for (const status of [404, 486]) {
      write('status.ts', `export const STATUS = ${status};`);
      const result = await load(text);
      if (!result.ok) throw new Error('it did not load');
      await using harness = CallHarness.start({ routes: result.program.routes });
      expect((await harness.peer('alice').invite('bob').final).status).toBe(status);
    }
  });

  it('tells the place of what is no TypeScript', async () => {
    expect(await problem(`${HEAD}const a = ;\n`)).toMatchObject({ line: 2, column: 11 });
    expect(await problem(`${HEAD}const a: number = 1;\nconst a = 2;\n`)).toMatchObject({
      line: 3,
      column: 7,
      message: "Identifier 'a' has already been declared",
    });
    const waiting = await problem(`${HEAD}const a = await fetch('http://127.0.0.1');\n`);
    expect(waiting.line).toBe(2);
    expect(waiting.hint).toContain('inside a handler');
  });

  it('tells the place of what is thrown at the top, types counted in', async () => {
    const found = await problem(`${HEAD}const a: Record<string, number> = {}; throw new TypeError('no');\n`);
    expect(found).toMatchObject({ line: 2, column: 45, message: 'no' });
  });

  it('tells the file where an imported one is at fault', async () => {
    write('broken.ts', 'export const a = ;');
    const found = await problem(`${HEAD}import { a } from './broken.ts';\nexport default a;`);
    expect(found).toMatchObject({ file: join(folder, 'broken.ts'), line: 1 });
  });

  it('tells what is not there', async () => {
    expect(await problem(`${HEAD}import { a } from './gone.ts';\nexport default a;`)).toMatchObject({
      line: 2,
      column: 19,
      message: 'cannot find "./gone.ts"',
    });
    expect(await problem(`${HEAD}import a from 'no-such-package';\nexport default a;`)).toMatchObject({
      line: 2,
      message: 'cannot find "no-such-package"',
    });
    const voice = await problem(
      `import { routes, voicemail } from 'viaduct';\nexport default routes({ register: (c) => c.reject(403),\n  invite: (c) => voicemail.deposit(c) });`,
    );
    expect(voice).toMatchObject({ line: 3, column: 18, message: 'viaduct has no voicemail' });
    expect(voice.hint).toContain('digest, location, routes');
    const result = await loadRoutes(join(folder, 'nowhere.ts'));
    expect(result).toMatchObject({ ok: false, problems: [{ message: 'the routes file is not there' }] });
  });

  it('wants routes as the default export', async () => {
    expect((await problem(`${HEAD}export const a = 1;`)).message).toBe('nothing is exported as default');
    const bare = await problem('export default { register() {}, invite() {} };');
    expect(bare.message).toBe('the default export is not made by routes()');
  });

  it('tells which handler is missing or unknown', async () => {
    const missing = await problem(
      `${HEAD}export default routes({ register: (call) => call.reject(403) } as any);`,
    );
    expect(missing).toMatchObject({ line: 2, message: 'routes() has no handler "invite"' });
    const unknown = await problem(
      `${HEAD}const no = (call: Call) => call.reject(403);\nexport default routes({ register: no, invite: no, bye: no } as any);`,
    );
    expect(unknown).toMatchObject({ line: 3, message: 'routes() knows no handler "bye"' });
    expect(unknown.hint).toContain('inDialog');
  });

  it('tries every handler once, and tells what it throws', async () => {
    const found = await problem(
      `${HEAD}export default routes({\n  register: (call) => call.reject(403),\n  invite: async (call) => call.reject((call as any).target.nothing.here),\n});`,
    );
    expect(found.message).toContain("reading 'here'");
    expect(found).toMatchObject({ line: 4 });
    expect(found.hint).toContain('"invite"');
    const silent = await problem(
      `${HEAD}export default routes({ register: (call) => call.reject(403), invite: (() => {}) as any });`,
    );
    expect(silent.message).toBe('the handler "invite" returned no answer');
  });

  it('gives the log the place in the source of what a handler throws later, types counted in', async () => {
    const result = await load(
      `${HEAD}let calls: number = 0;\nexport default routes({\n  register: (call) => call.reject(403),\n  invite(call: Call) { if (calls++ > 0) throw new Error('second'); return call.reject(404); },\n});`,
    );
    if (!result.ok) throw new Error('it did not load');
    await using harness = CallHarness.start({ routes: result.program.routes });
    harness.server.runtime.replaceProgram(result.program);
    const texts: string[] = [];
    const listen = (line: unknown): void => void texts.push((line as { text: string }).text);
    subscribe('viaduct:log', listen);
    expect((await harness.peer('alice').invite('bob').final).status).toBe(500);
    unsubscribe('viaduct:log', listen);
    expect(texts).toContain(`${join(folder, 'routes.ts')}:5:47: Error: second`);
  });
});
