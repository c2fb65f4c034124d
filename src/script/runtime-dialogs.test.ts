import { describe, expect, it } from 'vitest';
import { CallHarness } from '../../testing/call-harness.ts';
import type { Dialog } from '../core/dialog/dialog.ts';
import { H } from '../wire/sip/header-name.ts';
import { type Handlers, routes } from './api/routes.ts';

/** A server that makes a dialog of each call that it forwards. */
function start(handlers: Partial<Handlers> = {}) {
  const harness = CallHarness.start({
    routes: routes({
      register: (call) => call.reject(403),
      invite: (call) => call.fork('sip:bob@203.0.113.2:5060'),
      ...handlers,
    }),
  });
  const { dialogs, runtime } = harness.server;
  const { proxy } = runtime;
  const made: Dialog[] = [];
  const seen: string[] = [];
  const fork = proxy.forkThen.bind(proxy);
  proxy.forkThen = (transaction, ...more) => {
    const dialog = dialogs.create(transaction);
    if (dialog) made.push(dialog);
    dialog?.observe({
      onRequest: ({ request, direction }) => void seen.push(`${request.method} ${direction}`),
      onReply: ({ response }, { request }) => void seen.push(`${response.status} ${request.method}`),
      onEvent: (_, { kind }) => void seen.push(kind),
    });
    return fork(transaction, ...more);
  };
  const alice = harness.peer('alice', { address: '203.0.113.1' });
  const bob = harness.peer('bob', { address: '203.0.113.2' });
  return { harness, alice, bob, made, seen, dialogs };
}

describe('dialogs in a running server', () => {
  it('see sequential requests of both directions without any script', async () => {
    const { harness, alice, bob, seen } = start();
    await using _ = harness;
    const call = alice.invite('bob');
    const incoming = await bob.next('INVITE');
    incoming.reply(180);
    incoming.reply(200);
    await call.final;
    const info = bob.inDialog(incoming.dialog, 'INFO');
    (await alice.next('INFO')).reply(200);
    expect((await info).status).toBe(200);
    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    await bye;
    expect(seen).toEqual([
      '180 INVITE',
      'early',
      '200 INVITE',
      'confirmed',
      'ACK downstream',
      'acknowledged',
      'INFO upstream',
      '200 INFO',
      'BYE downstream',
      '200 BYE',
      'ended',
    ]);
  });

  it('see them where a script sends them on, and not those that it answers itself', async () => {
    const { harness, alice, bob, seen, made } = start({
      inDialog: (call) => (call.method === 'BYE' ? call.reject(403) : call.followRoute()),
    });
    await using _ = harness;
    const call = alice.invite('bob');
    (await bob.next('INVITE')).reply(200);
    await call.final;
    expect((await call.bye()).status).toBe(403);
    expect(made[0]?.state).toBe(4);
    const info = alice.inDialog(await call.dialog(), 'INFO');
    (await bob.next('INFO')).reply(200);
    await info;
    expect(seen.slice(-2)).toEqual(['INFO downstream', '200 INFO']);
  });

  it('are ended by this server with a BYE that both parties take, seen by the script', async () => {
    const sent: string[] = [];
    const { harness, alice, bob, made, dialogs } = start({
      local: (request) => {
        sent.push(`${request.method} ${request.destination.address}`);
        request.addHeader('X-Local', '1');
      },
    });
    await using _ = harness;
    const call = alice.invite('bob');
    const incoming = await bob.next('INVITE');
    incoming.reply(200);
    const answer = await call.final;
    const done = dialogs.end(made[0]!, 'over', [[H.Reason, 'SIP;cause=200']]);
    const [toAlice, toBob] = [await alice.next('BYE'), await bob.next('BYE')];
    for (const bye of [toAlice, toBob]) bye.reply(200);
    await done;
    expect(sent.sort()).toEqual(['BYE 203.0.113.1', 'BYE 203.0.113.2']);
    expect([toBob.request.from?.tag, toBob.request.to?.tag]).toEqual([
      incoming.request.from?.tag,
      answer.to?.tag,
    ]);
    expect([toAlice.request.from?.tag, toAlice.request.to?.tag]).toEqual([
      answer.to?.tag,
      incoming.request.from?.tag,
    ]);
    expect(toBob.request.cseq!.number).toBeGreaterThan(incoming.request.cseq!.number);
    expect([toAlice, toBob].map(({ request }) => request.header('X-Local'))).toEqual(['1', '1']);
    expect(harness.network.lost).toEqual([]);
    await harness.advance(60_000);
    expect(dialogs.size).toBe(0);
  });

  it('end with the call that a script refuses, or that its caller gives up', async () => {
    const { harness, alice, bob, made } = start({
      async invite(call) {
        await call.fork('sip:bob@203.0.113.2:5060');
        return call.reject(480);
      },
    });
    await using _ = harness;
    const refused = alice.invite('bob');
    (await bob.next('INVITE')).reply(486);
    await refused.final;
    const cancelled = alice.invite('bob');
    (await bob.next('INVITE')).reply(180);
    await cancelled.cancel();
    await cancelled.final;
    expect(made.map(({ end }) => `${end?.cause} ${end?.status}`)).toEqual(['failed 480', 'cancelled 480']);
  });
});
