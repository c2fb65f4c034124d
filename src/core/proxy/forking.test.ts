import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { firstLine, kindOf, read, values } from './testing/messages.ts';
import { contactOf, type Peer } from './testing/peer.ts';
import { ProxyUnderTest, type ProxyUnderTestOptions, target } from './testing/proxy-under-test.ts';

/** A caller, and callees at 198.51.100.1, .2 … */
function fork(callees: number, options: ProxyUnderTestOptions = {}) {
  const server = new ProxyUnderTest(options);
  const caller = server.peer('192.0.2.7');
  const peers = Array.from({ length: callees }, (_, i) => server.peer(`198.51.100.${i + 1}`));
  server.forkTo(...peers);
  return { server, caller, peers: peers as [Peer, Peer, Peer] };
}

const oneByOne = (...peers: Peer[]) => peers.map((peer) => [target(peer.contact)]);

describe('parallel forking', () => {
  it('asks all targets at once, each with a branch and a Request-URI of its own', () => {
    const { caller, peers } = fork(3);
    caller.request('INVITE');
    expect(peers.map((it) => firstLine(it.last('INVITE')))).toEqual(
      peers.map((it) => `INVITE ${it.contact} SIP/2.0`),
    );
    const branches = peers.map((it) => read(it.last('INVITE')).topVia?.branch);
    expect(new Set(branches).size).toBe(3);
  });

  it('passes provisional answers of all, but no 100', () => {
    const { caller, peers } = fork(2);
    caller.request('INVITE');
    peers[0].answer('INVITE', 100);
    peers[0].answer('INVITE', 180, { toTag: 'one' });
    peers[1].answer('INVITE', 183, { toTag: 'two' });
    expect(caller.kinds).toEqual(['180', '183']);
    expect(values(caller.last('183'), H.Via)).toHaveLength(1);
  });

  it('passes the 2xx at once and cancels the others, saying why', () => {
    const { server, caller, peers } = fork(3);
    const [one, two, three] = peers;
    caller.request('INVITE');
    one.answer('INVITE', 180);
    three.answer('INVITE', 486);
    two.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['180', '200']);
    expect(server.outcomes).toEqual([{ kind: 'outcome', answered: true, status: 200 }]);
    expect(one.kinds).toEqual(['INVITE', 'CANCEL']);
    expect(read(one.last('CANCEL')).get(H.Reason)).toBe('SIP;cause=200;text="Call completed elsewhere"');
    expect(three.kinds).toEqual(['INVITE', 'ACK']);
    one.answer('CANCEL', 200);
    one.answer('INVITE', 487);
    expect(one.kinds).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(caller.kinds).toEqual(['180', '200']);
  });

  it('passes every 2xx to an INVITE, also one that crossed the CANCEL', () => {
    const { server, caller, peers } = fork(2);
    caller.request('INVITE');
    peers[1].answer('INVITE', 180);
    peers[0].answer('INVITE', 200, { toTag: 'one' });
    peers[1].answer('INVITE', 200, { toTag: 'two' });
    peers[1].answer('INVITE', 200, { toTag: 'two' });
    expect(caller.inbox.map(kindOf)).toEqual(['180', '200', '200', '200']);
    expect(read(caller.inbox[2]!).to?.tag).toBe('two');
    expect(server.outcomes).toHaveLength(1);
  });

  it('passes a 2xx that comes after the negative answer', () => {
    const { server, caller, peers } = fork(1);
    server.options = { timeoutMs: 5000 };
    caller.request('INVITE');
    peers[0].answer('INVITE', 180);
    server.advance(6000);
    expect(caller.kinds).toEqual(['180', '408']);
    peers[0].answer('INVITE', 200);
    expect(caller.kinds.slice(0, 3)).toEqual(['180', '408', '200']);
    expect(contactOf(caller.last('200'))).toBe(peers[0].contact);
  });

  it('waits for all and passes the best of the negative answers, with its own headers', () => {
    const { caller, peers } = fork(3);
    caller.request('INVITE');
    peers[0].answer('INVITE', 500);
    peers[1].answer('INVITE', 486, { headers: ['Retry-After: 60'] });
    expect(caller.kinds).toEqual([]);
    peers[2].answer('INVITE', 404);
    expect(caller.kinds).toEqual(['486']);
    expect(caller.last('486')).toContain('Retry-After: 60');
  });

  it('passes the challenges of all branches together', () => {
    const { caller, peers } = fork(3);
    caller.request('INVITE');
    peers[0].answer('INVITE', 401, { headers: ['WWW-Authenticate: Digest realm="a", nonce="1"'] });
    peers[1].answer('INVITE', 407, { headers: ['Proxy-Authenticate: Digest realm="b", nonce="2"'] });
    peers[2].answer('INVITE', 401, { headers: ['WWW-Authenticate: Digest realm="c", nonce="3"'] });
    const answer = read(caller.last('401'));
    expect(answer.count(H.WwwAuthenticate)).toBe(2);
    expect(answer.get(H.ProxyAuthenticate)).toBe('Digest realm="b", nonce="2"');
  });

  it('ends all others by a 6xx, and passes it when they have ended', () => {
    const { server, caller, peers } = fork(2);
    server.groups = [...server.groups, [target('sip:voicemail@198.51.100.9')]];
    caller.request('INVITE');
    peers[1].answer('INVITE', 180);
    peers[0].answer('INVITE', 603);
    expect(peers[1].kinds).toEqual(['INVITE', 'CANCEL']);
    expect(caller.kinds).toEqual(['180']);
    peers[1].answer('INVITE', 487);
    expect(caller.kinds).toEqual(['180', '603']);
    expect(server.network.sent.some(({ to }) => to.address === '198.51.100.9')).toBe(false);
  });

  it('passes a 2xx that comes in spite of a 6xx', () => {
    const { caller, peers } = fork(2);
    caller.request('INVITE');
    peers[1].answer('INVITE', 180);
    peers[0].answer('INVITE', 603);
    peers[1].answer('INVITE', 200);
    expect(caller.kinds).toEqual(['180', '200']);
  });
});

describe('serial forking', () => {
  it('tries the groups one after another', () => {
    const { server, caller, peers } = fork(3);
    const [one, two, three] = peers;
    server.groups = [[target(one.contact), target(two.contact)], [target(three.contact)]];
    caller.request('INVITE');
    one.answer('INVITE', 486);
    expect(three.kinds).toEqual([]);
    two.answer('INVITE', 480);
    expect(three.kinds).toEqual(['INVITE']);
    three.answer('INVITE', 404);
    expect(caller.kinds).toEqual(['486']);
  });

  it('stops at the first 2xx', () => {
    const { server, caller, peers } = fork(2);
    server.groups = oneByOne(...peers);
    caller.request('INVITE');
    peers[0].answer('INVITE', 200);
    expect(peers[1].kinds).toEqual([]);
  });

  it('gives each group its own time', () => {
    const { server, caller, peers } = fork(2);
    server.groups = oneByOne(...peers);
    server.options = { timeoutMs: 10_000 };
    caller.request('INVITE');
    peers[0].answer('INVITE', 180, { toTag: 'one' });
    server.advance(9_900);
    expect(peers[1].kinds).toEqual([]);
    server.advance(200);
    expect(peers[0].kinds).toEqual(['INVITE', 'CANCEL']);
    expect(peers[1].kinds).toEqual(['INVITE']);
    peers[1].answer('INVITE', 180, { toTag: 'two' });
    peers[0].answer('INVITE', 183, { toTag: 'one' });
    expect(caller.kinds).toEqual(['180', '180']);
    server.advance(9_700);
    expect(peers[1].kinds).toEqual(['INVITE']);
    server.advance(300);
    expect(peers[1].kinds).toEqual(['INVITE', 'CANCEL']);
    expect(caller.kinds).toEqual(['180', '180', '408']);
    expect(server.outcomes[0]).toMatchObject({ status: 408, timedOut: true, cancelled: false });
  });

  it('lets a script go on after a negative outcome', () => {
    const { server, caller, peers } = fork(2);
    server.forkTo(peers[0]);
    server.onOutcome = (transaction) => {
      server.proxy.forkThen(transaction, [[target(peers[1].contact)]], {}, (outcome) =>
        server.proxy.finish(transaction, outcome),
      );
    };
    caller.request('INVITE');
    peers[0].answer('INVITE', 486);
    peers[1].answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
  });

  it('ends what a script began meanwhile, where a 2xx comes late', () => {
    const { server, caller, peers } = fork(2);
    server.forkTo(peers[0]).options = { timeoutMs: 5000 };
    server.onOutcome = (transaction) => {
      server.proxy.forkThen(transaction, [[target(peers[1].contact)]], {}, (outcome) =>
        server.proxy.finish(transaction, outcome),
      );
    };
    caller.request('INVITE');
    peers[0].answer('INVITE', 180, { toTag: 'one' });
    server.advance(5100);
    peers[1].answer('INVITE', 180, { toTag: 'two' });
    peers[0].answer('INVITE', 200, { toTag: 'one' });
    expect(peers[1].kinds).toEqual(['INVITE', 'CANCEL']);
    peers[1].answer('INVITE', 487, { toTag: 'two' });
    expect(caller.kinds).toEqual(['180', '180', '200']);
  });

  it('answers 480 where there is no target at all', () => {
    const { server, caller } = fork(0);
    server.groups = [];
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['480']);
  });
});

describe('flows of one instance (RFC 5626)', () => {
  const flows = (...peers: Peer[]) => {
    const [first, ...others] = peers.map((peer) => target(peer.contact, { instance: 'urn:uuid:1' }));
    return [[{ ...first!, otherFlows: others }]];
  };

  it('tries an older flow where the newest is broken', () => {
    const { server, caller, peers } = fork(3);
    server.groups = flows(...peers);
    server.network.unreachable.add(peers[0].address);
    caller.request('INVITE');
    server.advance(100);
    peers[1].answer('INVITE', 430);
    peers[2].answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
  });

  it('tries an older flow where nothing is heard on the newest', () => {
    const { server, caller, peers } = fork(2, { timers: { frTimeout: 5000 } });
    server.groups = flows(...peers);
    caller.request('INVITE');
    server.advance(5100);
    expect(peers[1].kinds[0]).toBe('INVITE');
    peers[1].answer('INVITE', 486);
    expect(caller.kinds.at(-1)).toBe('486');
  });

  it('asks nobody twice: an answer counts, and so does a caller that gave up', () => {
    const { server, caller, peers } = fork(2);
    server.groups = flows(...peers);
    caller.request('INVITE');
    peers[0].answer('INVITE', 486);
    const second = caller.request('INVITE', { callId: 'call2' });
    peers[0].answer('INVITE', 180);
    caller.cancel(second);
    peers[0].answer('INVITE', 430);
    expect(peers[1].kinds).toEqual([]);
    expect(caller.kinds).toEqual(['486', '180', '200', '487']);
  });

  it('rings nobody for a caller who was refused already', () => {
    const server = new ProxyUnderTest();
    const caller = server.peer('192.0.2.7');
    const callee = server.peer('198.51.100.1');
    server.forkTo(callee);
    server.onRequest = (_, transaction) => void transaction.reply({ status: 480 });
    caller.request('INVITE');
    expect([caller.kinds, callee.kinds]).toEqual([['480'], []]);
    expect(server.outcomes[0]).toMatchObject({ status: 487 });
  });
});
