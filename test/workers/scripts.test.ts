// An OpenSIPS script in two workers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { H } from '../../src/wire/sip/header-name.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';
import type { ScriptedPhone } from '../cloud/scripted-phone.ts';
import { WorkersHouse } from './workers-house.ts';

const SCRIPT = `socket=udp:127.0.0.1:0
log_level=3
loadmodule "proto_udp.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "maxfwd.so"
loadmodule "signaling.so"
loadmodule "sipmsgops.so"
loadmodule "auth.so"
modparam("auth", "calculate_ha1", 1)
modparam("auth", "username_spec", "$avp(user)")
modparam("auth", "password_spec", "$avp(password)")
startup_route { xlog("L_WARN", "the script has begun\\n"); }
route {
  $avp(user) = "alice";
  $avp(password) = "secret";
  if (is_method("SUBSCRIBE")) {
    if (!pv_proxy_authorize("example.com")) {
      proxy_challenge("example.com", "auth");
      exit;
    }
  }
  send_reply(480, "Nobody There");
  exit;
}
`;

const URI = 'sip:bob@example.com';

let house: WorkersHouse;

beforeAll(async () => {
  house = await WorkersHouse.startScript(SCRIPT);
});

afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

function ask(
  phone: ScriptedPhone,
  callId: string,
  headers: Parameters<ScriptedPhone['send']>[2]['headers'] = [],
) {
  const own = '<sip:alice@example.com>';
  phone.send('SUBSCRIBE', URI, { callId, from: `${own};tag=1`, to: `<${URI}>`, headers });
  return phone.final('SUBSCRIBE');
}

describe('an OpenSIPS script in two workers', () => {
  it('begins once, and serves both', async () => {
    using phone = await house.phone('alice', 'bob');
    for (const worker of [0, 1]) {
      const challenge = await ask(phone, house.callOf(worker));
      expect(challenge.status).toBe(407);
    }
    expect((await house.counted('script', 'handled')).each).toEqual([1, 1]);
    expect(house.log().split('the script has begun')).toHaveLength(2);
  });

  it('knows the nonces of one worker in the other, and takes none twice', async () => {
    using phone = await house.phone('alice', 'bob');
    const challenge = await ask(phone, house.callOf(0));
    const credentials = answerChallenge(
      challenge,
      { method: 'SUBSCRIBE', uri: URI },
      { user: 'alice', password: 'secret' },
    )!;
    expect((await ask(phone, house.callOf(1), [credentials])).status).toBe(480);
    const refused = await ask(phone, house.callOf(0), [credentials]);
    expect([refused.status, refused.get(H.ProxyAuthenticate)]).toEqual([
      407,
      expect.stringContaining('stale'),
    ]);
  });

  it('answers its commands for both', async () => {
    expect(await house.control('core:version')).toMatchObject({ Server: expect.stringContaining('Viaduct') });
    const counted = await house.control('get_statistics', 'script:');
    expect(counted).toMatchObject({ 'script:handled': (await house.counted('script', 'handled')).all });
    expect(await house.control('workers')).toHaveLength(2);
  });

  it('is read again by all', async () => {
    writeFileSync(join(house.folder, 'opensips.cfg'), SCRIPT.replace('480, "Nobody There"', '486, "Busy"'));
    expect(await house.control('reload')).toContain('read again');
    using phone = await house.phone('alice', 'bob');
    for (const worker of [0, 1]) {
      phone.send('PUBLISH', URI, { callId: house.callOf(worker), from: `<${URI}>;tag=1`, to: `<${URI}>` });
      expect((await phone.final('PUBLISH')).status).toBe(486);
    }
  });
});
