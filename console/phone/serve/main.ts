// npm run phone: a server for browsers only, two users, and the phone's page: open both links and let them talk.
// npm run phone -- --page: only the page, for a server that runs already.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PageServer } from './page-server.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VIADUCT = join(ROOT, 'bin/viaduct');
const HOST = 'localhost';
const USERS = ['alice', 'bob'] as const;

const { values } = parseArgs({
  options: {
    page: { type: 'boolean', default: false },
    port: { type: 'string', default: '8080' },
    'sip-port': { type: 'string', default: '8081' },
  },
});

/** Starts a server in a folder that goes when this process ends. @returns the password of each user */
function startServer(port: string): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-phone-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'viaduct.yaml');
  writeFileSync(
    file,
    `listen: [ws:127.0.0.1:${port}]\ndomains: [${HOST}]\ndata: ./data\nlog: { file: stdout, level: warn }\n`,
  );
  const passwords = new Map(USERS.map((user) => [user, randomBytes(9).toString('base64url')]));
  for (const [user, password] of passwords) {
    const add = [VIADUCT, 'user', 'add', `${user}@${HOST}`, '--password', password, '-c', file];
    execFileSync(process.execPath, add, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const server = spawn(process.execPath, [VIADUCT, '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  server.once('exit', (code) => process.exit(code ?? 1));
  process.once('exit', () => server.kill());
  return passwords;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
const page = await PageServer.start(join(ROOT, 'dist/phone'), HOST, Number(values.port));
if (values.page) {
  console.log(`\n  The phone: ${page.url}\n`);
} else {
  const sipPort = values['sip-port'];
  const passwords = startServer(sipPort);
  console.log('\n  Open both in a browser, each in a window of its own, and call the one from the other:\n');
  for (const [user, password] of passwords) {
    const account = { address: `sip:${user}@${HOST}`, password, server: `ws://127.0.0.1:${sipPort}` };
    console.log(`  ${user.padEnd(6)} ${page.url}#${new URLSearchParams(account)}`);
  }
  console.log('\n  Ctrl-C ends it.\n');
}
