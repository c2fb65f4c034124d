import { describe, expect, it } from 'vitest';
import { SourceText } from './language/source-text.ts';
import { compileSource } from './load-script.ts';

async function read(text: string) {
  const result = await compileSource('test.cfg', SourceText.of(`${text}\nroute { exit; }\n`, 'test.cfg'));
  if (!result.ok)
    throw new Error(result.problems.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return {
    settings: result.loaded.settings,
    notices: result.notices.map(({ line, message }) => `${line}: ${message}`),
  };
}

async function sockets(line: string) {
  const { settings } = await read(line);
  return settings.sockets.map((it) => [
    `${it.transport}:${it.host}`,
    it.ports.join(' '),
    it.advertisedHost,
    it.advertisedPorts?.join(' '),
    it.name,
  ]);
}

describe('sockets', () => {
  it.each<[string, ...(string | undefined)[]]>([
    ['socket=udp:10.0.0.34:5060', 'udp:10.0.0.34', '5060'],
    ['socket = udp:10.0.0.34', 'udp:10.0.0.34', '5060'],
    ['socket=tls:10.0.0.34', 'tls:10.0.0.34', '5061'],
    ['listen=tcp:10.0.0.34:5070', 'tcp:10.0.0.34', '5070'],
    ['socket=udp:*:5060', 'udp:*', '5060'],
    ['socket=udp:eth0:5060', 'udp:eth0', '5060'],
    ['socket=ws:0.0.0.0:8080', 'ws:0.0.0.0', '8080'],
    ['socket=udp:[2001:db8::1]:5060', 'udp:2001:db8::1', '5060'],
    ['socket=udp:10.0.0.34:5060 as 99.88.44.33', 'udp:10.0.0.34', '5060', '99.88.44.33'],
    ['socket=udp:10.0.0.34:5060 AS 99.88.44.33:5070', 'udp:10.0.0.34', '5060', '99.88.44.33', '5070'],
    ['socket=udp:10.0.0.34:5060 as sip.example.com:5070', 'udp:10.0.0.34', '5060', 'sip.example.com', '5070'],
    [
      'socket=udp:10.0.0.34:5060 as 99.88.44.33 tag public',
      'udp:10.0.0.34',
      '5060',
      '99.88.44.33',
      undefined,
      'public',
    ],
    [
      'socket=udp:10.0.0.34:5060 use_workers 5 tag inner',
      'udp:10.0.0.34',
      '5060',
      undefined,
      undefined,
      'inner',
    ],
    ['socket=udp:10.0.0.34:5060-5062', 'udp:10.0.0.34', '5060 5061 5062'],
    ['socket=udp:10.0.0.34:5060, 5070-5071', 'udp:10.0.0.34', '5060 5070 5071'],
    [
      'socket=udp:10.0.0.34:5060-5061 as 99.88.44.33:6060-6061',
      'udp:10.0.0.34',
      '5060 5061',
      '99.88.44.33',
      '6060 6061',
    ],
    ['socket=udp:10.0.0.34:5060 # a comment', 'udp:10.0.0.34', '5060'],
    ['socket=udp:10.0.0.34:5060 reuse_port anycast tos 16', 'udp:10.0.0.34', '5060'],
  ])('%s', async (line, ...expected) => {
    const padded = [...expected, ...Array.from({ length: 5 - expected.length }, () => undefined)];
    expect(await sockets(line)).toEqual([padded]);
  });

  it('may stand on lines that follow each other, with settings behind them', async () => {
    expect(
      await sockets('socket=udp:10.0.0.34:5060\nsocket=tcp:10.0.0.34:5060 as 1.2.3.4\ntos=16\n'),
    ).toHaveLength(2);
  });

  it('are told apart from what has no effect', async () => {
    const { notices } = await read('listen=udp:10.0.0.34:5060 use_workers 4\n');
    expect(notices).toEqual(['1: an older spelling', expect.stringContaining('"use_workers" has no effect')]);
  });

  it.each([
    ['socket=bond:a{udp:1.2.3.4:5060}', 'bonded'],
    ['socket=udp:1.2.3.4:5060 proxy_protocol', 'PROXY'],
    ['socket=sctp:1.2.3.4:5060', 'transport'],
    ['socket=udp:1.2.3.4:70000', 'no port'],
    ['socket=udp:1.2.3.4:1-65535', '1000'],
    ['socket=udp:1.2.3.4:5060 as 9.9.9.9:1-3', 'port'],
  ])('%s is wrong', async (line, message) => {
    await expect(read(line)).rejects.toThrow(message);
  });
});

describe('names of the server', () => {
  it('are aliases of every form', async () => {
    const { settings } = await read(
      'alias="example.com"\nalias=udp:sip.example.com:5060\nalias=any:other.example accept_subdomain\nsocket=udp:10.0.0.34:5060 as pub.example:5060 accept_subdomain\n',
    );
    expect(settings.aliases).toEqual([
      { transport: undefined, host: 'example.com', port: undefined, acceptSubdomain: false },
      { transport: 'udp', host: 'sip.example.com', port: 5060, acceptSubdomain: false },
      { transport: undefined, host: 'other.example', port: undefined, acceptSubdomain: true },
      { transport: undefined, host: 'pub.example', port: undefined, acceptSubdomain: true },
    ]);
  });

  it.each([
    ['advertised_address="99.88.44.33"', { host: '99.88.44.33' }],
    ['advertised_address=99.88.44.33', { host: '99.88.44.33' }],
    ['advertised_address="sip.example.com"\nadvertised_port=5070', { host: 'sip.example.com', port: 5070 }],
    ['advertised_address="2001:db8::1"', { host: '2001:db8::1' }],
    ['advertised_port=5070', { port: 5070 }],
  ])('are printed: %s', async (line, parts) => {
    expect((await read(line)).settings.advertise).toEqual(parts);
  });
});

describe('other settings', () => {
  it('are numbers, flags and texts', async () => {
    const { settings, notices } = await read(`
      log_level=4
      xlog_level=2
      stderror_enabled=yes
      auto_aliases=on
      mhomed=1
      server_header="Server: mine"
      max_while_loops=7
      tcp_max_connections=50
      tcp_connection_lifetime=60
      enable_asserts=true`);
    expect(settings).toMatchObject({
      logLevel: 4,
      xlogLevel: 2,
      stderr: true,
      autoAliases: true,
      mhomed: true,
      serverHeader: 'Server: mine',
      maxWhileLoops: 7,
      maxConnections: 50,
      connectionLifetime: 60,
      asserts: true,
    });
    expect(notices).toEqual([]);
  });

  it('of older versions, and without effect, are accepted with a notice', async () => {
    const { settings, notices } = await read(
      'debug=3\nfork=yes\nchildren=8\nudp_workers=4\ndns=no\nmpath="/usr/lib/opensips"\nauto_scaling_profile = P { scale up to 6 on 70% for 4 cycles within 5 }\n',
    );
    expect(settings.logLevel).toBe(3);
    expect(notices.map((it) => Number.parseInt(it, 10))).toEqual(expect.arrayContaining([1, 2, 3, 4]));
  });
});
