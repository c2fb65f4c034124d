import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Server } from '../../src/server.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { NameAddr } from '../../src/wire/sip/name-addr.ts';
import { Phone } from './phone.ts';

const TRANSPORTS = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
type Transport = (typeof TRANSPORTS)[number];

const folder = mkdtempSync(join(tmpdir(), 'viaduct-calls-'));
const file = join(folder, 'viaduct.yaml');
const data = join(folder, 'data');

writeFileSync(
  file,
  `
listen: [${TRANSPORTS.map((transport) => `"${transport}:127.0.0.1:0"`).join(', ')}]
domains: [example.com]
tls: { selfSigned: true }
data: ./data
`,
);

let server: Server;

async function config() {
  const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
  if (!result.ok) throw new Error(result.text);
  return result.config;
}

beforeAll(async () => {
  {
    await using database = Database.open(databasePath(data));
    const subscribers = new SqliteSubscribers(database);
    for (const user of ['alice', 'bob']) subscribers.add(user, 'example.com', `secret of ${user}`);
  }
  server = await Server.start({ config: await config(), reread: config });
});

afterAll(() => server[Symbol.asyncDispose]());

function listenerOf(transport: Transport) {
  return server.network.listeners.find((it) => it.transport === transport)!;
}

async function registered(user: string, transport: Transport): Promise<Phone> {
  const phone = await Phone.open(user, listenerOf(transport));
  const answer = await phone.register(`secret of ${user}`);
  expect(answer.status).toBe(200);
  return phone;
}

/** The transports of a message's Record-Route values; none is UDP. */
function recorded(message: SipMessage): (string | undefined)[] {
  return message.elements(H.RecordRoute).map(({ text }) => NameAddr.parse(text)?.uri?.param('transport'));
}

const pairs = TRANSPORTS.flatMap((from) => TRANSPORTS.map((to) => [from, to] as const));

describe('two phones', () => {
  it.each(pairs)('over %s and %s call each other', async (from, to) => {
    using alice = await registered('alice', from);
    using bob = await registered('bob', to);
    const { answer, dialog } = await alice.call(bob.aor, 'secret of alice');
    expect(answer.status).toBe(200);
    const invite = await bob.request('INVITE');
    const [spoken, heard] = [from === 'udp' ? undefined : from, to === 'udp' ? undefined : to];
    // The top one is where bob sends to, the bottom one where alice does.
    expect(recorded(invite)).toEqual(from === to ? [spoken] : [heard, spoken]);
    expect(recorded(answer)).toEqual(recorded(invite));
    expect(invite.topVia?.transport.toLowerCase()).toBe(to);
    await bob.request('ACK');
    expect((await alice.inDialog(dialog, 'INFO'))?.status).toBe(200);
    await bob.request('INFO');
    expect((await bob.inDialog(await bob.calledDialog(), 'BYE'))?.status).toBe(200);
    await alice.request('BYE');
  });
});

describe('a server with TLS', () => {
  it('has made a certificate that only it may use, counts its days, and keeps it', async () => {
    const certificate = join(data, 'self-signed.pem');
    expect(statSync(join(data, 'self-signed.key')).mode & 0o777).toBe(0o600);
    const text = readFileSync(certificate, 'latin1');
    const { net } = server.statistics();
    expect(net?.certificateDaysLeft).toBe(819);
    await server.reload();
    expect(readFileSync(certificate, 'latin1')).toBe(text);
    expect(server.network.certificates).toMatchObject([
      { file: certificate, names: expect.stringContaining('URI:sip:example.com') },
    ]);
  });
});
