import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function run(more = '') {
  const port = await freePort();
  const server = await ScriptUnderTest.run(`
    loadmodule "httpd.so"
    loadmodule "mi_http.so"
    modparam("httpd", "port", ${port})
    ${more}
    route { xlog("x"); }`);
  return { server, url: `http://127.0.0.1:${port}`, port };
}

const PS = JSON.stringify({ jsonrpc: '2.0', method: 'core:ps', id: 10 });
const JSON_TYPE = { 'Content-Type': 'application/json' };

function post(url: string, body: string, headers: Record<string, string> = JSON_TYPE) {
  return fetch(url, { method: 'POST', body, headers });
}

describe('mi_http', () => {
  it('answers JSON-RPC', async () => {
    const { server, url } = await run();
    await using _ = server;
    const response = await post(`${url}/mi`, PS);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.text()).toBe(
      `{"jsonrpc":"2.0","result":{"Processes":[{"ID":0,"PID":${process.pid},"Type":"SIP server"}]},"id":10}`,
    );
  });

  it('answers errors of commands with 200, as JSON-RPC has them', async () => {
    const { server, url } = await run();
    await using _ = server;
    const response = await post(`${url}/mi/`, '{"jsonrpc":"2.0","method":"nope","id":1}');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ error: { code: -32601 } });
    expect((await post(`${url}/mi`, '{"jsonrpc":"2.0","method":"core:ps"}')).status).toBe(202);
  });

  it('refuses what is no such request', async () => {
    const { server, url, port } = await run();
    await using _ = server;
    expect((await fetch(`${url}/mi`)).status).toBe(405);
    expect((await post(`${url}/mi`, '')).status).toBe(400);
    expect((await post(`${url}/other`, PS)).status).toBe(404);
    expect((await post(`${url}/mi`, PS, { 'Content-Type': 'text/plain' })).status).toBe(406);
    expect((await post(`${url}/mi`, 'x'.repeat(70_000))).status).toBe(413);
    const strange = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/mi',
      headers: { ...JSON_TYPE, Host: 'evil.example' },
    });
    strange.end(PS);
    const [answer] = await once(strange, 'response');
    expect(answer.statusCode).toBe(403);
    answer.resume();
  });

  it('has its own path, and prints lines', async () => {
    const { server, url } = await run(`
      modparam("mi_http", "root", "opensips_mi")
      modparam("mi_http", "pretty_printing", 1)`);
    await using _ = server;
    const response = await post(
      `${url}/opensips_mi`,
      '{"jsonrpc":"2.0","method":"httpd_list_root_path","id":1}',
    );
    const text = await response.text();
    expect(text).toContain('\n\t');
    expect(JSON.parse(text).result).toEqual([{ http_root: 'opensips_mi', module: 'mi_http' }]);
  });

  it('asks for credentials', async () => {
    const { server, url } = await run(`
      modparam("httpd", "auth_username", "admin")
      modparam("httpd", "auth_password", "secret:pass")`);
    await using _ = server;
    const challenge = await post(`${url}/mi`, PS);
    expect(challenge.status).toBe(401);
    expect(challenge.headers.get('www-authenticate')).toBe('Basic realm="OpenSIPS MI"');
    const as = (text: string) => ({
      ...JSON_TYPE,
      Authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    });
    expect((await post(`${url}/mi`, PS, as('admin:secret'))).status).toBe(401);
    expect((await post(`${url}/mi`, PS, as('admin:secret:pass'))).status).toBe(200);
  });

  it('does not start with half of a pair', async () => {
    await expect(run('modparam("httpd", "auth_username", "admin")')).rejects.toThrow(/half of a pair/);
  });

  it('hands its socket to the script that replaces this one', async () => {
    const { server, url, port } = await run();
    await using _ = server;
    const next = await ScriptUnderTest.run(
      `loadmodule "httpd.so"
       loadmodule "mi_http.so"
       modparam("httpd", "port", ${port})
       modparam("mi_http", "root", "next")
       route { xlog("x"); }`,
      { sharing: server.services },
    );
    expect((await post(`${url}/next`, PS)).status).toBe(200);
    expect((await post(`${url}/mi`, PS)).status).toBe(404);
    await next[Symbol.asyncDispose]();
    expect((await post(`${url}/mi`, PS)).status).toBe(200);
  });
});
