import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { read, values } from './testing/messages.ts';
import type { Peer } from './testing/peer.ts';
import { ProxyUnderTest, target } from './testing/proxy-under-test.ts';

/** A caller, and callees at 198.51.100.1, .2 … */
function fork(callees: number) {
  const server = new ProxyUnderTest();
  const caller = server.peer('192.0.2.7');
  const peers = Array.from({ length: callees }, (_, i) => server.peer(`198.51.100.${i + 1}`));
  server.forkTo(...peers);
  return { server, caller, peers: peers as [Peer, Peer, Peer] };
}

const oneByOne = (...peers: Peer[]) => peers.map((peer) => [target(peer.contact)]);

describe('199 Early Dialog Terminated (RFC 6228)', () => {
  const supported = { headers: ['Supported: 100rel, 199'] };

  it('tells of early dialogs that are over while others go on', () => {
    const { caller, peers } = fork(2);
    caller.request('INVITE', supported);
    peers[0].answer('INVITE', 183, { toTag: 'one' });
    peers[0].answer('INVITE', 486, { toTag: 'one' });
    const told = read(caller.last('199'));
    expect(told.to?.tag).toBe('one');
    expect(told.get(H.Reason)).toBe('SIP;cause=486');
    expect(values(caller.last('199'), H.Via)).toHaveLength(1);
  });

  it('tells of them before the next group', () => {
    const { server, caller, peers } = fork(2);
    server.groups = oneByOne(...peers);
    caller.request('INVITE', supported);
    peers[0].answer('INVITE', 180, { toTag: 'one' });
    peers[0].answer('INVITE', 486, { toTag: 'one' });
    expect(caller.kinds).toEqual(['180', '199']);
  });

  it('is not repeated where a proxy further on has told so', () => {
    const { caller, peers } = fork(2);
    caller.request('INVITE', supported);
    peers[0].answer('INVITE', 180, { toTag: 'one' });
    peers[0].answer('INVITE', 199, { toTag: 'one' });
    peers[0].answer('INVITE', 486, { toTag: 'one' });
    expect(caller.kinds).toEqual(['180', '199']);
  });

  it.each([
    ['no early dialog', supported, []],
    ['a caller that does not know it', {}, ['183']],
    [
      'a caller that wants provisional answers reliable',
      { headers: [...supported.headers, 'Require: 100rel'] },
      ['183'],
    ],
  ])('is not sent for %s', (_what, options, kinds) => {
    const { caller, peers } = fork(2);
    caller.request('INVITE', options);
    if (kinds.length > 0) peers[0].answer('INVITE', 183, { toTag: 'one' });
    peers[0].answer('INVITE', 486, { toTag: 'one' });
    expect(caller.kinds).toEqual(kinds);
  });

  it('is not sent where the final answer goes at once', () => {
    const { caller, peers } = fork(1);
    caller.request('INVITE', supported);
    peers[0].answer('INVITE', 183, { toTag: 'one' });
    peers[0].answer('INVITE', 486, { toTag: 'one' });
    expect(caller.kinds).toEqual(['183', '486']);
  });
});
