import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { answerRpc } from './json-rpc.ts';

const SCRIPT = `
  loadmodule "statistics.so"
  loadmodule "cachedb_local.so"
  loadmodule "pike.so"
  loadmodule "ratelimit.so"
  modparam("statistics", "variable", "calls")
  modparam("statistics", "variable", "kept/no_reset")
  modparam("statistics", "stat_groups", "mine")
  route { update_stat("calls", 2); update_stat("mine:x", 1); xlog("seen"); }
  event_route[E_OWN] { xlog("own $param(a) $param(b)"); }
`;

async function run(): Promise<
  ScriptUnderTest & { ask(method: string, params?: unknown): Promise<Record<string, unknown>> }
> {
  const server = await ScriptUnderTest.run(SCRIPT);
  const ask = async (method: string, params?: unknown) => {
    const request = { jsonrpc: '2.0', id: 1, method, ...(params !== undefined && { params }) };
    const { jsonrpc, id, ...answer } = JSON.parse(
      (await answerRpc(server.script.program, JSON.stringify(request), false))!,
    );
    expect({ jsonrpc, id }).toEqual({ jsonrpc: '2.0', id: 1 });
    return answer;
  };
  return Object.assign(server, { ask });
}

describe('management commands', () => {
  it.each([
    ['{', { code: -32700, message: 'Parse error' }, null],
    ['[]', { code: -32600, message: 'Invalid Request' }, null],
    ['null', { code: -32600, message: 'Invalid Request' }, null],
    ['{"jsonrpc":"2.0","id":7}', { code: -32600, message: 'Invalid Request' }, 7],
    ['{"jsonrpc":"1.0","id":7,"method":"ps"}', { code: -32600, message: 'Invalid Request' }, 7],
    ['{"jsonrpc":"2.0","id":"a","method":"nope"}', { code: -32601, message: 'Method not found' }, 'a'],
    [
      '{"jsonrpc":"2.0","id":1,"method":"list"}',
      {
        code: -32001,
        message: 'Method ambiguous',
        data: 'supported names: statistics:list, evi:list, tcp:list, pike:list, ratelimit:list',
      },
      1,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"cache_fetch","params":["local"]}',
      { code: -32602, message: 'Invalid params', data: 'Too few or too many parameters' },
      1,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"cache_fetch","params":{"system":"local","key":"a"}}',
      { code: -32602, message: 'Invalid params', data: 'Named parameters do not match' },
      1,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"cache:store","params":{"__proto__":1,"system":"local","attr":"a"}}',
      { code: -32602, message: 'Invalid params', data: 'Named parameters do not match' },
      1,
    ],
  ])('answers %s as OpenSIPS does', async (request, error, id) => {
    await using server = await run();
    expect(JSON.parse((await answerRpc(server.script.program, request, false))!)).toEqual({
      jsonrpc: '2.0',
      error,
      id,
    });
  });

  it('answers no notification', async () => {
    await using server = await run();
    const text = '{"jsonrpc":"2.0","method":"cache_store","params":["local","k","v"]}';
    expect(await answerRpc(server.script.program, text, false)).toBeUndefined();
    expect(await server.ask('cache:fetch', ['local', 'k'])).toEqual({ result: { key: 'k', value: 'v' } });
  });

  it('tells what runs and which commands there are', async () => {
    await using server = await run();
    await server.clock.advance(90_000);
    expect(await server.ask('uptime')).toMatchObject({ result: { 'Up time': '90 [sec]' } });
    expect((await server.ask('core:uptime')).result).toMatchObject({
      Now: expect.stringMatching(/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/),
    });
    expect(await server.ask('ps')).toEqual({
      result: { Processes: [{ ID: 0, PID: process.pid, Type: 'SIP server' }] },
    });
    expect(await server.ask('which', ['pike:'])).toEqual({ result: ['pike:list', 'pike:rm'] });
    expect((await server.ask('which')).result).toContain('statistics:get');
    expect(await server.ask('which', ['log_level'])).toEqual({ result: [[], ['level'], ['level', 'pid']] });
    expect(await server.ask('which', ['nope'])).toEqual({
      error: { code: 404, message: 'unknown MI command' },
    });
    expect(await server.ask('help', { mi_cmd: 'pike_list' })).toEqual({
      result: { Help: 'Lists the addresses that are blocked.', 'Exported by': 'pike' },
    });
    expect(await server.ask('pwd')).toEqual({ result: { WD: process.cwd() } });
    expect((await server.ask('version')).result).toMatchObject({
      Server: expect.stringMatching(/^Viaduct /),
    });
  });

  it('gives statistics, and sets them back', async () => {
    await using server = await run();
    server.peer('192.0.2.7').request('OPTIONS');
    await server.settle();
    expect(await server.ask('get_statistics', [['calls', 'mine:', 'rcv_requests']])).toEqual({
      result: { 'dynamic:calls': 2, 'mine:x': 1, 'core:rcv_requests': 1 },
    });
    expect(await server.ask('get_statistics', ['CORE:'])).toMatchObject({
      result: { 'core:bad_msg_hdr': 0 },
    });
    expect(await server.ask('statistics:list', [['calls', 'dynamic:kept', 'timestamp']])).toEqual({
      result: {
        'dynamic:calls': 'incremental',
        'dynamic:kept': 'non-incremental',
        'core:timestamp': 'non-incremental',
      },
    });
    expect(await server.ask('reset_statistics', { statistics: ['calls'] })).toEqual({ result: 'OK' });
    expect(await server.ask('get_statistics', ['calls'])).toEqual({ result: { 'dynamic:calls': 0 } });
    expect(await server.ask('get_statistics', ['nope'])).toEqual({
      error: { code: 404, message: 'Statistics Not Found' },
    });
    expect(await server.ask('statistics:reset_all')).toEqual({ result: 'OK' });
    expect(await server.ask('get_statistics', ['mine:'])).toEqual({ result: { 'mine:x': 0 } });
  });

  it('changes levels while the script runs', async () => {
    await using server = await run();
    expect(await server.ask('xlog_level')).toEqual({ result: { 'xLog Level': 2 } });
    expect(await server.ask('xlog_level', [-3])).toEqual({ result: { 'New xLog level': -3 } });
    server.peer('192.0.2.7').request('OPTIONS');
    await server.settle();
    expect(server.lines).toEqual([]);
    expect(await server.ask('log_level', ['4'])).toEqual({ result: { 'New global log level': 4 } });
    expect(await server.ask('log_level')).toMatchObject({ result: { Processes: [{ 'Log level': 4 }] } });
    expect(await server.ask('log_level', [3, 1])).toMatchObject({ error: { data: 'Bad PID' } });
    expect(await server.ask('log_level', ['much'])).toMatchObject({ error: { code: -32602 } });
  });

  it('keeps values in UTF-8', async () => {
    await using server = await run();
    expect(await server.ask('cache_store', ['local', 'naïve', '日本', 60])).toEqual({ result: 'OK' });
    expect(await server.ask('cache_fetch', ['local', 'naïve'])).toEqual({
      result: { key: 'naïve', value: '日本' },
    });
    expect(await server.ask('cache_remove', ['local', 'naïve'])).toEqual({ result: 'OK' });
    expect(await server.ask('cache_fetch', ['local', 'naïve'])).toEqual({
      error: { code: 400, message: 'Value not found' },
    });
    expect(await server.ask('cache_fetch', ['redis', 'a'])).toEqual({
      error: { code: 500, message: 'Cache fetch command failed' },
    });
  });

  it('raises events', async () => {
    await using server = await run();
    expect(await server.ask('raise_event', ['E_OWN', { a: 1, b: 'two' }])).toEqual({ result: 'OK' });
    await server.settle();
    expect(server.lines).toEqual(['own 1 two']);
    expect(await server.ask('raise_event', ['E_NONE'])).toEqual({
      error: { code: 404, message: 'Event not registered' },
    });
    expect((await server.ask('events_list')).result).toEqual({
      Events: expect.arrayContaining([{ name: 'E_PIKE_BLOCKED', id: expect.any(Number) }]),
    });
  });
});
