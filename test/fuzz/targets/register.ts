import assert from 'node:assert/strict';
import { contactHeaders } from '../../../src/core/registrar/contact-header.ts';
import { readRegister } from '../../../src/core/registrar/register-request.ts';
import { buildResponse } from '../../../src/wire/sip/build.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { judge } from '../../../src/wire/sip/verdict.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

export const name = 'register';
export const seeds: readonly string[] = [...tortureMessages(), ...USUAL_MESSAGES].filter((text) =>
  text.startsWith('REGISTER'),
);

/** Contacts that a registrar takes can be printed in its answer, and read back as the same URIs. */
export function run(input: Buffer): void {
  const result = parseMessage(input);
  if (!result.ok || !result.message.isRequest || judge(result.message)) return;
  const register = readRegister(result.message);
  if (!('kind' in register)) return;
  const bindings = register.contacts.map((contact) => ({
    aor: 'sip:a@example.com',
    contact: contact.uri.toString(),
    expiresAt: (contact.expires ?? 3600) * 1000,
    q: contact.q ?? 1000,
    callId: register.callId,
    cseq: register.cseq,
    path: register.path,
    received: { transport: 'udp', address: '192.0.2.1', port: 5060 } as const,
    listener: 'udp',
    connectionId: 0,
    bootId: '1',
    natted: false,
    instance: contact.instance,
    regId: contact.regId,
    userAgent: register.userAgent,
    updatedAt: 0,
  }));
  const headers = contactHeaders(bindings, 0);
  const answer = parseMessage(buildResponse(result.message, { status: 200, headers }));
  assert.ok(answer.ok);
  const again = readRegister(answer.message);
  assert.ok('kind' in again);
  assert.deepEqual(
    again.contacts.map(({ uri, q = 1000, instance, regId }) => [uri.toString(), q, instance, regId]),
    register.contacts.map(({ uri, q = 1000, instance, regId }) => [uri.toString(), q, instance, regId]),
  );
}
