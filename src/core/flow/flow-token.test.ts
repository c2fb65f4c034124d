import { describe, expect, it } from 'vitest';
import { Advertise } from '../../advertise/advertise.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Flow } from '../../net/flow.ts';
import { listener, PeerNetwork } from '../proxy/testing/peer-network.ts';
import { type FlowEnvironment, findFlow, flowToken } from './flow-token.ts';

const UDP = listener('udp:10.0.0.34:5060');
const TCP = listener('tcp:10.0.0.34:5060');
const UDP6 = listener('udp:[2001:db8::34]:5060');
const LISTENERS = [UDP, TCP, UDP6];

function environment(loopSalt = 'run-1', keyByte = 7): FlowEnvironment & { network: PeerNetwork } {
  const network = new PeerNetwork(LISTENERS);
  const key = Buffer.alloc(32, keyByte);
  return {
    network,
    loopSalt,
    advertise: new Advertise({ settings: {}, listeners: LISTENERS, key, clock: new FakeClock() }),
  };
}

function flowIn(env: { network: PeerNetwork }, from: typeof UDP, address: string): Flow {
  return env.network.flowTo(from, { transport: from.transport, address, port: 40_001 })!;
}

describe('a flow token', () => {
  it.each([
    [UDP, '198.51.100.7'],
    [TCP, '198.51.100.7'],
    [UDP6, '2001:db8::7'],
  ])('leads back to the flow of %s', (from, address) => {
    const env = environment();
    const flow = flowIn(env, from, address);
    const token = flowToken(flow, env);
    expect(token).toMatch(/^[\w-]+$/);
    expect(findFlow(token, env)).toEqual({ flow, address, port: 40_001 });
  });

  it('of a datagram flow outlives the run, that of a connection does not', () => {
    const before = environment();
    const tokens = [UDP, TCP].map((from) => flowToken(flowIn(before, from, '198.51.100.7'), before));
    const after = environment('run-2');
    // Another connection has the same number now.
    flowIn(after, TCP, '203.0.113.9');
    expect(tokens.map((token) => findFlow(token, after)?.flow?.transport)).toEqual(['udp', undefined]);
    expect(findFlow(tokens[1]!, after)).toMatchObject({ address: '198.51.100.7', flow: undefined });
  });

  it('is gone with its connection, and with its listener', () => {
    const env = environment();
    const tcp = flowToken(flowIn(env, TCP, '198.51.100.7'), env);
    const udp = flowToken(flowIn(env, UDP, '198.51.100.7'), env);
    env.network.hangUp('198.51.100.7', 40_001);
    env.advertise.update({ listeners: [TCP] });
    expect([tcp, udp].map((token) => findFlow(token, env)?.flow)).toEqual([undefined, undefined]);
  });

  it('is nobody else’s to make', () => {
    const env = environment();
    const token = flowToken(flowIn(env, UDP, '198.51.100.7'), env);
    const other = environment('run-1', 8);
    for (const forged of [
      '',
      'alice',
      token.slice(1),
      `${token}A`,
      flowToken(flowIn(other, UDP, '198.51.100.7'), other),
    ]) {
      expect(findFlow(forged, env)).toBeUndefined();
    }
    expect(findFlow(env.advertise.tags.seal('sip:alice@10.0.0.7'), env)).toBeUndefined();
  });
});
