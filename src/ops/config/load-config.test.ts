import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../../net/self-signed.ts';
import { listenersOf } from './listeners-of.ts';
import { type ConfigResult, loadConfig } from './load-config.ts';

const directory = await mkdtemp(join(tmpdir(), 'viaduct-config-'));
let files = 0;

async function load(text: string, name = 'viaduct.yaml', environment = {}): Promise<ConfigResult> {
  const file = `${files++}-${name}`;
  await writeFile(join(directory, file), text);
  return loadConfig({ file }, { environment, workingDirectory: directory });
}

async function faults(text: string, name?: string): Promise<string[]> {
  const result = await load(text, name);
  if (result.ok) throw new Error('no fault was found');
  return result.diagnostics.map(
    ({ line, column, message, hint }) => `${line}:${column}: ${message} (${hint})`,
  );
}

describe('loadConfig', () => {
  it('has defaults for everything', async () => {
    const result = await loadConfig({}, { environment: {}, workingDirectory: '/srv' });
    expect(result).toMatchObject({
      ok: true,
      config: {
        file: undefined,
        data: '/srv/viaduct-data',
        routes: undefined,
        log: { level: 'info', file: '/srv/viaduct-data/viaduct.log' },
        advertise: { inside: undefined, compatibility: 'viaduct' },
      },
    });
    expect(result.ok && result.config.listen.map(({ transport, host }) => `${transport}:${host}`)).toEqual([
      'udp:0.0.0.0',
      'tcp:0.0.0.0',
      'udp:::',
      'tcp:::',
    ]);
  });

  it('reads every part of a file, with paths relative to it', async () => {
    const result = await load(`
listen:
  - udp:10.0.0.34:5060 as 99.88.44.33:5060
  - { on: 'tcp:10.0.0.34', as: sip.example.com, name: edge }
advertise:
  address: 99.88.44.33
  to:
    - { network: 10.0.0.0/24, as: bound }
    - { network: 203.0.113.0/24, as: '[2001:db8::1]:5070' }
networks: { inside: none }
aliases: [udp:sip.example.com:5060]
domains: [Example.com]
routes: ./routes.ts
timers: { t1: 200ms, frInvTimeout: 1.5m }
registrar: { maxExpires: 1h }
nat: { keepAlive: off }
frontDoor: { rate: off, scanners: [Nasty] }
log: { file: stdout }
`);
    if (!result.ok) throw new Error(result.text);
    const { config } = result;
    expect(config.listen[1]).toMatchObject({
      transport: 'tcp',
      advertisedHost: 'sip.example.com',
      name: 'edge',
    });
    expect(config.advertise.rules?.map((rule) => rule.as)).toEqual([
      'bound',
      { host: '2001:db8::1', port: 5070 },
    ]);
    expect(config).toMatchObject({
      advertise: { global: { host: '99.88.44.33' }, inside: [], domains: ['example.com'] },
      routes: join(directory, 'routes.ts'),
      timers: { t1: 200, t2: 4000, frInvTimeout: 90_000 },
      registrar: { maxExpires: 3600, minExpires: 60 },
      nat: { keepAlive: undefined },
      frontDoor: { rate: undefined, scanners: ['nasty'] },
      log: { file: 'stdout' },
    });
  });

  it('puts the command line over the file', async () => {
    await writeFile(join(directory, 'base.yaml'), 'listen: [udp:10.0.0.1]\nroutes: a.ts');
    const commandLine = { file: 'base.yaml', listen: ['tcp:10.0.0.2 as 99.88.44.33'], routes: 'b.ts' };
    const result = await loadConfig(commandLine, { environment: {}, workingDirectory: directory });
    expect(result).toMatchObject({
      config: {
        listen: [{ transport: 'tcp', advertisedHost: '99.88.44.33' }],
        routes: join(directory, 'b.ts'),
      },
    });
  });

  it('takes values from the environment', async () => {
    const text = `
listen: ["udp:10.0.0.34:\${PORT:-5070} as \${PUBLIC}"]
limits:
  headers: \${HEADERS}
auth: { realm: "$\${x}" }`;
    const result = await load(text, 'viaduct.yaml', { PUBLIC: '99.88.44.33', HEADERS: '100', PORT: '' });
    expect(result).toMatchObject({
      config: {
        listen: [{ ports: [5070], advertisedHost: '99.88.44.33' }],
        limits: { headers: 100 },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is meant
        auth: { realm: '${x}' },
      },
    });
  });

  it.each([
    [
      'listen:\n  - udp:10.0.0.34:99999',
      '2:19: listen[0]: "99999" is no port (a port is a number from 0 to 65535)',
    ],
    [
      'listen: [{ on: udp:10.0.0.1, as: 0.0.0.0, name: x }]',
      '1:34: listen[0].as: a wildcard cannot be printed',
    ],
    ['listen: [{ on: udp:10.0.0.1, name: "a/b" }]', '1:37: listen[0].name: "a/b" is no name'],
    ['listen: [{ on: udp:10.0.0.1, nam: x }]', '1:30: unknown key "nam" in listen[0] (did you mean name?)'],
    ['listen: [17]', '1:10: listen[0]: 17 does not fit here (write it as udp:'],
    ['listen: []', '1:9: listen: the list is empty'],
    ['advertise: { adress: 1.2.3.4 }', '1:14: unknown key "adress" in advertise (did you mean address?)'],
    ['advertise: { to: [{ as: bound }] }', '1:19: advertise.to[0].network: missing (write it as 10.0.0.0/8)'],
    ['networks: { inside: [10.0.0.0/99] }', '1:22: networks.inside[0]: "10.0.0.0/99" is no network'],
    [
      'networks: { inside: nnone }',
      '1:21: networks.inside: "nnone" is not allowed here (did you mean none?)',
    ],
    ['timers: { t1: 500 }', '1:15: timers.t1: no duration (a duration has a unit'],
    ['timers: { t1: "20x" }', '1:16: timers.t1: "20x" is no duration'],
    [
      'nat: { keepAlive: { interval: 1ms } }',
      '1:31: nat.keepAlive.interval: 1ms is out of range (from 5s to 10m)',
    ],
    [
      'registrar: { max_contact: 5 }',
      '1:14: unknown key "max_contact" in registrar (did you mean maxContacts?)',
    ],
    ['lisen: []', '1:1: unknown key "lisen" (did you mean listen?)'],
    ['domains: example.com', '1:10: domains: "example.com" is no list (a list is written [a, b], or'],
    ['networks: { inside: 10.0.0.0/8 }', 'is not allowed here (one of auto, none, or a list)'],
    ['nat: { keepAlive: maybe }', 'is not allowed here (one of off, or a group of keys)'],
    ['log: { level: wran }', '1:15: log.level: "wran" is not allowed here (did you mean warn?)'],
    ['data: 5', '1:7: data: 5 is no text'],
    ['- a', '1:1: the file: a list is no group of keys'],
    ['listen: [udp:1.2.3.4', '1:21: flow'],
    ['log:\n\tlevel: info', '2:1: tabs are not allowed as indentation (YAML is indented with spaces)'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is meant
    ['listen: ["udp:${NO_SUCH}"]', '1:15: the variable NO_SUCH is not set'],
    ['data: a${b', '1:8: ${b is no variable'],
  ])('%j is reported with its place', async (text, expected) => {
    expect((await faults(text))[0]).toContain(expected);
  });

  it('reports all faults at once, each with the line and a caret', async () => {
    const result = await load('timers:\n  t1: 5x\n  t9: 1s\n');
    expect(result.ok ? '' : result.text.replaceAll(directory, '')).toMatch(
      /^\/\d+-viaduct\.yaml:2:7: timers\.t1: "5x" is no duration\n {2}2 \| {3}t1: 5x\n {4}\| {7}\^\n {2}hint: .*\n.*:3:3: unknown key/,
    );
  });

  it('reads a configuration in TypeScript', async () => {
    const text = "const port: number = 5070;\nexport default { listen: ['udp:10.0.0.34:' + port] };\n";
    expect(await load(text, 'viaduct.config.ts')).toMatchObject({ config: { listen: [{ ports: [5070] }] } });
    const wrong = "export default {\n  timers: {\n    t1: '5s',\n    t7: '5s',\n  },\n};\n";
    expect(await faults(wrong, 'viaduct.config.ts')).toEqual([
      '4:5: unknown key "t7" in timers (did you mean t1?)',
    ]);
    expect((await faults('export const a = 1;', 'viaduct.config.ts'))[0]).toContain(
      '1:1: nothing is exported',
    );
    expect(
      (await faults("const a = 1;\nthrow new Error('no key');\nexport default a;", 'c.ts'))[0],
    ).toContain('2:7: no key');
  });

  it('says which file is missing, and refuses a wrong listener of the command line', async () => {
    const surroundings = { environment: {}, workingDirectory: directory };
    await expect(loadConfig({ file: 'no.yaml' }, surroundings)).rejects.toMatchObject({
      code: 'CFG_NOT_FOUND',
    });
    await expect(loadConfig({ listen: ['udp:'] }, surroundings)).rejects.toMatchObject({
      code: 'NET_BAD_LISTENER',
    });
  });
});

describe('TLS in a configuration', () => {
  const pair = makeSelfSigned(['sip.example.com'], Date.now());
  const other = makeSelfSigned(['other.example.com'], Date.now());
  const files = async (): Promise<void> => {
    await writeFile(join(directory, 'a.pem'), pair.certificate);
    await writeFile(join(directory, 'a.key'), pair.key);
    await writeFile(join(directory, 'b.key'), other.key);
  };

  it('is merged for each listener, with paths relative to the file', async () => {
    await files();
    const result = await load(`
listen:
  - tls:10.0.0.34
  - { on: 'wss:10.0.0.34:443', tls: { minVersion: TLSv1.3, selfSigned: true } }
  - udp:10.0.0.34
tls:
  certificate: a.pem
  key: a.key
  ca: a.pem
  clientCertificates: optional
  servers: [{ name: '*.example.com', certificate: a.pem, key: a.key }]
webSocket: { origins: ['https://phone.example.com'], ping: 20s }
data: ./data
`);
    if (!result.ok) throw new Error(result.text);
    const { config } = result;
    const certificate = { certificate: join(directory, 'a.pem'), key: join(directory, 'a.key') };
    expect(config.tls).toEqual({
      certificate,
      servers: [{ name: '*.example.com', ...certificate }],
      ca: join(directory, 'a.pem'),
      clientCertificates: 'optional',
      verifyServers: true,
      minVersion: 'TLSv1.2',
      ciphers: undefined,
      selfSigned: false,
    });
    expect(config.listen[1]?.tls).toEqual({ ...config.tls, minVersion: 'TLSv1.3' });
    expect(config.webSocket).toEqual({
      origins: ['https://phone.example.com'],
      pingMs: 20_000,
      pongMs: 15_000,
    });
    expect(listenersOf(config, {}).map(({ tls }) => tls?.minVersion)).toEqual([
      'TLSv1.2',
      'TLSv1.3',
      undefined,
    ]);
  });

  it('may ask for a certificate that signs itself', async () => {
    const result = await load('listen: [tls:10.0.0.34]\ntls: { selfSigned: true }\ndata: ./data');
    expect(result.ok && result.config.tls).toMatchObject({
      selfSigned: true,
      certificate: { certificate: join(directory, 'data/self-signed.pem') },
    });
  });

  it.each([
    ['listen: [tls:10.0.0.34]', '1:10: listen[0]: tls needs a certificate (give tls: {'],
    ['tls: { certificate: none.pem, key: a.key }', '1:21: DIR/none.pem is not there'],
    ['tls: { certificate: a.pem, key: none.key }', '1:33: DIR/none.key is not there'],
    ['tls: { certificate: a.pem, key: b.key }', '1:33: DIR/b.key is not the key of DIR/a.pem'],
    ['tls: { certificate: a.key, key: a.key }', 'DIR/a.key holds no certificate in PEM form'],
    ['tls: { certificate: a.pem }', '1:21: tls.certificate: there is a certificate, but no key'],
    ['tls: { selfSigned: true, ca: a.key }', '1:30: DIR/a.key holds no certificate'],
    [
      'tls: { selfSigned: true, clientCertificates: required }',
      '1:46: it is not said whose client certificates are believed (give ca:',
    ],
    [
      'tls: { servers: [{ name: a.example.com, certificate: a.pem, key: b.key }] }',
      '1:66: DIR/b.key is not the key of DIR/a.pem',
    ],
    [
      'listen: [{ on: tls:10.0.0.1, tls: { certificate: x.pem, key: a.key } }]',
      '1:50: DIR/x.pem is not there',
    ],
    ['tls: { servers: [{ name: a*b }] }', '1:26: tls.servers[0].name: no domain'],
    ['tls: { minVersion: TLSv1.1 }', '1:20: tls.minVersion: "TLSv1.1" is not allowed here'],
  ])('%j is reported with its place', async (text, expected) => {
    await files();
    const found = (await faults(text)).map((line) => line.replaceAll(directory, 'DIR'));
    expect(found.join('\n')).toContain(expected);
  });
});
