import { describe, expect, it } from 'vitest';
import { computeAnyResponse, computeHa1 } from '../../../core/auth/digest.ts';
import { read } from '../../../core/proxy/testing/messages.ts';
import { calleeDialog, callerDialog, type Peer } from '../../../core/proxy/testing/peer.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { digestField } from '../core/auth-variables.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { keep, other } from './uac/kept-uri.ts';

const MODULES = ['signaling', 'sl', 'tm', 'sipmsgops', 'uac', 'rr', 'uac_auth'];

function script(params: string, body: string, more = '', modules: readonly string[] = []): string {
  return `${[...MODULES, ...modules].map((it) => `loadmodule "${it}.so"`).join('\n')}
    ${params}
    route {
      if (has_totag()) { loose_route(); t_relay(); exit; }
      ${body}
    }
    ${more}`;
}

const AUTH = `failure_route[auth] {
  if (t_check_status("40[17]") && uac_auth()) { t_on_failure("auth"); t_relay(); exit; }
  xlog("gave up");
}`;
const FORWARD = 'record_route(); $du = "sip:198.51.100.5"; t_on_failure("auth"); t_relay();';
const CREDENTIAL = 'modparam("uac_auth", "credential", "trunk:carrier:secret")';

/** Answers the latest request of a peer with a challenge. */
function challenge(callee: Peer, method: string, text: string, status = 407): void {
  const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  callee.answer(method, status, { headers: [`${name}: ${text}`] });
}

const CHALLENGE = 'Digest realm="carrier", nonce="n1", qop="auth,auth-int", opaque="o"';

/** Whether a request carries the right response. */
function isRight(text: string, password = 'secret'): boolean {
  const message = read(text);
  const value = message.get(H.ProxyAuthorization) ?? message.get(H.Authorization) ?? '';
  const field = (name: string) => digestField(value, name) ?? '';
  const expected = computeAnyResponse({
    algorithm: 'MD5',
    session: false,
    ha1: computeHa1('MD5', field('username'), field('realm'), password),
    method: message.method,
    uri: field('uri'),
    nonce: field('nonce'),
    nc: field('nc'),
    cnonce: field('cnonce'),
    qop: field('qop') as '' | 'auth' | 'auth-int',
    body: message.body,
  });
  return field('response') === expected && field('uri') === message.requestUri;
}

describe.each([
  ['by Record-Route', [] as string[], ''],
  ['by a dialog', ['dialog'], 'create_dialog();'],
])('uac_auth %s', (_name, modules, create) => {
  it('answers a challenge, and keeps the numbers of CSeq right for both parties', async () => {
    await using server = await ScriptUnderTest.run(script(CREDENTIAL, create + FORWARD, AUTH, modules));
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    caller.request('INVITE', { cseq: 5 });
    const first = callee.last('INVITE');
    challenge(callee, 'INVITE', CHALLENGE);
    await server.settle();
    const second = callee.last('INVITE');
    expect(isRight(second)).toBe(true);
    expect(second).toContain('opaque="o"');
    expect([first, second].map((it) => read(it).cseq?.number)).toEqual([5, 6]);
    expect(caller.kinds).not.toContain('407');
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    const ok = caller.last('200');
    expect(read(ok).cseq).toMatchObject({ number: 5, method: 'INVITE' });
    expect(read(caller.last('180')).cseq?.number).toBe(5);
    caller.inDialog('ACK', callerDialog(ok), { cseq: 5 });
    expect(read(callee.last('ACK')).cseq?.number).toBe(6);
    caller.inDialog('INFO', callerDialog(ok), { cseq: 6 });
    expect(read(callee.last('INFO')).cseq?.number).toBe(7);
    callee.answer('INFO', 200);
    expect(read(caller.inbox.at(-1)!).cseq).toMatchObject({ number: 6, method: 'INFO' });
    callee.inDialog('BYE', calleeDialog(second), { cseq: 20 });
    expect(read(caller.last('BYE')).cseq?.number).toBe(20);
    expect(server.lines).toEqual([]);
  });

  it('cancels what was sent again by the number that it was sent with', async () => {
    await using server = await ScriptUnderTest.run(script(CREDENTIAL, create + FORWARD, AUTH, modules));
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    const invite = caller.request('INVITE', { cseq: 5 });
    challenge(callee, 'INVITE', CHALLENGE);
    await server.settle();
    callee.answer('INVITE', 180);
    caller.cancel(invite);
    await server.settle();
    expect(read(callee.last('CANCEL')).cseq).toMatchObject({ number: 6, method: 'CANCEL' });
    callee.answer('INVITE', 487);
    await server.settle();
    expect(read(caller.last('487')).cseq?.number).toBe(5);
    expect(read(callee.last('ACK')).cseq?.number).toBe(6);
  });
});

describe('uac_auth', () => {
  it('takes credentials out of AVPs, HA1 too, and answers again where another realm asks', async () => {
    const ha1 = computeHa1('MD5', 'me', 'other', 'pw');
    const params = `${CREDENTIAL}
      modparam("uac_auth", "auth_realm_avp", "$avp(r)")
      modparam("uac_auth", "auth_username_avp", "$avp(u)")
      modparam("uac_auth", "auth_password_avp", "$avp(p)")`;
    const body = `$avp(r) = "other"; $avp(u) = "me"; $avp(p) = "0x${ha1}"; ${FORWARD}`;
    await using server = await ScriptUnderTest.run(script(params, body, AUTH));
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    caller.request('MESSAGE');
    challenge(callee, 'MESSAGE', 'Digest realm="other", nonce="x"', 401);
    await server.settle();
    expect(isRight(callee.last('MESSAGE'), 'pw')).toBe(true);
    challenge(callee, 'MESSAGE', CHALLENGE);
    await server.settle();
    const third = callee.last('MESSAGE');
    expect(isRight(third)).toBe(true);
    expect(third).toContain('Authorization: Digest username="me"');
    expect(read(third).cseq?.number).toBe(3);
  });

  it('gives up without credentials, or without an algorithm that is wanted', async () => {
    await using server = await ScriptUnderTest.run(script(CREDENTIAL, FORWARD, AUTH));
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    caller.request('MESSAGE');
    challenge(callee, 'MESSAGE', CHALLENGE.replace('carrier', 'stranger'));
    await server.settle();
    expect(server.lines.at(-1)).toBe('gave up');
    expect(caller.kinds).toEqual(['407']);
    const strict = AUTH.replace('uac_auth()', 'uac_auth("SHA-256,MD5-sess")');
    await using other = await ScriptUnderTest.run(script(CREDENTIAL, FORWARD, strict));
    const [third, fourth] = [other.peer('192.0.2.7'), other.peer('198.51.100.5')];
    third.request('MESSAGE');
    fourth.answer('MESSAGE', 407, {
      headers: [`Proxy-Authenticate: ${CHALLENGE}`, `Proxy-Authenticate: ${CHALLENGE}, algorithm=SHA-256`],
    });
    await other.settle();
    expect(fourth.last('MESSAGE')).toContain('algorithm=SHA-256');
    await expect(
      ScriptUnderTest.run(script('modparam("uac_auth", "credential", "user:realm")', FORWARD, AUTH)),
    ).rejects.toThrow(/write "user:realm:password"/);
    const half = 'modparam("uac_auth", "auth_realm_avp", "$avp(r)")';
    await expect(ScriptUnderTest.run(script(half, FORWARD, AUTH))).rejects.toThrow(/given together/);
  });

  it('raises numbers by hand', async () => {
    await using server = await ScriptUnderTest.run(
      script('', 'uac_inc_cseq(3); $du = "sip:198.51.100.5"; t_relay();'),
    );
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    caller.request('MESSAGE', { cseq: 5 });
    expect(read(callee.last('MESSAGE')).cseq?.number).toBe(8);
    callee.answer('MESSAGE', 200);
    expect(read(caller.last('200')).cseq?.number).toBe(5);
  });
});

describe('uac_replace', () => {
  const REPLACE = `uac_replace_from("Robin Hood", "sip:robin@gotham.org"); uac_replace_to( , "sip:joker@gotham.org");
    record_route(); $du = "sip:198.51.100.5"; t_relay();`;

  function identities(text: string): string[] {
    const message = read(text);
    return [message.get(H.From)!, message.get(H.To)!].map((it) => it.replace(/;tag=.*/, ''));
  }

  it('shows each party the identities that it knows, through the whole dialog', async () => {
    const params = 'modparam("uac", "restore_passwd", "hush")';
    await using server = await ScriptUnderTest.run(script(params, REPLACE));
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    caller.request('INVITE');
    const shown = ['Robin Hood <sip:robin@gotham.org>', '<sip:joker@gotham.org>'];
    expect(identities(callee.last('INVITE'))).toEqual(shown);
    callee.answer('INVITE', 200);
    const ok = caller.last('200');
    expect(identities(ok)).toEqual(['<sip:alice@example.com>', '<sip:bob@example.com>']);
    expect(read(ok).to?.tag).toBe('callee');
    caller.inDialog('ACK', callerDialog(ok));
    expect(identities(callee.last('ACK'))).toEqual(['<sip:robin@gotham.org>', '<sip:joker@gotham.org>']);
    callee.inDialog('BYE', calleeDialog(callee.last('INVITE')), { cseq: 9 });
    expect(identities(caller.last('BYE'))).toEqual(['<sip:bob@example.com>', '<sip:alice@example.com>']);
    caller.answer('BYE', 200);
    expect(identities(callee.last('200'))).toEqual([
      '<sip:joker@gotham.org>',
      'Robin Hood <sip:robin@gotham.org>',
    ]);
  });

  it('restores by hand, and not at all', async () => {
    const manual = script('modparam("uac", "restore_mode", "manual")', REPLACE).replace(
      'loose_route();',
      'loose_route(); if (is_method("BYE")) { uac_restore_from(); xlog("$rc"); }',
    );
    await using server = await ScriptUnderTest.run(manual);
    const [caller, callee] = [server.peer('192.0.2.7'), server.peer('198.51.100.5')];
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const dialog = callerDialog(caller.last('200'));
    caller.inDialog('ACK', dialog);
    expect(identities(callee.last('ACK'))).toEqual(['<sip:alice@example.com>', '<sip:bob@example.com>']);
    caller.inDialog('BYE', dialog);
    expect(identities(callee.last('BYE'))).toEqual(['<sip:robin@gotham.org>', '<sip:bob@example.com>']);
    expect(server.lines).toEqual(['1']);
    await using never = await ScriptUnderTest.run(script('modparam("uac", "restore_mode", "none")', REPLACE));
    const [third, fourth] = [never.peer('192.0.2.7'), never.peer('198.51.100.5')];
    third.request('INVITE');
    fourth.answer('INVITE', 200);
    expect(identities(third.last('200'))[0]).toBe('Robin Hood <sip:robin@gotham.org>');
    expect(fourth.last('INVITE')).not.toContain('vsf=');
  });

  it('changes names alone, quotes what needs it, and refuses what is no URI', async () => {
    const body = `uac_replace_from("Dr. \\"Who\\"; Co", ""); uac_replace_to("", ""); xlog("$rc");
      uac_replace_from("sip:a b"); xlog("$rc"); $du = "sip:198.51.100.5"; t_relay();`;
    await using server = await ScriptUnderTest.run(script('', body));
    const callee = server.peer('198.51.100.5');
    server.peer('192.0.2.7').request('MESSAGE');
    expect(identities(callee.last('MESSAGE'))[0]).toBe('"Dr. \\"Who\\"; Co" <sip:alice@example.com>');
    expect(server.lines).toEqual(['1', '-1']);
  });

  it('believes nothing that was kept by others', () => {
    const kept = keep('sip:alice@example.com', 'sip:x@y', 'secret');
    expect(other(kept, 'sip:x@y', 'secret')).toBe('sip:alice@example.com');
    expect(other(kept, 'sip:alice@example.com', 'secret')).toBe('sip:x@y');
    expect(other(kept, 'sip:x@y', 'wrong')).toBeUndefined();
    expect(other('AAAA', 'sip:x@y', '')).toBeUndefined();
  });
});
