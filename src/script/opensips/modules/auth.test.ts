import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { computeAnyResponse, computeHa1 } from '../../../core/auth/digest.ts';
import type { DigestAlgorithm } from '../../../core/auth/subscriber-store.ts';
import type { Peer } from '../../../core/proxy/testing/peer.ts';
import { parseMessage } from '../../../wire/sip/parse.ts';
import { digestField } from '../core/auth-variables.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-auth-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = ['signaling', 'sl', 'tm', 'sipmsgops', 'auth_db', 'auth', 'db_sqlite']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

let files = 0;

/** A database with bob, whose password is `secret`. */
function subscribers(): string {
  const path = join(folder, `${++files}.db`);
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE subscriber (id INTEGER PRIMARY KEY AUTOINCREMENT, username CHAR(64), domain CHAR(64),
    password CHAR(25), ha1 CHAR(64), ha1_sha256 CHAR(64), ha1_sha512t256 CHAR(64), rpid CHAR(64), level INTEGER);`);
  const ha1 = (algorithm: DigestAlgorithm) => computeHa1(algorithm, 'bob', 'example.com', 'secret');
  database
    .prepare('INSERT INTO subscriber VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run('bob', 'example.com', 'secret', ha1('MD5'), ha1('SHA-256'), ha1('SHA-512-256'), '+15551234', 7);
  database.close();
  return `modparam("auth_db", "db_url", "sqlite://${path}")`;
}

interface Answer {
  readonly user?: string;
  readonly password?: string;
  readonly qop?: '' | 'auth' | 'auth-int';
  readonly nc?: number;
  readonly method?: string;
  readonly callId?: string;
}

/** The header that answers a challenge. */
function answer(text: string, options: Answer = {}, which = 0): string {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(parsed.reason);
  const lines = text.split('\r\n').filter((line) => /^(?:WWW|Proxy)-Authenticate:/.test(line));
  const challenge = lines[which]!.slice(lines[which]!.indexOf(':') + 1);
  const { user = 'bob', password = 'secret', qop = '', nc = 1, method = 'INVITE' } = options;
  const [realm, nonce] = ['realm', 'nonce'].map((name) => digestField(challenge, name)!);
  const named = digestField(challenge, 'algorithm');
  const algorithm = (named ?? 'MD5').replace('-sess', '') as DigestAlgorithm;
  const count = nc.toString(16).padStart(8, '0');
  const uri = 'sip:bob@example.com';
  const response = computeAnyResponse({
    algorithm,
    session: named?.endsWith('-sess') === true,
    ha1: computeHa1(algorithm, user, realm!, password),
    method,
    uri,
    nonce: nonce!,
    nc: count,
    cnonce: 'abc',
    qop,
    body: Buffer.alloc(0),
  });
  const header = lines[which]!.startsWith('WWW') ? 'Authorization' : 'Proxy-Authorization';
  const counted = qop === '' ? ', cnonce="abc"' : `, qop=${qop}, nc=${count}, cnonce="abc"`;
  const algo = named === undefined ? '' : `, algorithm=${named}`;
  return `${header}: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"${counted}${algo}`;
}

function invite(peer: Peer, callId: string, headers: readonly string[] = []): string {
  peer.request('INVITE', { callId, headers });
  return peer.inbox.at(-1) ?? '';
}

function script(
  params: string,
  check = 'proxy_authorize("", "subscriber")',
  ask = 'proxy_challenge("", "auth")',
) {
  return `${HEAD}\n${params}
    route {
      ${check}; $var(code) = $rc; xlog("$var(code)");
      if ($var(code) < 0) { ${ask}; xlog("never"); }
      if (consume_credentials()) xlog("$avp(rpid)|$avp(n)|$au");
      $du = "sip:198.51.100.5"; t_relay();
    }`;
}

describe('auth_db', () => {
  it('lets a user in with the right password, once for each count, and hides the credentials', async () => {
    const params = `${subscribers()}\nmodparam("auth_db", "load_credentials", "rpid;$avp(n)=level")`;
    await using server = await ScriptUnderTest.run(script(params));
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    const challenge = invite(caller, '1');
    expect(challenge).toMatch(/^SIP\/2.0 407 Proxy Authentication Required/);
    expect(challenge).toMatch(
      /Proxy-Authenticate: Digest realm="example.com", nonce="[^"]+", qop="auth"\r\n/,
    );
    const right = answer(challenge, { qop: 'auth' });
    invite(caller, '2', [right]);
    expect(callee.last('INVITE')).not.toContain('Authorization');
    expect(server.lines).toEqual(['-4', '1', '+15551234|7|bob']);
    const stale = invite(caller, '3', [right]);
    expect(stale).toMatch(/^SIP\/2.0 407 .*stale=true/s);
    invite(caller, '4', [answer(challenge, { qop: 'auth', nc: 2 })]);
    expect(server.lines.slice(3)).toEqual(['-3', '1', '+15551234|7|bob']);
  });

  it('tells unknown users, wrong passwords, old nonces and broken credentials', async () => {
    await using server = await ScriptUnderTest.run(script(subscribers()));
    const caller = server.peer('192.0.2.7');
    const challenge = invite(caller, '1');
    invite(caller, '2', [answer(challenge, { user: 'eve', qop: 'auth' })]);
    invite(caller, '3', [answer(challenge, { password: 'guess', qop: 'auth' })]);
    invite(caller, '4', [answer(challenge, { qop: 'auth', method: 'BYE' })]);
    server.clock.advance(31_000);
    invite(caller, '5', [answer(challenge, { qop: 'auth' })]);
    const foreign = answer(challenge, { qop: 'auth' }).replace('realm="example.com"', 'realm="example.org"');
    invite(caller, '6', [foreign]);
    expect(server.lines).toEqual(['-4', '-1', '-2', '-2', '-3', '-4']);
    const broken = answer(challenge, { qop: 'auth' }).replace(/nc=\w+/, 'nc=1');
    expect(invite(caller, '7', [broken])).toMatch(/^SIP\/2.0 400 Bad Request/);
    expect(server.lines).toHaveLength(6);
  });

  it('takes clients without qop, and passwords where the table has them', async () => {
    const params = `${subscribers()}
      modparam("auth_db", "calculate_ha1", 1)
      modparam("auth_db", "password_column", "password")
      modparam("auth_db", "use_domain", 0)`;
    const realm = '"anything.net"';
    await using server = await ScriptUnderTest.run(
      script(params, `www_authorize(${realm}, "subscriber")`, `www_challenge(${realm})`),
    );
    const caller = server.peer('192.0.2.7');
    const challenge = invite(caller, '1');
    expect(challenge).toMatch(/^SIP\/2.0 401 Unauthorized/);
    expect(challenge).not.toContain('qop');
    invite(caller, '2', [answer(challenge)]);
    invite(caller, '3', [answer(challenge)]);
    expect(server.lines).toEqual(['-4', '1', '<null>|<null>|bob', '-3']);
  });

  it('offers stronger algorithms, the strongest first, and takes each', async () => {
    const list = 'sha-256,MD5,SHA-512-256,SHA-256-sess';
    const ask = `proxy_challenge("", "auth,auth-int", "${list}")`;
    await using server = await ScriptUnderTest.run(script(subscribers(), undefined, ask));
    const caller = server.peer('192.0.2.7');
    const challenge = invite(caller, 'first');
    const offered = [...challenge.matchAll(/algorithm=(\S+)/g)].map(([, name]) => name);
    expect(offered).toEqual(['SHA-512-256', 'SHA-256-sess', 'SHA-256', 'MD5']);
    for (const which of [0, 1, 2, 3]) {
      invite(caller, `call${which}`, [answer(challenge, { qop: 'auth-int' }, which)]);
    }
    expect(server.lines.filter((line) => line === '1')).toHaveLength(4);
    const one = answer(challenge, { qop: 'auth', nc: 9 }, 0).replace('SHA-512-256', 'MD5');
    invite(caller, 'downgrade', [one]);
    expect(server.lines.at(-1)).toBe('-3');
  });

  it('lets ACK pass, answers 500 where the table fails, and finds mistakes when it is loaded', async () => {
    await using server = await ScriptUnderTest.run(script(subscribers()));
    const caller = server.peer('192.0.2.7');
    caller.request('ACK');
    expect(server.lines.slice(0, 1)).toEqual(['1']);
    await using failing = await ScriptUnderTest.run(
      script(subscribers(), '$var(t) = "nowhere"; proxy_authorize("", $var(t))'),
    );
    const other = failing.peer('192.0.2.7');
    const challenge = invite(other, '1');
    expect(invite(other, '2', [answer(challenge, { qop: 'auth' })])).toMatch(/^SIP\/2.0 500/);
    expect(failing.lines).toEqual(['-4', expect.stringMatching(/no such table: nowhere/)]);
    const wrong = ScriptUnderTest.run(script(subscribers(), undefined, 'proxy_challenge("", "1")'));
    await expect(wrong).rejects.toThrow(/no qop 1/);
    const unknown = ScriptUnderTest.run(
      script(subscribers(), undefined, 'proxy_challenge("", "auth", "MD4")'),
    );
    await expect(unknown).rejects.toThrow(/no algorithm MD4/);
    const missing = script(subscribers().replace('db_url', 'db_urll'));
    await expect(ScriptUnderTest.run(missing)).rejects.toThrow(/did you mean db_url/);
  });

  it('knows users, and who may use whose credentials', async () => {
    const params = subscribers();
    const path = /sqlite:\/\/([^"]+)/.exec(params)![1]!;
    const checks = `
      proxy_authorize("", "subscriber"); if ($rc < 0) proxy_challenge("", "auth");
      db_does_uri_exist("sip:bob@example.com", "subscriber"); xlog("$rc");
      db_does_uri_exist("sip:eve@example.com", "subscriber"); xlog("$rc");
      db_is_from_authorized("uri"); xlog("$rc");
      db_is_to_authorized("uri"); xlog("$rc");
      db_get_auth_id("uri", "sip:alice@example.com", $var(id), $var(realm)); xlog("$rc $var(id) $var(realm)");
      db_get_auth_id("uri", "sip:eve@example.com", $var(id), $var(realm)); xlog("$rc");`;
    await using server = await ScriptUnderTest.run(`${HEAD}\n${params}\nroute { ${checks} }`);
    const database = new DatabaseSync(path);
    database.exec("INSERT INTO uri (username, domain, uri_user) VALUES ('bob', 'example.com', 'alice')");
    database.close();
    const caller = server.peer('192.0.2.7');
    const challenge = invite(caller, '1');
    invite(caller, '2', [answer(challenge, { qop: 'auth' })]);
    expect(server.lines).toEqual(['1', '-5', '1', '-9', '1 bob example.com', '-4']);
  });
});

describe('auth', () => {
  it('checks passwords that the script has found', async () => {
    const params = `modparam("auth", "username_spec", "$var(user)")
      modparam("auth", "password_spec", "$var(password)")
      modparam("auth", "calculate_ha1", 1)
      modparam("auth", "disable_nonce_check", 1)
      modparam("auth", "realm_prefix", "sip.")`;
    const head = HEAD.replace('loadmodule "auth_db.so"', '');
    await using server = await ScriptUnderTest.run(`${head}\n${params}
      route {
        $var(user) = "bob"; $var(password) = "secret";
        pv_proxy_authorize(""); $var(code) = $rc; xlog("$var(code)");
        if ($var(code) < 0) proxy_challenge("", "auth");
      }`);
    const caller = server.peer('192.0.2.7');
    const challenge = invite(caller, '1');
    for (const callId of ['2', '3']) invite(caller, callId, [answer(challenge, { qop: 'auth' })]);
    invite(caller, '4', [answer(challenge, { qop: 'auth', user: 'eve' })]);
    expect(server.lines).toEqual(['-4', '1', '1', '-1']);
  });

  it('writes Remote-Party-ID', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD.replace('loadmodule "auth_db.so"', '')}
      modparam("auth", "rpid_prefix", "<")
      modparam("auth", "rpid_suffix", ">;screen=yes")
      route {
        append_rpid_hf(); xlog("$rc");
        $avp(rpid) = "sip:+15551234@example.com";
        if (is_rpid_user_e164()) append_rpid_hf();
        append_rpid_hf("", ";party=calling");
        $du = "sip:198.51.100.5"; t_relay();
      }`);
    const callee = server.peer('198.51.100.5');
    server.peer('192.0.2.7').request('INVITE');
    expect(server.lines).toEqual(['-1']);
    expect(
      callee
        .last('INVITE')
        .match(/Remote-Party-ID: .*/g)
        ?.map((line) => line.trim()),
    ).toEqual([
      'Remote-Party-ID: <sip:+15551234@example.com>;screen=yes',
      'Remote-Party-ID: sip:+15551234@example.com;party=calling',
    ]);
  });

  it('wants secrets of 32 characters', async () => {
    const load = ScriptUnderTest.run(`${HEAD}\nmodparam("auth", "secret", "short")\nroute { exit; }`);
    await expect(load).rejects.toThrow(/it has 5 characters, and must have 32/);
  });
});
