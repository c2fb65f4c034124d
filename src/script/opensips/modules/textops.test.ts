import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const BODY = 'one 1\r\ntwo 2\r\none 3\r\n';

async function through(body: string) {
  const server = await ScriptUnderTest.run(
    `loadmodule "tm.so"\nloadmodule "textops.so"\nroute { ${body} $du = "sip:198.51.100.1"; t_relay(); }`,
  );
  const caller = server.peer('192.0.2.7');
  const one = server.peer('198.51.100.1');
  caller.send(
    [
      'MESSAGE sip:bob@example.com SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK-1',
      'From: <sip:alice@example.com>;tag=a',
      'To: <sip:bob@example.com>',
      'Call-ID: call',
      'CSeq: 1 MESSAGE',
      'Max-Forwards: 70',
      'X-Words: red green red',
      'Content-Type: text/plain',
      `Content-Length: ${BODY.length}`,
      '',
      BODY,
    ].join('\r\n'),
  );
  await server.settle();
  const sent = one.last('MESSAGE');
  return { server, lines: server.lines, sent, body: sent.slice(sent.indexOf('\r\n\r\n') + 4) };
}

describe('textops', () => {
  it('searches the message and the body', async () => {
    const { server, lines } = await through(
      'if (search("GREEN")) xlog("all"); if (search_body("two [0-9]")) xlog("body"); if (!search_body("green")) xlog("not in the body");',
    );
    await using _ = server;
    expect(lines).toEqual(['all', 'body', 'not in the body']);
  });

  it.each([
    ['replace("red", "blue");', 'X-Words: blue green red'],
    ['replace_all("red", "blue");', 'X-Words: blue green blue'],
    ['search_append("green", "ish");', 'X-Words: red greenish red'],
    ['subst("/(red) (green)/\\\\2 \\\\1/");', 'X-Words: green red red'],
    ['subst("/red/x/g");', 'X-Words: x green x'],
  ])('%s', async (call, line) => {
    const { server, sent } = await through(call);
    await using _ = server;
    expect(sent).toContain(`${line}\r\n`);
  });

  it.each([
    ['replace_body("one", "1st");', '1st 1\r\ntwo 2\r\none 3\r\n'],
    ['replace_body_all("one", "1st");', '1st 1\r\ntwo 2\r\n1st 3\r\n'],
    ['replace_body_atonce("one", "x");', 'x 1\r\ntwo 2\r\nx 3\r\n'],
    ['search_append_body("two", "!");', 'one 1\r\ntwo! 2\r\none 3\r\n'],
    ['subst_body("/([a-z]+) ([0-9])/\\\\2 \\\\1/g");', '1 one\r\n2 two\r\n3 one\r\n'],
  ])('%s', async (call, result) => {
    const { server, body, sent } = await through(call);
    await using _ = server;
    expect(body).toBe(result);
    expect(sent).toContain(`Content-Length: ${result.length}\r\n`);
  });

  it('replaces in the Request-URI', async () => {
    const { server, lines } = await through(
      'subst_user("/^b/carl-b/"); xlog("$ru"); subst_uri("/^sip:(.*)@.*/sip:\\\\1@x.example/"); xlog("$ru");',
    );
    await using _ = server;
    expect(lines).toEqual(['sip:carl-bob@example.com', 'sip:carl-bob@x.example']);
  });
});
