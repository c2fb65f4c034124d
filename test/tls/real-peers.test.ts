// Others' TLS: OpenSSL's client, and a softphone that registers.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Server } from '../../src/server.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { gone } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-peers-'));
const data = join(folder, 'data');
const file = join(folder, 'viaduct.yaml');
const has = (program: string): boolean => spawnSync('which', [program]).status === 0;

let server: Server;
let port: number;
const children: ChildProcess[] = [];

beforeAll(async () => {
  writeFileSync(
    file,
    `
listen: ["tls:127.0.0.1:0"]
domains: [example.com]
tls: { selfSigned: true }
data: ./data
`,
  );
  const reread = async () => {
    const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
    if (!result.ok) throw new Error(result.text);
    return result.config;
  };
  {
    await using database = Database.open(databasePath(data));
    new SqliteSubscribers(database).add('alice', 'example.com', 'secret');
  }
  server = await Server.start({ config: await reread(), reread });
  port = server.network.listeners[0]!.port;
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const left = gone(child);
    child.kill('SIGKILL');
    await left;
  }
});

afterAll(() => server[Symbol.asyncDispose]());

/** Runs a program until it prints something; tells all that it printed, whether that came or it ended. */
async function until(child: ChildProcess, text: string): Promise<string> {
  children.push(child);
  let said = '';
  const { promise, resolve } = Promise.withResolvers<void>();
  const hear = (bytes: Buffer): void => {
    said += bytes.toString('latin1');
    if (said.includes(text)) resolve();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.once('close', () => resolve());
  await promise;
  return said;
}

function sClient(...more: string[]): ChildProcess {
  return spawn('openssl', [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-CAfile',
    join(data, 'self-signed.pem'),
    ...more,
  ]);
}

describe.runIf(has('openssl'))("OpenSSL's client", () => {
  it.each(['-tls1_2', '-tls1_3'])('believes the certificate and gets an answer: %s', async (version) => {
    const client = sClient(version, '-verify_hostname', 'example.com', '-verify_return_error', '-quiet');
    client.stdin?.write(
      [
        'OPTIONS sip:127.0.0.1 SIP/2.0',
        `Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK${version}`,
        'From: <sip:a@example.com>;tag=1',
        'To: <sip:127.0.0.1>',
        `Call-ID: openssl${version}`,
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 70',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    expect(await until(client, `Call-ID: openssl${version}`)).toMatch(/SIP\/2\.0 \d\d\d /);
  });

  it('is refused with TLS 1.1', async () => {
    const said = await until(sClient('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'), 'no text at all');
    expect(said).toMatch(/alert protocol version|no protocols available/);
  });

  it('is closed when it renegotiates', async () => {
    const before = server.network.counters.tlsRenegotiations;
    const client = sClient('-tls1_2');
    await until(client, 'Extended master secret');
    client.stdin?.write('R\n');
    await gone(client);
    expect(server.network.counters.tlsRenegotiations).toBe(before + 1);
  });
});

describe.runIf(has('baresip'))('baresip', () => {
  it('checks the certificate and registers over TLS', async () => {
    const own = join(folder, 'baresip');
    mkdirSync(own);
    writeFileSync(
      join(own, 'config'),
      `
module_path /usr/lib/baresip/modules
module g711.so
module_app account.so
module_app menu.so
net_interface 127.0.0.1
sip_listen 127.0.0.1:0
sip_cafile ${join(data, 'self-signed.pem')}
sip_verify_server yes
`,
    );
    writeFileSync(
      join(own, 'accounts'),
      `<sip:alice@example.com;transport=tls>;auth_user=alice;auth_pass=secret;outbound="sip:127.0.0.1:${port};transport=tls";regint=600\n`,
    );
    writeFileSync(join(own, 'contacts'), '');
    const phone = spawn('baresip', ['-4', '-f', own, '-t', '20'], { stdio: ['ignore', 'pipe', 'pipe'] });
    expect(await until(phone, '200 OK')).toContain('200 OK');
    const [binding] = await server.location.find('sip:alice@example.com');
    expect(binding?.received?.transport).toBe('tls');
  });
});
