import { ScriptUnderTest } from './script-under-test.ts';

/**
 * Runs statements on an OPTIONS of alice to bob, and gives what they have logged. They run as TypeScript too.
 * @throws Error where the two do not log the same
 */
export async function runBody(
  body: string,
  options: { readonly more?: string; readonly headers?: readonly string[]; readonly global?: string } = {},
  requestUri = 'sip:bob:secret@example.com:5080;transport=tcp;a=1',
): Promise<readonly string[]> {
  const script = `${options.global ?? ''}\nroute { ${body} }\n${options.more ?? ''}`;
  const lines = await linesOf(script, requestUri, options.headers);
  const converted = await linesOf(script, requestUri, options.headers, 'typescript');
  const [a, b] = [lines, converted].map((all) => JSON.stringify(all.map(withoutPlace)));
  if (a !== b) throw new Error(`as TypeScript it logs ${b} and not ${a}`);
  return lines;
}

/** Places in a script are others than those of its conversion, or none. */
function withoutPlace(line: string): string {
  return line.replace(/^\S*\btest\.(?:cfg|ts)(?::\d+:\d+)?: /, '');
}

async function linesOf(
  script: string,
  requestUri: string,
  headers: readonly string[] | undefined,
  form?: 'typescript',
): Promise<readonly string[]> {
  await using server = await ScriptUnderTest.run(script, { form });
  server.peer('192.0.2.7').request('OPTIONS', {
    requestUri,
    ...(headers && { headers }),
  });
  await server.settle();
  return server.lines;
}

/** The value of an expression as a format prints it. */
export async function resultOf(expression: string, before = ''): Promise<string> {
  const lines = await runBody(`${before} $var(result) = ${expression}; xlog("=$var(result)");`);
  return lines.findLast((line) => line.startsWith('='))?.slice(1) ?? `(${lines.join('; ')})`;
}

/** Whether a condition holds. */
export async function holds(condition: string, before = ''): Promise<boolean> {
  const lines = await runBody(`${before} if (${condition}) xlog("=yes"); else xlog("=no");`);
  return lines.includes('=yes');
}
