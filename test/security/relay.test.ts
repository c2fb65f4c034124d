import { describe, expect, it } from 'vitest';
import routes from '../../src/script/api/default-routes.ts';
import { CallHarness } from '../../testing/call-harness.ts';
import { calleeDialog } from '../../testing/peer-dialog.ts';
import type { SipPeer } from '../../testing/sip-peer.ts';

const SERVER = '99.88.44.33';

async function start(): Promise<{
  harness: CallHarness;
  alice: SipPeer;
  bob: SipPeer;
  gateway: SipPeer;
  stranger: SipPeer;
}> {
  const harness = CallHarness.start({ routes, users: { alice: 'a', bob: 'b' } });
  const [alice, bob, stranger] = ['alice', 'bob', 'stranger'].map((name) => harness.peer(name));
  // A gateway of the VPC that takes calls of whoever comes from this server.
  const gateway = harness.peer('gateway', { address: '10.0.0.9' });
  await Promise.all([alice!.register(), bob!.register()]);
  return { harness, alice: alice!, bob: bob!, gateway, stranger: stranger! };
}

/** A request inside a dialog that its sender made up. */
function sequential(method: string, uri: string, route: string, more = ''): string {
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.3:5060;branch=z9hG4bK-forged-${method};rport\r\n` +
    `${route === '' ? '' : `Route: ${route}\r\n`}From: <sip:eve@example.net>;tag=1\r\nTo: <${uri}>;tag=2\r\n` +
    `Call-ID: forged\r\nCSeq: 1 ${method}\r\nContact: <sip:eve@203.0.113.3>\r\nMax-Forwards: 70\r\n${more}` +
    'Content-Length: 0\r\n\r\n'
  );
}

const METHODS = ['ACK', 'BYE', 'INFO', 'NOTIFY', 'UPDATE', 'PRACK', 'OPTIONS', 'INVITE', 'MESSAGE', 'FOO'];

/** What the server sent to the gateway or to anybody that is none of the peers. */
function relayed(harness: CallHarness, address = '10.0.0.9'): readonly string[] {
  return harness.network.record
    .filter((it) => it.sender === 'server' && it.destination.address === address)
    .map(({ text }) => text.slice(0, text.indexOf('\r\n')));
}

describe('an open relay', () => {
  it.each(METHODS)('is not made by a To tag and a Route with our address (%s)', async (method) => {
    const { harness, stranger } = await start();
    await using _ = harness;
    for (const uri of ['sip:premium@10.0.0.9', 'sip:premium@198.51.100.7;maddr=10.0.0.9']) {
      stranger.sendRaw(sequential(method, uri, `<sip:${SERVER};lr>`));
      stranger.sendRaw(sequential(method, uri, `<sip:${SERVER};lr>,<sip:10.0.0.9;lr>`));
      stranger.sendRaw(sequential(method, `sip:${SERVER};lr`, `<${uri}>`));
      stranger.sendRaw(sequential(method, uri, ''));
      await harness.advance(1000);
    }
    expect(relayed(harness)).toEqual([]);
  });

  it.each(METHODS)('is not made by a tag seen in another call (%s)', async (method) => {
    const { harness, alice, bob, stranger } = await start();
    await using _ = harness;
    const call = alice.invite('bob');
    const incoming = await bob.next('INVITE');
    incoming.reply(200);
    await call.final;
    const [seen] = calleeDialog(incoming.request, 'x').routes;
    expect(seen).toContain(';vt=');
    stranger.sendRaw(sequential(method, 'sip:premium@10.0.0.9', seen!));
    await harness.advance(1000);
    expect(relayed(harness)).toEqual([]);
  });

  it('is not made by a preloaded Route, by maddr in the Request-URI, or by a foreign Request-URI', async () => {
    const { harness, alice } = await start();
    await using _ = harness;
    const ask = async (uri: string, headers: [string, string][] = []): Promise<number> =>
      (await alice.request('INVITE', uri, { headers })).status;
    expect(await ask('sip:bob@example.com', [['Route', '<sip:10.0.0.9;lr>']])).toBe(403);
    expect(await ask('sip:bob@example.com', [['Route', `<sip:${SERVER};lr>,<sip:10.0.0.9;lr>`]])).toBe(403);
    expect(await ask('sip:premium@10.0.0.9')).toBe(403);
    expect(await ask('sip:premium@example.com;maddr=10.0.0.9')).toBe(480);
    expect(await ask('sip:premium@example.com;transport=tcp;maddr=10.0.0.9')).toBe(480);
    expect(relayed(harness)).toEqual([]);
  });

  it.each<[string, readonly (readonly [string, string])[]]>([
    ['a second Contact', [['Contact', '<sip:premium@10.0.0.9>']]],
    ['maddr', [['Contact', '<sip:alice@203.0.113.1:5060;maddr=10.0.0.9>']]],
    ['a Path', [['Path', '<sip:10.0.0.9;lr>']]],
    [
      'a Path of two',
      [
        ['Path', '<sip:203.0.113.1;lr>'],
        ['Path', '<sip:10.0.0.9;lr>'],
      ],
    ],
    [
      'a Via more',
      [
        ['Via', 'SIP/2.0/UDP 203.0.113.77;branch=z9hG4bK-below'],
        ['Contact', '<sip:premium@10.0.0.9>'],
      ],
    ],
  ])('is not made by registering with %s that leads inside', async (_what, headers) => {
    const { harness, alice, bob } = await start();
    await using _ = harness;
    const answer = await alice.request('REGISTER', 'sip:example.com', { to: `<${alice.aor}>`, headers });
    expect(answer.status).toBe(200);
    bob.invite('alice');
    await harness.advance(3000);
    expect(relayed(harness)).toEqual([]);
  });
});

describe('a dialog', () => {
  it('is followed for both of its parties, by its own Route alone', async () => {
    const { harness, alice, bob } = await start();
    await using _ = harness;
    const call = alice.invite('bob');
    const incoming = await bob.next('INVITE');
    incoming.reply(200);
    await call.final;
    await harness.advance(0);
    expect(bob.acks.length).toBe(1);
    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    expect((await bye).status).toBe(200);
  });
});

describe('an amplifier', () => {
  it('is not made by contacts that lead back here (RFC 5393)', async () => {
    const { harness, alice, bob } = await start();
    await using _ = harness;
    const headers: [string, string][] = [['Via', 'SIP/2.0/UDP 203.0.113.77;branch=z9hG4bK-below']];
    for (let i = 0; i < 9; i++) headers.push(['Contact', `<sip:alice@${SERVER};x=${i}>`]);
    const { status } = await alice.request('REGISTER', 'sip:example.com', { to: `<${alice.aor}>`, headers });
    expect(status).toBe(200);
    harness.network.record.length = 0;
    const call = bob.invite('alice');
    await harness.advance(60_000);
    expect((await call.final).status).toBeGreaterThanOrEqual(400);
    const invites = harness.network.record.filter(
      (it) => it.sender === 'server' && it.text.startsWith('INVITE'),
    );
    expect(invites.length).toBeLessThanOrEqual(10 + 7);
  });
});
