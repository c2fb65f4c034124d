import { describe, expect, it } from 'vitest';
import { type RtpproxyCommand, splitTag } from './command.ts';
import { NO_MODIFIERS } from './modifiers.ts';
import { parseCommand } from './parse-command.ts';
import { printCommand } from './print-command.ts';

function parsed(text: string): RtpproxyCommand {
  const result = parseCommand(text);
  if (!result.ok) throw new Error(`E${result.error}`);
  return result.command;
}

function error(text: string): number | undefined {
  const result = parseCommand(text);
  return result.ok ? undefined : result.error;
}

const KEY = { callId: 'c@10.0.0.34', fromTag: 'ft1;1' };
const UPDATE = {
  kind: 'update',
  ...KEY,
  modifiers: NO_MODIFIERS,
  address: '127.0.77.1',
  port: 8000,
  subcommands: [],
} as const;

describe('parseCommand', () => {
  it('reads what OpenSIPS sends for a call of two media', () => {
    expect(parsed('Uc0,8,101 c@10.0.0.34 127.0.77.1 8000 ft1;1')).toEqual({
      ...UPDATE,
      modifiers: { ...NO_MODIFIERS, codecs: [0, 8, 101] },
    });
    expect(parsed('Lc0 c@10.0.0.34 127.0.77.2 9000 ft1;1 tt1;1')).toEqual({
      ...UPDATE,
      kind: 'lookup',
      modifiers: { ...NO_MODIFIERS, codecs: [0] },
      address: '127.0.77.2',
      port: 9000,
      toTag: 'tt1;1',
    });
    expect(parsed('D c@10.0.0.34 ft1 tt1')).toEqual({
      kind: 'delete',
      weak: false,
      callId: 'c@10.0.0.34',
      fromTag: 'ft1',
      toTag: 'tt1',
    });
  });

  it('reads every modifier, in any case and order', () => {
    const both = {
      ...NO_MODIFIERS,
      asymmetric: true,
      interfaces: ['internal', 'external'],
      weak: true,
      newPort: true,
    };
    expect(parsed('uAieWnz20C8L192.0.2.1r198.51.100.1 c@10.0.0.34 127.0.77.1 8000 ft1;1')).toEqual({
      ...UPDATE,
      modifiers: {
        ...both,
        packetTime: 20,
        codecs: [8],
        localAddress: { address: '192.0.2.1' },
        remoteAddress: '198.51.100.1',
      },
    });
    expect(parsed('US6l[2001:db8::1] c@10.0.0.34 2001:db8::2 8000 ft1;1')).toEqual({
      ...UPDATE,
      address: '2001:db8::2',
      modifiers: { ...NO_MODIFIERS, asymmetric: false, ipv6: true, localAddress: { address: '2001:db8::1' } },
    });
    expect(parsed('Ul{pub}a c 127.0.77.1 8000 ft1;1')).toMatchObject({
      modifiers: { asymmetric: true, localAddress: { label: 'pub' } },
    });
  });

  it('tells To tag and notification apart by their number', () => {
    const line = 'U c@10.0.0.34 127.0.77.1 8000 ft1;1';
    const notify = { socket: 'unix:/run/n.sock', tag: 'T7 8' };
    expect(parsed(`${line} tt1;1`)).toEqual({ ...UPDATE, toTag: 'tt1;1' });
    expect(parsed(`${line} unix:/run/n.sock T7%208`)).toEqual({ ...UPDATE, notify });
    expect(parsed(`${line} tt1;1 unix:/run/n.sock T7%208`)).toEqual({ ...UPDATE, toTag: 'tt1;1', notify });
  });

  it('reads sub-commands', () => {
    expect(parsed('U c@10.0.0.34 127.0.77.1 8000 ft1;1 && M3:1 Dc12 101 && Tr30 && Dw\n')).toEqual({
      ...UPDATE,
      subcommands: [
        { kind: 'module', module: 3, instance: 1, args: ['Dc12', '101'] },
        { kind: 'ttl', reverse: true, seconds: 30 },
        { kind: 'delete', weak: true },
      ],
    });
  });

  it('reads sub-commands for both parties', () => {
    expect(
      parsed(
        'U c@10.0.0.34 127.0.77.1 8000 ft1;1 tt1;1 && L6c8 2001:db8::2 9000 && Sr ttl=30 && S tos=184 && C x f t',
      ),
    ).toEqual({
      ...UPDATE,
      toTag: 'tt1;1',
      subcommands: [
        {
          kind: 'lookup',
          modifiers: { ...NO_MODIFIERS, ipv6: true, codecs: [8] },
          address: '2001:db8::2',
          port: 9000,
        },
        { kind: 'set', reverse: true, parameter: 'ttl', value: 30 },
        { kind: 'set', reverse: false, parameter: 'tos', value: 184 },
        { kind: 'copy', callId: 'x', fromTag: 'f', toTag: 't' },
      ],
    });
  });

  it.each<[string, RtpproxyCommand]>([
    ['V', { kind: 'version' }],
    ['VF 20050322', { kind: 'feature', feature: '20050322' }],
    ['X\r\n', { kind: 'delete-all' }],
    ['Ib', { kind: 'info', brief: true, load: false }],
    ['Ibl', { kind: 'info', brief: true, load: true }],
    ['Gv nsess_created', { kind: 'statistics', verbose: true, counters: ['nsess_created'] }],
    [
      'P-1 c moh 0,8 f t',
      { kind: 'play', count: -1, prompt: 'moh', codecs: [0, 8], callId: 'c', fromTag: 'f', toTag: 't' },
    ],
    [
      'P c moh session f',
      { kind: 'play', count: 1, prompt: 'moh', codecs: 'session', callId: 'c', fromTag: 'f' },
    ],
    ['S c f', { kind: 'stop-play', callId: 'c', fromTag: 'f' }],
    ['RS c f', { kind: 'record', singleFile: true, callId: 'c', fromTag: 'f' }],
    [
      'C c udp:192.0.2.1:9 f',
      {
        kind: 'copy',
        stop: false,
        singleFile: false,
        replyPort: false,
        destination: 'udp:192.0.2.1:9',
        callId: 'c',
        fromTag: 'f',
      },
    ],
    [
      'C-ps c name f',
      {
        kind: 'copy',
        stop: true,
        singleFile: true,
        replyPort: true,
        destination: 'name',
        callId: 'c',
        fromTag: 'f',
      },
    ],
    ['Na c f', { kind: 'stop-record', all: true, callId: 'c', fromTag: 'f' }],
    ['Dw c f', { kind: 'delete', weak: true, callId: 'c', fromTag: 'f' }],
    [
      'Qv c f t ttl nrelayed',
      {
        kind: 'query',
        verbose: true,
        counters: ['ttl', 'nrelayed'],
        subcommands: [],
        callId: 'c',
        fromTag: 'f',
        toTag: 't',
      },
    ],
  ])('reads %s', (text, command) => {
    expect(parsed(text)).toEqual(command);
    expect(parsed(printCommand(command))).toEqual(command);
  });

  it('takes what says no address', () => {
    expect(parsed('U c@10.0.0.34 - 0 ft1;1')).toEqual({ ...UPDATE, address: undefined, port: 0 });
    expect(parsed('U c@10.0.0.34 0.0.0.0 8000 ft1;1')).toEqual({ ...UPDATE, address: '0.0.0.0' });
  });

  // The numbers are those of rtpproxy's own table of errors.
  it.each([
    [5, ''],
    [0, 'Z c f'],
    [5, '&& V'],
    [0, '__proto__ c f'],
    [1, 'U c 127.0.0.1 8000'],
    [1, 'L c 127.0.0.1 8000 f t n x'],
    [1, 'V 1'],
    [1, 'VF'],
    [5, `G ${'x '.repeat(24)}`],
    [5, `U c 127.0.0.1 8000 f && ${'x '.repeat(25)}`],
    [1, `Q c f t ${'x '.repeat(12)}`],
    [2, 'Xa'],
    [2, 'V1'],
    [2, 'Sx c f'],
    [3, 'D c f && D'],
    [3, 'U c 127.0.0.1 8000 f && Zz'],
    [5, 'U c 127.0.0.1 8000 f && '],
    [5, 'U c 127.0.0.1 8000 f && && D'],
    [3, 'U c 127.0.0.1 8000 f && M0:1'],
    [3, 'U c 127.0.0.1 8000 f && T0'],
    [5, `U c 127.0.0.1 8000 f${' && D'.repeat(16)}`],
    [3, 'U c 127.0.0.1 8000 f && L 127.0.0.1 9000'],
    [3, 'L c 127.0.0.1 8000 f t && L 127.0.0.1 9000'],
    [3, 'U c 127.0.0.1 8000 f t && L 127.0.0.1'],
    [3, 'U c 127.0.0.1 8000 f t && Lx 127.0.0.1 9000'],
    [3, 'U c 127.0.0.1 8000 f && S ttl=0'],
    [3, 'U c 127.0.0.1 8000 f && S foo=1'],
    [3, 'U c 127.0.0.1 8000 f && Srr ttl=1'],
    [3, 'U c 127.0.0.1 8000 f t && C x f'],
    [3, 'U c 127.0.0.1 8000 f && C x f t'],
    [6, 'Rsp c f'],
    [7, 'Rsx c f'],
    [6, 'Nax c f'],
    [7, 'Nx c f'],
    [7, 'Rx c f'],
    [7, 'Cx c n f'],
    [8, 'Dx c f'],
    [9, 'Gx'],
    [10, 'U c 127.0.0.1 8000 f /s T%zz'],
    [10, 'U c 127.0.0.1 8000 f /s T%0a'],
    [11, 'Ueee c 127.0.0.1 8000 f'],
    [12, 'Uiii c 127.0.0.1 8000 f'],
    [13, 'Uz0 c 127.0.0.1 8000 f'],
    [13, 'Uz c 127.0.0.1 8000 f'],
    [14, 'Uc c 127.0.0.1 8000 f'],
    [14, 'Uc0c8 c 127.0.0.1 8000 f'],
    [15, 'Ul c 127.0.0.1 8000 f'],
    [15, 'Ul{} c 127.0.0.1 8000 f'],
    [16, 'Ur c 127.0.0.1 8000 f'],
    [17, 'Px c moh 0 f'],
    [18, 'Ix'],
    [19, 'Qx c f'],
    [31, 'U6l127.0.0.1 c ::1 8000 f'],
    [32, 'Ur1.2 c 127.0.0.1 8000 f'],
    [35, 'Ux c 127.0.0.1 8000 f'],
    [37, 'U c 2001:db8::1 8000 f'],
    [37, 'U c 127.0.0.1 70000 f'],
    [37, 'U c example.com 8000 f'],
    [60, 'P c moh x f'],
  ])('answers E%i to "%s"', (number, text) => {
    expect(error(text)).toBe(number);
  });
});

describe('printCommand', () => {
  it('writes commands as OpenSIPS does', () => {
    const codecs = { ...NO_MODIFIERS, codecs: [0, 8, 101] };
    expect(printCommand({ ...UPDATE, modifiers: codecs })).toBe(
      'Uc0,8,101 c@10.0.0.34 127.0.77.1 8000 ft1;1',
    );
    expect(
      printCommand({
        ...UPDATE,
        kind: 'update',
        toTag: 'tt1;1',
        notify: { socket: 'unix:/run/n.sock', tag: 'T7 8%' },
        subcommands: [{ kind: 'module', module: 3, instance: 1, args: ['Dc12'] }],
      }),
    ).toBe('U c@10.0.0.34 127.0.77.1 8000 ft1;1 tt1;1 unix:/run/n.sock T7%208%25 && M3:1 Dc12');
  });

  it.each(['a b', '', 'x\n', '&&', '\0'])('refuses the Call-ID "%s"', (callId) => {
    expect(() => printCommand({ kind: 'stop-play', callId, fromTag: 'f' })).toThrow('not one word');
  });
});

describe('splitTag', () => {
  it('takes the number of the medium off', () => {
    expect(
      ['ft;1', 'ft', 'a;b', 'a;1;22', ';'].map((tag) => [splitTag(tag).tag, splitTag(tag).media]),
    ).toEqual([
      ['ft', 1],
      ['ft', undefined],
      ['a;b', undefined],
      ['a;1', 22],
      [';', undefined],
    ]);
  });
});
