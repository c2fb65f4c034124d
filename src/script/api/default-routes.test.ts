import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CallHarness } from '../../../testing/call-harness.ts';
import routes from './default-routes.ts';

const USERS = { alice: 'wonderland', bob: 'builder' };

function start(): CallHarness {
  return CallHarness.start({ routes, users: USERS });
}

describe('the default routes', () => {
  it('are 30 lines at most', () => {
    const source = readFileSync(new URL('./default-routes.ts', import.meta.url), 'utf8');
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(30);
  });

  it('register users with the right password', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const answer = await alice.register();
    expect(answer.status).toBe(200);
    expect(answer.header('Contact')).toContain(alice.contact);
    expect(harness.network.lost).toEqual([]);
  });

  it('register nobody with a wrong password', async () => {
    await using harness = start();
    const answer = await harness.peer('alice', { password: 'queen' }).register();
    expect(answer.status).toBe(401);
  });

  it('let nobody register somebody else', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const answer = await alice.request('REGISTER', 'sip:example.com', { to: '<sip:bob@example.com>' });
    expect(answer.status).toBe(403);
  });

  it.each([
    ['outside', undefined, 'outside', undefined],
    ['outside', undefined, 'inside', '10.0.0.50'],
    ['inside', '10.0.0.50', 'outside', undefined],
    ['inside', '10.0.0.50', 'inside', '10.0.0.51'],
  ])('carry a call from %s to %s', async (_from, aliceAt, _to, bobAt) => {
    await using harness = start();
    const alice = harness.peer('alice', aliceAt === undefined ? {} : { address: aliceAt });
    const bob = harness.peer('bob', bobAt === undefined ? {} : { address: bobAt });
    expect((await alice.register()).status).toBe(200);
    expect((await bob.register()).status).toBe(200);

    const call = alice.invite('bob');
    const incoming = await bob.next('INVITE');
    expect(incoming.request.header('Proxy-Authorization')).toBeUndefined();
    incoming.reply(180);
    incoming.reply(200, { body: 'v=0\r\n' });
    expect((await call.final).status).toBe(200);

    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    expect((await bye).status).toBe(200);
    expect(bob.acks).toHaveLength(1);
    expect(harness.network.lost).toEqual([]);
  });

  it('let the callee end the call', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const bob = harness.peer('bob', { address: '10.0.0.50' });
    await alice.register();
    await bob.register();
    const call = alice.invite('bob');
    const incoming = await bob.next('INVITE');
    incoming.reply(200);
    await call.final;
    const bye = bob.inDialog(incoming.dialog, 'BYE');
    (await alice.next('BYE')).reply(200);
    expect((await bye).status).toBe(200);
    expect(harness.network.lost).toEqual([]);
  });

  it('show no private address to the outside', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const bob = harness.peer('bob', { address: '10.0.0.50' });
    await alice.register();
    await bob.register();
    const call = alice.invite('bob');
    (await bob.next('INVITE')).reply(200);
    await call.final;
    const seen = harness.network
      .between('server', 'alice')
      .map((text) => text.slice(0, text.indexOf('\r\n\r\n')));
    expect(seen.filter((text) => text.includes('10.0.0.'))).toEqual([]);
  });

  it('cancel a call that rings', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const bob = harness.peer('bob');
    await bob.register();
    const call = alice.invite('bob');
    (await bob.next('INVITE')).reply(180);
    await (await call.invite).atLeast(180);
    expect((await call.cancel()).status).toBe(200);
    expect((await call.final).status).toBe(487);
    expect(bob.received.map(({ method }) => method)).toContain('CANCEL');
  });

  it('pass a refusal on', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const bob = harness.peer('bob');
    await bob.register();
    const call = alice.invite('bob');
    (await bob.next('INVITE')).reply(486);
    expect((await call.final).status).toBe(486);
  });

  it('answer 480 for a user who is not registered', async () => {
    await using harness = start();
    expect((await harness.peer('alice').invite('bob').final).status).toBe(480);
  });

  it('find users by any address of the server', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const bob = harness.peer('bob', { address: '10.0.0.50' });
    await bob.request('REGISTER', 'sip:10.0.0.34', { to: '<sip:bob@10.0.0.34>' });
    const call = alice.invite('sip:bob@99.88.44.33');
    (await bob.next('INVITE')).reply(200);
    expect((await call.final).status).toBe(200);
  });

  it('relay nothing to foreign domains, and nothing for strangers', async () => {
    await using harness = start();
    const other = harness.peer('carol', { address: '203.0.113.77' });
    const foreign = await harness.peer('alice').invite(`sip:carol@203.0.113.77`).final;
    expect([foreign.status, foreign.reason]).toEqual([403, 'Relay Forbidden']);
    expect((await other.invite('sip:alice@198.51.100.7').final).status).toBe(407);
    expect(other.received).toEqual([]);
  });

  it('carry messages between users', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    const bob = harness.peer('bob');
    await bob.register();
    const sent = alice.request('MESSAGE', 'sip:bob@example.com');
    (await bob.next('MESSAGE')).reply(200);
    expect((await sent).status).toBe(200);
  });

  it('answer OPTIONS to the server itself', async () => {
    await using harness = start();
    const answer = await harness.peer('probe').request('OPTIONS', 'sip:example.com');
    expect(answer.status).toBe(200);
    expect(answer.header('Allow')).toContain('INVITE');
  });
});
