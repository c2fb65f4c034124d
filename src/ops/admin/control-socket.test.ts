import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../base/errors.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import { CommandTable } from './command-table.ts';
import { callControl } from './control-client.ts';
import { controlPath } from './control-path.ts';
import { ControlSocket } from './control-socket.ts';

function command(name: string, run: AdminCommand['run']): AdminCommand {
  return { name, usage: 'WORD', summary: '', run };
}

const COMMANDS = new CommandTable([
  command('echo', async (args) => args),
  command('nothing', () => undefined),
  command('refuse', () => {
    throw new CommandFault('not so');
  }),
  command('fail', () => {
    throw new ServerError('CFG_INVALID', 'wrong', { hint: 'mend it' });
  }),
  command('break', () => {
    throw new TypeError('a bug');
  }),
]);

function somewhere(): string {
  return controlPath(mkdtempSync(join(tmpdir(), 'viaduct-ctl-')));
}

async function raw(path: string, sent: string): Promise<string> {
  const socket = connect(path);
  socket.end(sent);
  return text(socket);
}

describe('ControlSocket', () => {
  it('runs commands', async () => {
    const path = somewhere();
    await using _ = await ControlSocket.open(path, COMMANDS);
    expect(await callControl(path, 'echo', ['a', 'ü'])).toEqual({ ok: true, result: ['a', 'ü'] });
    expect(await callControl(path, 'nothing', [])).toEqual({ ok: true, result: null });
  });

  it.each([
    ['refuse', { code: -32602, message: 'not so', data: { hint: 'refuse WORD' } }],
    ['fail', { code: -32000, message: 'wrong', data: { code: 'CFG_INVALID', hint: 'mend it' } }],
    ['break', { code: -32000, message: 'TypeError: a bug' }],
    ['bogus', { code: -32601, message: 'there is no command bogus' }],
  ])('answers %s with an error', async (name, error) => {
    const path = somewhere();
    await using _ = await ControlSocket.open(path, COMMANDS);
    expect(await callControl(path, name, [])).toMatchObject({ ok: false, error });
  });

  it.each([
    ['{', -32700],
    ['null', -32600],
    ['[]', -32600],
    ['{"id":1}', -32600],
    ['{"id":{},"method":"echo"}', -32600],
    ['{"id":1,"method":"echo","params":[1]}', -32602],
    ['{"id":1,"method":"echo","params":{}}', -32602],
  ])('answers the line %s with an error', async (line, code) => {
    const path = somewhere();
    await using _ = await ControlSocket.open(path, COMMANDS);
    expect(JSON.parse(await raw(path, `${line}\n`))).toMatchObject({ jsonrpc: '2.0', error: { code } });
  });

  it('closes on a line without end', async () => {
    const path = somewhere();
    await using _ = await ControlSocket.open(path, COMMANDS);
    expect(await raw(path, 'x'.repeat(100_000)).catch(() => '')).toBe('');
  });

  it('takes the place of a socket that nobody serves, and of none that is served', async () => {
    const path = somewhere();
    writeFileSync(path, '');
    await using _ = await ControlSocket.open(path, COMMANDS);
    await expect(ControlSocket.open(path, COMMANDS)).rejects.toMatchObject({ code: 'ADMIN_UNAVAILABLE' });
    expect((await callControl(path, 'nothing', [])).ok).toBe(true);
  });

  it('is not there after it was closed', async () => {
    const path = somewhere();
    await (await ControlSocket.open(path, COMMANDS))[Symbol.asyncDispose]();
    await expect(callControl(path, 'nothing', [])).rejects.toMatchObject({ code: 'ADMIN_UNAVAILABLE' });
  });
});

describe('controlPath', () => {
  it('refuses what the system cannot hold', () => {
    expect(() => controlPath(`/${'x'.repeat(120)}`)).toThrow(
      expect.objectContaining({ code: 'CFG_INVALID' }),
    );
  });
});
