import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { read } from './testing/messages.ts';
import type { Peer } from './testing/peer.ts';
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

describe('Max-Breadth (RFC 5393)', () => {
  const breadths = (peers: readonly Peer[]) => peers.map((it) => read(it.last('INVITE')).get(H.MaxBreadth));
  const asking = (breadth: string) => ({ headers: [`Max-Breadth: ${breadth}`] });

  it('is written into every request, shared among the branches', () => {
    const { caller, peers } = fork(3);
    caller.request('INVITE');
    expect(breadths(peers)).toEqual(['20', '20', '20']);
    const single = fork(1);
    single.caller.request('INVITE', asking('7'));
    expect(breadths(single.peers)).toEqual(['7']);
    single.caller.request('INVITE', { callId: 'call2', ...asking('1000') });
    expect(breadths(single.peers)).toEqual(['60']);
  });

  it('tries a larger group piece by piece', () => {
    const { caller, peers } = fork(3);
    const [one, two, three] = peers;
    caller.request('INVITE', asking('2'));
    expect(breadths([one, two])).toEqual(['1', '1']);
    expect(three.kinds).toEqual([]);
    one.answer('INVITE', 486);
    two.answer('INVITE', 486);
    expect(breadths([three])).toEqual(['2']);
  });

  it('refuses what may go nowhere', () => {
    const { caller, peers } = fork(1);
    caller.request('INVITE', asking('0'));
    expect(caller.kinds).toEqual(['440']);
    expect(peers[0].kinds).toEqual([]);
  });

  it('bounds the branches of one fork', () => {
    const { server, caller, peers } = fork(3, { settings: { maxBranches: 2 } });
    server.groups = oneByOne(...peers);
    caller.request('INVITE');
    peers[0].answer('INVITE', 486);
    peers[1].answer('INVITE', 486);
    expect(peers[2].kinds).toEqual([]);
    expect(caller.kinds).toEqual(['486']);
  });
});
