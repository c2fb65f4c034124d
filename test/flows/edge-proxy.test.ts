import { expect, it } from 'vitest';
import { routes } from '../../src/script/api/index.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import { CallHarness } from '../../testing/call-harness.ts';

const REGISTRAR = '10.0.0.9';

/** The routes of docs/flows.md. */
const edge = routes({
  register: (call) => call.fork(`sip:example.com;maddr=${REGISTRAR}`, { path: true }),
  invite: (call) =>
    call.source.address === REGISTRAR
      ? call.fork(call.target.uri)
      : call.fork(`${call.target.uri};maddr=${REGISTRAR}`),
});

it('an edge proxy leads calls of the registrar to the flow of the phone, and dialogs both ways', async () => {
  await using harness = CallHarness.start({ routes: edge });
  const phone = harness.peer('alice');
  const registrar = harness.peer('registrar', { address: REGISTRAR });
  const registered = phone.register();
  const register = await registrar.next('REGISTER');
  const path = register.request.elements(H.Path).map(({ text }) => text);
  expect(path.at(-1)).toMatch(/^<sip:[\w-]{40,}@99\.88\.44\.33/);
  register.reply(200);
  expect((await registered).status).toBe(200);

  const call = registrar.invite(phone.contact, { headers: path.map((value) => [H.Route, value] as const) });
  const invite = await phone.next('INVITE');
  expect(invite.request.has(H.Route)).toBe(false);
  invite.reply(200);
  expect((await call.final).status).toBe(200);
  const bye = phone.inDialog(invite.dialog, 'BYE');
  (await registrar.next('BYE')).reply(200);
  expect((await bye).status).toBe(200);
});
