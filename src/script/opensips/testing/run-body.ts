import { ScriptUnderTest } from './script-under-test.ts';

/** Runs statements on an OPTIONS of alice to bob, and gives what they have logged. */
export async function runBody(
  body: string,
  options: { readonly more?: string; readonly headers?: readonly string[]; readonly global?: string } = {},
  requestUri = 'sip:bob:secret@example.com:5080;transport=tcp;a=1',
): Promise<readonly string[]> {
  const script = `${options.global ?? ''}\nroute { ${body} }\n${options.more ?? ''}`;
  await using server = await ScriptUnderTest.run(script);
  server.peer('192.0.2.7').request('OPTIONS', {
    requestUri,
    ...(options.headers && { headers: options.headers }),
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
