import { describe, expect, it } from 'vitest';
import { CallHarness, type CallHarnessOptions } from '../../../testing/call-harness.ts';
import type { IncomingRequest } from '../../../testing/incoming-request.ts';
import { callerDialog } from '../../../testing/peer-dialog.ts';
import type { SipPeer } from '../../../testing/sip-peer.ts';
import { TestRelay } from '../../../testing/test-relay.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { location } from '../api/location.ts';
import type { AnchorOptions, CallMedia } from '../api/media.ts';
import { routes } from '../api/routes.ts';

const PUBLIC = '99.88.44.33';
const BOUND = '10.0.0.34';

function sdp(address: string, port = 4000, ...more: string[]): string {
  const family = address.includes(':') ? 6 : 4;
  const lines = [
    'v=0',
    `o=- 1 1 IN IP${family} ${address}`,
    's=-',
    `c=IN IP${family} ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** `99.88.44.33 40000`: where a description sends its reader. */
function where(message: SipMessage | IncomingRequest): string {
  const body = typeof message.body === 'string' ? message.body : message.body.toString('latin1');
  const address = /^c=IN IP[46] (\S+)/m.exec(body)?.[1];
  const port = /^m=audio (\d+)/m.exec(body)?.[1];
  return `${address} ${port}`;
}

function start(anchor: AnchorOptions = {}, options: Partial<CallHarnessOptions> = {}): CallHarness {
  const program = routes({
    register: (call) => location.save(call),
    invite: async (call) => call.anchorMedia(anchor).fork(await location.lookup(call.target)),
  });
  return CallHarness.start({ routes: program, ...options });
}

/** What the relay was asked for, with the parties' names for their tags. */
function told({ relay }: CallHarness): string[] {
  return relay.told.map((text) => text.replaceAll(/(?:from|tag)-([a-z]+)-\d+/g, '$1'));
}

interface Call {
  readonly harness: CallHarness;
  readonly alice: SipPeer;
  readonly bob: SipPeer;
}

/** Alice outside, Bob inside, unless said otherwise. */
async function ring(harness: CallHarness, aliceAt = '203.0.113.10', bobAt = '10.0.0.50'): Promise<Call> {
  const alice = harness.peer('alice', { address: aliceAt });
  const bob = harness.peer('bob', { address: bobAt });
  await bob.register();
  return { harness, alice, bob };
}

describe('a call through a relay', () => {
  it.each([
    ['outside', '203.0.113.10', PUBLIC, 'inside', '10.0.0.50', BOUND],
    ['inside', '10.0.0.51', BOUND, 'outside', '203.0.113.20', PUBLIC],
    ['outside', '203.0.113.10', PUBLIC, 'outside', '203.0.113.20', PUBLIC],
    ['inside', '10.0.0.51', BOUND, 'inside', '10.0.0.50', BOUND],
  ])('%s (%s) sees %s, %s (%s) sees %s', async (_a, aliceAt, forAlice, _b, bobAt, forBob) => {
    await using harness = start();
    const { alice, bob } = await ring(harness, aliceAt, bobAt);
    const call = alice.invite('bob', { body: sdp(aliceAt) });
    const incoming = await bob.next('INVITE');
    expect(where(incoming)).toBe(`${forBob} 40000`);
    expect(incoming.body).not.toContain(aliceAt);
    incoming.reply(183, { body: sdp(bobAt) });
    incoming.reply(200, { body: sdp(bobAt) });
    const answer = await call.final;
    expect(where(answer)).toBe(`${forAlice} 40002`);
    expect(answer.body.toString()).not.toContain(bobAt);
    const early = (await call.invite).responses.find(({ status }) => status === 183)!;
    expect(where(early)).toBe(`${forAlice} 40002`);
    expect(told(harness)).toEqual(['offer alice', 'answer alice bob']);

    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    await bye;
    expect(harness.relay.size).toBe(0);
    expect(harness.server.media.size).toBe(0);
    expect(harness.network.lost).toEqual([]);
  });

  it('tells the relay where messages came from, and whether to believe what they say', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('192.168.1.20') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    const asked = harness.relay.commands.map(({ question: { source, flags, reader } }) => [
      source,
      flags?.trustAddress,
      reader,
    ]);
    expect(asked).toEqual([
      ['203.0.113.10', false, '10.0.0.50'],
      ['10.0.0.50', true, '203.0.113.10'],
    ]);
  });

  it('leaves every other part of a body as it was', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const parts = (description: string): string =>
      `--b\r\nContent-Type: application/sdp\r\n\r\n${description}\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--\r\n`;
    const headers = [['Content-Type', 'multipart/mixed;boundary=b'] as const];
    const body = parts(sdp('203.0.113.10'));
    alice.invite('bob', { body, headers });
    const incoming = await bob.next('INVITE');
    // The peer wrote a Content-Type of its own below, which nobody reads.
    expect(incoming.body).toBe(parts(sdp(BOUND, 40_000)));
  });

  it('gives the ports back when the caller cancels', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(180);
    await (await call.invite).atLeast(180);
    await call.cancel();
    expect((await call.final).status).toBe(487);
    expect([harness.relay.size, harness.server.media.size]).toEqual([0, 0]);
  });

  it('gives the ports back when the callee refuses', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(486);
    expect((await call.final).status).toBe(486);
    expect([harness.relay.size, harness.server.media.size]).toEqual([0, 0]);
  });

  it('forgets calls to nobody', async () => {
    await using harness = start();
    const alice = harness.peer('alice');
    expect((await alice.invite('bob').final).status).toBe(480);
    expect([harness.relay.commands.length, harness.server.media.size]).toEqual([0, 0]);
  });

  it('does nothing of itself where a description cannot be read', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    alice.invite('bob', { body: 'v=0\r\n' });
    expect((await bob.next('INVITE')).body).toBe('v=0\r\n');
  });
});

describe('offers and answers', () => {
  it('late: in 200 and ACK', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: undefined, ackBody: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    expect(incoming.body).toBe('');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    expect(where(await call.final)).toBe(`${PUBLIC} 40000`);
    await harness.advance(0);
    expect(where(bob.acks[0]!)).toBe(`${BOUND} 40002`);
    expect(told(harness)).toEqual(['offer bob alice', 'answer bob alice']);
    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    await bye;
    expect(harness.relay.size).toBe(0);
  });

  it('in re-INVITEs of both sides, which are offers again', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    await call.final;

    const again = alice.inDialog(await call.dialog(), 'INVITE', { body: sdp('203.0.113.10', 4010) });
    const second = await bob.next('INVITE');
    expect(where(second)).toBe(`${BOUND} 40000`);
    second.reply(200, { body: sdp('10.0.0.50', 4020) });
    expect(where(await again)).toBe(`${PUBLIC} 40002`);

    const back = bob.inDialog(incoming.dialog, 'INVITE', { body: sdp('10.0.0.50', 4030) });
    const third = await alice.next('INVITE');
    expect(where(third)).toBe(`${PUBLIC} 40002`);
    third.reply(200, { body: sdp('203.0.113.10', 4040) });
    expect(where(await back)).toBe(`${BOUND} 40000`);
    expect(told(harness)).toEqual([
      'offer alice',
      'answer alice bob',
      'offer alice bob',
      'answer alice bob',
      'offer bob alice',
      'answer bob alice',
    ]);
  });

  it('in UPDATE and PRACK, before the call is answered', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    const reliable = [
      ['Require', '100rel'],
      ['RSeq', '1'],
    ] as const;
    incoming.reply(183, { body: sdp('10.0.0.50'), headers: reliable });
    const early = await (await call.invite).atLeast(183);
    const dialog = callerDialog((await call.invite).request, early);

    const prack = alice.inDialog(dialog, 'PRACK', { body: sdp('203.0.113.10', 4010) });
    const got = await bob.next('PRACK');
    expect(where(got)).toBe(`${BOUND} 40000`);
    got.reply(200, { body: sdp('10.0.0.50', 4020) });
    expect(where(await prack)).toBe(`${PUBLIC} 40002`);

    const update = bob.inDialog(incoming.dialog, 'UPDATE', { body: sdp('10.0.0.50', 4030) });
    const asked = await alice.next('UPDATE');
    expect(where(asked)).toBe(`${PUBLIC} 40002`);
    asked.reply(200, { body: sdp('203.0.113.10', 4040) });
    expect(where(await update)).toBe(`${BOUND} 40000`);
  });

  it('tell the relay again what held before, when an offer is refused', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    const again = alice.inDialog(await call.dialog(), 'INVITE', { body: sdp('203.0.113.99') });
    (await bob.next('INVITE')).reply(488);
    expect((await again).status).toBe(488);
    const offers = harness.relay.commands.filter(({ command }) => command === 'offer');
    expect(offers.map(({ question }) => /c=IN IP4 (\S+)/.exec(question.sdp!)?.[1])).toEqual([
      '203.0.113.10',
      '203.0.113.99',
      '203.0.113.10',
    ]);
  });

  it('are relayed once, however often a 2xx comes', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    for (let i = 0; i < 3; i++) incoming.reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    await harness.advance(0);
    const { responses } = await call.invite;
    expect(responses.filter(({ status }) => status === 200).map(where)).toEqual(
      Array.from({ length: 3 }, () => `${PUBLIC} 40002`),
    );
    expect(told(harness)).toHaveLength(2);
  });
});

describe('a call that forks', () => {
  const both = (anchor: AnchorOptions = {}): CallHarness => {
    const program = routes({
      register: (call) => location.save(call),
      invite: (call) =>
        call.anchorMedia(anchor).fork(['sip:bob@10.0.0.50:5060', 'sip:carol@203.0.113.20:5060']),
    });
    return CallHarness.start({ routes: program });
  };

  it('has ports of its own for each branch, each told what its callee reaches, and gives back those of the losers', async () => {
    await using harness = both();
    const alice = harness.peer('alice', { address: '203.0.113.10' });
    const bob = harness.peer('bob', { address: '10.0.0.50' });
    const carol = harness.peer('carol', { address: '203.0.113.20' });
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const [atBob, atCarol] = [await bob.next('INVITE'), await carol.next('INVITE')];
    expect(where(atBob)).toBe(`${BOUND} 40000`);
    expect(where(atCarol)).toBe(`${PUBLIC} 40040`);
    atBob.reply(183, { body: sdp('10.0.0.50') });
    atCarol.reply(183, { body: sdp('203.0.113.20') });
    atCarol.reply(200, { body: sdp('203.0.113.20') });
    expect(where(await call.final)).toBe(`${PUBLIC} 40042`);
    await bob.next('CANCEL');
    await harness.advance(0);
    expect(harness.relay.size).toBe(1);
    const bye = call.bye();
    (await carol.next('BYE')).reply(200);
    await bye;
    expect([harness.relay.size, harness.server.media.size]).toEqual([0, 0]);
  });

  it('keeps both dialogs that were answered, until each is ended', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    incoming.reply(183, { body: sdp('10.0.0.60'), tag: 'one' });
    incoming.reply(183, { body: sdp('10.0.0.61'), tag: 'two' });
    incoming.reply(200, { body: sdp('10.0.0.60'), tag: 'one' });
    incoming.reply(200, { body: sdp('10.0.0.61'), tag: 'two' });
    await call.final;
    await harness.advance(0);
    const { request, responses } = await call.invite;
    const [one, two] = responses
      .filter(({ status }) => status === 200)
      .map((response) => callerDialog(request, response));
    const hangUp = async (dialog: typeof one): Promise<void> => {
      const bye = alice.inDialog(dialog!, 'BYE');
      (await bob.next('BYE')).reply(200);
      await bye;
    };
    await hangUp(two);
    expect(harness.relay.size).toBe(1);
    await hangUp(one);
    expect([harness.relay.size, harness.server.media.size]).toEqual([0, 0]);
  });
});

describe('which calls are anchored', () => {
  it('none by `never`, in the configuration or in the script', async () => {
    await using harness = start({}, { anchor: 'never' });
    const { alice, bob } = await ring(harness);
    alice.invite('bob', { body: sdp('203.0.113.10') });
    expect(where(await bob.next('INVITE'))).toBe('203.0.113.10 4000');
    await using other = start({ when: 'never' });
    const second = await ring(other);
    second.alice.invite('bob', { body: sdp('203.0.113.10') });
    expect(where(await second.bob.next('INVITE'))).toBe('203.0.113.10 4000');
    expect(other.relay.commands).toEqual([]);
  });

  it('only those that need it by `nat`', async () => {
    await using harness = start({}, { anchor: 'nat' });
    const { alice, bob } = await ring(harness, '203.0.113.10', '203.0.113.20');
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    expect(where(incoming)).toBe('203.0.113.10 4000');
    incoming.reply(200, { body: sdp('203.0.113.20') });
    expect(where(await call.final)).toBe('203.0.113.20 4000');
    alice.invite('bob', { body: sdp('192.168.1.20') });
    expect(where(await bob.next('INVITE'))).toBe(`${PUBLIC} 40000`);
  });

  it('those that a name leads elsewhere: it is looked up before', async () => {
    const program = routes({
      register: (call) => location.save(call),
      invite: (call) => call.anchorMedia({ when: 'nat' }).fork('sip:bob@carrier.example'),
    });
    await using harness = CallHarness.start({
      routes: program,
      names: { 'carrier.example': ['203.0.113.20'] },
    });
    const bob = harness.peer('bob', { address: '203.0.113.20' });
    harness.peer('alice', { address: '203.0.113.10' }).invite('bob', { body: sdp('203.0.113.10') });
    expect(where(await bob.next('INVITE'))).toBe('203.0.113.10 4000');
    harness.peer('carol', { address: '10.0.0.50' }).invite('bob', { body: sdp('10.0.0.50') });
    expect(where(await bob.next('INVITE'))).toBe(`${PUBLIC} 40000`);
    expect(harness.relay.commands[0]!.question).toMatchObject({ reader: '203.0.113.20', toFamily: 4 });
  });

  it("no browser's: its media find their way by ICE", async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const body = `${sdp('203.0.113.10').replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF')}a=ice-ufrag:x\r\n`;
    const call = alice.invite('bob', { body });
    const incoming = await bob.next('INVITE');
    expect(incoming.body).toBe(body);
    incoming.reply(200, { body: sdp('10.0.0.50') });
    expect(where(await call.final)).toBe('10.0.0.50 4000');
    expect(harness.relay.commands).toEqual([]);
  });

  it('none that another relay has: its mark says so', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    harness.relay.fault = 'already-relayed';
    alice.invite('bob', { body: sdp('203.0.113.10') });
    expect(where(await bob.next('INVITE'))).toBe('203.0.113.10 4000');
  });
});

describe('without a relay', () => {
  it('a call is refused: a silent one helps nobody', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    harness.relay.fault = 'timeout';
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    expect((await call.final).status).toBe(500);
    expect(bob.received.map(({ method }) => method)).not.toContain('INVITE');
    expect(harness.server.media.size).toBe(0);
  });

  it('a script may let it pass', async () => {
    await using harness = start({ unavailable: 'pass' });
    const { alice, bob } = await ring(harness);
    harness.relay.fault = 'timeout';
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    expect(where(incoming)).toBe('203.0.113.10 4000');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    expect(where(await call.final)).toBe('10.0.0.50 4000');
  });

  it('an offer inside a call is refused, and the call stays as it was', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    harness.relay.fault = 'timeout';
    const again = alice.inDialog(await call.dialog(), 'INVITE', { body: sdp('203.0.113.10') });
    expect((await again).status).toBe(500);
  });
});

it('is ended at both ends when no more media come', async () => {
  await using harness = start();
  const { alice, bob } = await ring(harness);
  const call = alice.invite('bob', { body: sdp('203.0.113.10') });
  (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
  await call.final;
  await harness.advance(0);
  harness.relay.stopMedia();
  (await alice.next('BYE')).reply(200);
  (await bob.next('BYE')).reply(200);
  expect([harness.relay.size, harness.server.media.size]).toEqual([0, 0]);
});

describe('a call moved to another relay', () => {
  const moved = async (answers: { callee: number; caller: number }) => {
    const far = new TestRelay({ address: '10.0.0.60', advertised: '99.88.44.60', local: false, node: 'far' });
    const handle: { media?: CallMedia } = {};
    const program = routes({
      register: (call) => location.save(call),
      invite: async (call) => {
        handle.media = call.anchorMedia().media;
        return call.fork(await location.lookup(call.target));
      },
    });
    const harness = CallHarness.start({ routes: program, relays: { far } });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    await harness.advance(0);
    const outcome = handle.media!.moveTo('far');
    const atBob = await bob.next('INVITE');
    atBob.reply(answers.callee, answers.callee < 300 ? { body: sdp('10.0.0.50', 4010) } : {});
    return { harness, far, alice, bob, call, incoming, outcome, atBob, media: handle.media! };
  };

  it('has both parties offered the new address, and the old ports given back', async () => {
    const { harness, far, alice, bob, call, incoming, outcome, atBob, media } = await moved({
      callee: 200,
      caller: 200,
    });
    await using _ = harness;
    expect(where(atBob)).toBe('10.0.0.60 40000');
    expect(atBob.body).toContain('o=- 1 2 IN IP4 10.0.0.60');
    const atAlice = await alice.next('INVITE');
    expect(where(atAlice)).toBe('99.88.44.60 40002');
    expect(far.commands.at(-1)!.question.sdp).toContain('m=audio 4010');
    atAlice.reply(200, { body: sdp('203.0.113.10', 4030) });
    expect(await outcome).toEqual({ ok: true });
    expect([media.relay, harness.relay.size, far.size]).toEqual(['far', 0, 1]);

    const again = bob.inDialog(incoming.dialog, 'INVITE', { body: sdp('10.0.0.50', 4050) });
    const next = await alice.next('INVITE');
    expect(where(next)).toBe('99.88.44.60 40002');
    expect(next.body).toContain('o=- 1 2 IN IP4 99.88.44.60');
    next.reply(200, { body: sdp('203.0.113.10', 4030) });
    expect(where(await again)).toBe('10.0.0.60 40000');
    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    await bye;
    expect(far.size).toBe(0);
  });

  it('stays where it was when the callee refuses', async () => {
    const { harness, far, outcome, media } = await moved({ callee: 488, caller: 200 });
    await using _ = harness;
    expect(await outcome).toEqual({ ok: false, reason: 'the callee refuses: 488' });
    expect([media.relay, harness.relay.size, far.size]).toEqual(['test', 1, 0]);
  });

  it('leads the callee back when the caller refuses', async () => {
    const { harness, far, alice, bob, outcome, media } = await moved({ callee: 200, caller: 488 });
    await using _ = harness;
    (await alice.next('INVITE')).reply(488);
    const back = await bob.next('INVITE');
    expect(where(back)).toBe(`${BOUND} 40000`);
    back.reply(200, { body: sdp('10.0.0.50', 4010) });
    expect(await outcome).toEqual({ ok: false, reason: 'the caller refuses: 488' });
    expect([media.relay, harness.relay.size, far.size]).toEqual(['test', 1, 0]);
  });

  it('is not moved to where it is', async () => {
    const { harness, far, alice, outcome, media } = await moved({ callee: 200, caller: 200 });
    await using _ = harness;
    (await alice.next('INVITE')).reply(200, { body: sdp('203.0.113.10') });
    await outcome;
    expect(await media.moveTo('far')).toEqual({ ok: false, reason: 'the call is there already' });
    expect(far.size).toBe(1);
  });

  it('gets a relay anew that has broken', async () => {
    await using harness = start();
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    await harness.advance(0);
    harness.relay.lose();
    const recovered = harness.server.media.recover(harness.relay);
    const atBob = await bob.next('INVITE');
    expect(where(atBob)).toBe(`${BOUND} 40040`);
    atBob.reply(200, { body: sdp('10.0.0.50') });
    const atAlice = await alice.next('INVITE');
    expect(where(atAlice)).toBe(`${PUBLIC} 40042`);
    atAlice.reply(200, { body: sdp('203.0.113.10') });
    await recovered;
    expect([harness.relay.size, harness.server.media.sessions]).toEqual([1, 1]);
    const bye = call.bye();
    (await bob.next('BYE')).reply(200);
    await bye;
    expect([harness.relay.size, harness.server.media.sessions]).toEqual([0, 0]);
  });

  it('is not moved before it is answered, nor to where there is no relay', async () => {
    const outcomes: unknown[] = [];
    const program = routes({
      register: (call) => location.save(call),
      invite: async (call) => {
        const { media } = call.anchorMedia();
        const outcome = call.fork(await location.lookup(call.target));
        outcomes.push(await media.moveTo('own'), await media.moveTo('none').catch((error) => error.message));
        return outcome;
      },
    });
    await using harness = CallHarness.start({ routes: program });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(486);
    await call.final;
    expect(outcomes).toEqual([{ ok: false, reason: 'the call is not answered' }, 'there is no relay "none"']);
  });
});

describe('a script', () => {
  it('has both parties told one address', async () => {
    await using harness = start({ address: '23.45.67.89' });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    expect(where(incoming)).toBe('23.45.67.89 40000');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    expect(where(await call.final)).toBe('23.45.67.89 40002');
  });

  it('says on which sides of a relay the parties are, whoever speaks', async () => {
    await using harness = start({ directions: ['external', 'internal'] });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    expect(harness.relay.commands.map(({ question }) => question.flags?.directions)).toEqual([
      ['external', 'internal'],
      ['internal', 'external'],
    ]);
  });

  it('chooses relays by name, and is told where there is none', async () => {
    const far = new TestRelay({ address: '10.0.0.60', advertised: '99.88.44.60', local: false, node: 'far' });
    await using harness = start({ relay: 'far' }, { relays: { far } });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    expect(where(incoming)).toBe('10.0.0.60 40000');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    expect(where(await call.final)).toBe('99.88.44.60 40002');

    await using other = start({ relay: 'none' });
    const second = await ring(other);
    expect((await second.alice.invite('bob').final).status).toBe(500);
  });

  it('records, plays, and hears keys', async () => {
    const keys: string[] = [];
    const done: unknown[] = [];
    await using harness = start({
      record: true,
      onKey: async ({ key, from }, media) => {
        keys.push(`${key} of ${from}`);
        done.push(media.relay, await media.play('hello', { to: 'callee', times: 'forever' }));
        done.push(await media.stopPlaying(), await media.stopRecording(), await media.statistics());
      },
    });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    harness.relay.pressKey('5');
    await harness.advance(0);
    expect(keys).toEqual(['5 of caller']);
    expect(done).toEqual([
      'test',
      { ok: true },
      { ok: true },
      { ok: true },
      { ok: true, counters: { ttl: 60 } },
    ]);
    const { commands } = harness.relay;
    expect(commands[0]!.question.flags).toMatchObject({ keys: true, notify: true });
    expect(commands.slice(2).map(({ command, question: { to } }) => [command, to])).toEqual([
      ['record', undefined],
      ['play', 'answerer'],
      ['stopPlay', 'offerer'],
      ['stopPlay', 'answerer'],
      ['stopRecord', undefined],
      ['query', undefined],
    ]);
  });

  it('finds the media of a call in a request inside it', async () => {
    const found: unknown[] = [];
    const program = routes({
      register: (call) => location.save(call),
      invite: async (call) => call.anchorMedia().fork(await location.lookup(call.target)),
      async inDialog(call) {
        const { media } = call;
        if (call.method === 'INFO')
          found.push(media.anchored, media.relay, await media.play('hello', { to: 'caller' }));
        return call.followRoute();
      },
    });
    await using harness = CallHarness.start({ routes: program });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    const incoming = await bob.next('INVITE');
    incoming.reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    const info = bob.inDialog(incoming.dialog, 'INFO');
    (await alice.next('INFO')).reply(200);
    expect((await info).status).toBe(200);
    expect(found).toEqual([true, 'test', { ok: true }]);
    const last = harness.relay.commands.at(-1)!;
    expect([last.command, last.question.to]).toEqual(['play', 'offerer']);
  });

  it('is told when no more media come, instead of the end of the call', async () => {
    const told: boolean[] = [];
    await using harness = start({ onTimeout: (media) => void told.push(media.anchored) });
    const { alice, bob } = await ring(harness);
    const call = alice.invite('bob', { body: sdp('203.0.113.10') });
    (await bob.next('INVITE')).reply(200, { body: sdp('10.0.0.50') });
    await call.final;
    harness.relay.stopMedia();
    expect(told).toEqual([true]);
    expect(harness.relay.size).toBe(1);
  });
});
