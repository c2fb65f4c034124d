import { describe, expect, it } from 'vitest';
import routes from '../../src/script/api/default-routes.ts';
import { CallHarness } from '../../testing/call-harness.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';

const VICTIM = '198.51.100.66';

function request(method: string, id: number, more = '', via = ''): string {
  const uri = method === 'REGISTER' ? 'sip:example.com' : 'sip:bob@example.com';
  return (
    `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${VICTIM}:5060;branch=z9hG4bK-${method}-${id}${via}\r\n` +
    `From: <sip:u${id}@example.com>;tag=${id}\r\nTo: <sip:u${id}@example.com>\r\nCall-ID: flood-${id}\r\n` +
    `CSeq: 1 ${method}\r\nContact: <sip:u${id}@${VICTIM}>\r\nMax-Forwards: 70\r\n${more}Content-Length: 0\r\n\r\n`
  );
}

const WRONG =
  'Authorization: Digest username="alice", realm="example.com", nonce="AAAA", uri="sip:example.com", ' +
  'response="00000000000000000000000000000000", algorithm=MD5, qop=auth, nc=00000001, cnonce="x"\r\n';

async function start(frontDoor = {}) {
  const harness = CallHarness.start({ routes, users: { alice: 'a', bob: 'b' }, frontDoor });
  const [alice, bob, stranger] = ['alice', 'bob', 'stranger'].map((name) => harness.peer(name));
  await Promise.all([alice!.register(), bob!.register()]);
  harness.network.record.length = 0;
  return { harness, alice: alice!, bob: bob!, stranger: stranger! };
}

function sent(harness: CallHarness) {
  const { record } = harness.network;
  return {
    out: record.filter(({ sender }) => sender === 'server'),
    in: record.filter(({ sender }) => sender !== 'server'),
  };
}

function bytes(datagrams: readonly { readonly text: string }[]): number {
  return datagrams.reduce((sum, { text }) => sum + text.length, 0);
}

describe('a flood without credentials (FreeSWITCH CVE-2021-41145, Asterisk CVE-2020-28327)', () => {
  it.each([
    ['INVITE', ''],
    ['REGISTER', ''],
    ['REGISTER', WRONG],
    ['MESSAGE', ''],
    ['INVITE', 'Proxy-Authorization: Digest realm="example.com"\r\n'],
  ])('of %s leaves nothing behind, and gets each answer once (%#)', async (method, more) => {
    const { harness, stranger } = await start();
    await using _ = harness;
    const { layer, location } = harness.server;
    const held = layer.counters.inUse;
    for (let i = 0; i < 1000; i++) stranger.sendRaw(request(method, i, more));
    await harness.advance(0);
    expect(layer.counters.inUse).toBe(held);
    expect(harness.server.runtime.pending).toBe(0);
    await harness.advance(40_000);
    const { out, in: received } = sent(harness);
    expect(out.filter(({ text }) => !text.startsWith('OPTIONS')).length).toBe(1000);
    expect(bytes(out)).toBeLessThan(3 * bytes(received));
    expect(await location.count()).toBe(2);
  });

  it('goes no further than its source, whatever its Via says', async () => {
    const { harness, stranger } = await start();
    await using _ = harness;
    for (const via of [';maddr=10.0.0.9', ';received=10.0.0.9', ';rport=53;received=10.0.0.9', ';rport']) {
      stranger.sendRaw(request('INVITE', via.length, '', via));
    }
    await harness.advance(40_000);
    const places = sent(harness).out.map(({ destination }) => destination.address);
    expect(new Set(places)).toEqual(new Set(['203.0.113.3']));
  });

  it('ends at the rate of its source, a large message counting for several', async () => {
    const { harness, stranger } = await start({ rate: { perSecond: 1, burst: 32 } });
    await using _ = harness;
    const large = `Subject: ${'x'.repeat(60_000)}\r\n`;
    for (let i = 0; i < 10; i++) stranger.sendRaw(request('INVITE', i, large));
    await harness.advance(0);
    expect(sent(harness).out.length).toBe(2);
    expect(harness.server.frontDoor.counters.flooded).toBe(8);
  });
});

describe('a user', () => {
  it.each([
    ['Contact', `<sip:alice@203.0.113.1;x=${'x'.repeat(3000)}>`],
    ['Path', `<sip:203.0.113.1;lr;x=${'x'.repeat(3000)}>`],
  ])('cannot fill the location service by a long %s', async (name, value) => {
    const { harness, alice } = await start();
    await using _ = harness;
    const headers: [string, string][] = [[name, value]];
    const { status } = await alice.request('REGISTER', 'sip:example.com', { to: `<${alice.aor}>`, headers });
    expect(status).toBe(400);
  });
});

describe('passwords', () => {
  it('cannot be guessed quickly, also from another address of the same /64', async () => {
    const { harness, stranger } = await start();
    await using _ = harness;
    const challenge = await stranger.request('REGISTER', 'sip:example.com', {
      to: '<sip:alice@example.com>',
    });
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++) {
      const target = { method: 'REGISTER', uri: 'sip:example.com' };
      const answer = answerChallenge(challenge, target, { user: 'alice', password: `guess ${i}` });
      const headers = [answer!];
      const { status } = await stranger.request('REGISTER', 'sip:example.com', {
        to: '<sip:alice@example.com>',
        headers,
      });
      statuses.push(status);
    }
    expect(statuses.filter((status) => status === 401).length).toBe(10);
    expect(statuses.slice(10).every((status) => status === 403)).toBe(true);
  });
});

describe('a stranger', () => {
  it('cannot cancel a call whose branch he has seen', async () => {
    const { harness, alice, bob, stranger } = await start();
    await using _ = harness;
    const call = alice.invite('bob');
    (await bob.next('INVITE')).reply(180);
    await harness.advance(0);
    const { text } = harness.network.record
      .filter((it) => it.sender === 'alice' && it.text.startsWith('INVITE'))
      .at(-1)!;
    const cancel = text
      .replace(/^INVITE/, 'CANCEL')
      .replace(/CSeq: (\d+) INVITE/, 'CSeq: $1 CANCEL')
      .replace(/Content-Type:.*\r\n/, '')
      .replace(/Content-Length: \d+\r\n\r\n[\s\S]*/, 'Content-Length: 0\r\n\r\n');
    stranger.sendRaw(cancel);
    await harness.advance(0);
    expect(bob.received.some(({ method }) => method === 'CANCEL')).toBe(false);
    alice.sendRaw(cancel);
    await harness.advance(0);
    expect(bob.received.some(({ method }) => method === 'CANCEL')).toBe(true);
    expect((await call.final).status).toBe(487);
  });

  it('cannot answer for the callee without having seen the request', async () => {
    const { harness, alice, bob, stranger } = await start();
    await using _ = harness;
    alice.invite('bob');
    const { request: seen } = await bob.next('INVITE');
    const branch = seen.topVia!.branch;
    const answer = (text: string) =>
      `SIP/2.0 200 OK\r\n${seen.rawLines(1).replace(branch, text)}${seen.rawLines(2)}` +
      `To: <sip:bob@example.com>;tag=evil\r\n${seen.rawLines(4)}${seen.rawLines(5)}Contact: <sip:evil@203.0.113.3>\r\n` +
      'Content-Length: 0\r\n\r\n';
    harness.network.record.length = 0;
    stranger.sendRaw(answer(`${branch.slice(0, 12)}AAAAAAAA`));
    stranger.sendRaw(answer(`${branch.slice(0, -1)}.`));
    stranger.sendRaw(answer('z9hG4bK-st-AAAAAAAAAAAA'));
    await harness.advance(0);
    expect(sent(harness).out).toEqual([]);
  });
});
