import { describe, expect, it } from 'vitest';
import { type TestHost, TestNetwork } from './test-network.ts';

/** What a host got on port 5060: source and text. */
function listen(host: TestHost): string[] {
  const heard: string[] = [];
  host.bind(5060, (bytes, { address, port }) => void heard.push(`${address}:${port} ${bytes}`));
  return heard;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a test network', () => {
  const network = new TestNetwork();
  const server = network.host('server', {
    address: '10.0.0.34',
    publicAddress: '99.88.44.33',
    network: 'cloud',
  });
  const neighbour = network.host('neighbour', { address: '10.0.0.50', network: 'cloud' });
  const phone = network.host('phone', { address: '203.0.113.1' });
  const heard = { server: listen(server), neighbour: listen(neighbour), phone: listen(phone) };
  const say = async (
    from: TestHost,
    port: number,
    address: string,
    text: string,
  ): Promise<string | undefined> => {
    const send = from.bind(port, () => {});
    send(Buffer.from(text), { address, port: 5060 });
    await settled();
    from.close(port);
    return network.record.at(-1)?.lost;
  };

  it('turns addresses round at a 1:1 NAT, and keeps ports', async () => {
    expect(await say(phone, 6000, '99.88.44.33', 'in')).toBeUndefined();
    expect(await say(server, 6000, '203.0.113.1', 'out')).toBeUndefined();
    expect(await say(neighbour, 6000, '10.0.0.34', 'beside')).toBeUndefined();
    expect(heard.server).toEqual(['203.0.113.1:6000 in', '10.0.0.50:6000 beside']);
    expect(heard.phone).toEqual(['99.88.44.33:6000 out']);
    expect(network.between('phone', 'server')).toEqual(['in']);
  });

  it('loses what a cloud loses, and says why', async () => {
    expect(await say(phone, 6001, '10.0.0.34', 'private')).toBe('no route');
    expect(await say(neighbour, 6001, '99.88.44.33', 'hairpin')).toBe('no hairpin');
    expect(await say(neighbour, 6001, '203.0.113.1', 'no way out')).toBe('no route');
    expect(await say(server, 6001, '99.88.44.33', 'to itself')).toBe('no hairpin');
    network.drop = (text) => text === 'unlucky';
    expect(await say(phone, 6001, '99.88.44.33', 'unlucky')).toBe('dropped');
    expect(network.lost).toHaveLength(5);
    expect(heard.neighbour).toEqual([]);
  });

  it('delivers nothing to a port that nobody has, and gives no port twice', async () => {
    const send = phone.bind(7000, () => {});
    send(Buffer.from('x'), { address: '99.88.44.33', port: 9 });
    await settled();
    expect(network.record.at(-1)?.lost).toBe('port closed');
    expect(() => phone.bind(7000, () => {})).toThrow('is taken');
    phone.close(7000);
    expect(send(Buffer.from('x'), { address: '99.88.44.33', port: 5060 })).toBe(false);
  });
});
